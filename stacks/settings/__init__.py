"""Typed settings of a stack; the models, no files."""

from stacks.settings.stack import Layer, NameSettings, StackSettings

__all__ = ["Layer", "NameSettings", "StackSettings"]
