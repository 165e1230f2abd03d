"""Words that several checks use. Pure."""

from __future__ import annotations

from stacks.needs import is_placeholder
from stacks.settings import StackSettings

__all__ = ["both", "given"]


def both(one: StackSettings, other: StackSettings) -> str:
    """The two stacks that a sentence is about."""
    return f"{one.stack} and {other.stack}"


def given(text: str) -> bool:
    """Whether a personal setting holds a value: neither empty nor what a plan puts for it."""
    return bool(text) and not is_placeholder(text)
