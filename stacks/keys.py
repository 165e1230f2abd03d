"""Keys: the dotted names of all settings and how an operator sets them. Pure; the model is the only source."""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache
from types import MappingProxyType
from typing import Any

from pydantic import SecretStr
from pydantic.fields import FieldInfo

from stacks.settings import StackSettings
from stacks.settings.base import Section

PROJECT = "spy-options"
"""Name of the Pulumi project: the namespace of every key in a stack file."""


@dataclass(frozen=True)
class Key:
    """One setting: its dotted name as Pulumi.yaml declares it, and its field in the model."""

    name: str
    field: FieldInfo

    @property
    def default(self) -> Any:
        """The model's default, as the field's own type."""
        return self.field.get_default(call_default_factory=True)

    @property
    def annotation(self) -> Any:
        """The field's Python type."""
        return self.field.annotation

    @property
    def is_secret(self) -> bool:
        """Whether the value must be encrypted in the stack file."""
        return self.annotation is SecretStr


def fields_of(section: type[Section]) -> dict[str, FieldInfo]:
    """Fields of a section that are configuration keys, by their name in the stack file."""
    return {str(of.alias): of for of in section.model_fields.values() if not of.exclude}


def subsection(field: FieldInfo) -> type[Section] | None:
    """The section that a field holds, or None where it holds a value."""
    held = field.annotation
    return held if isinstance(held, type) and issubclass(held, Section) else None


def _walk(section: type[Section], prefix: str) -> Iterator[Key]:
    for name, field in fields_of(section).items():
        inner = subsection(field)
        if inner is None:
            yield Key(prefix + name, field)
        else:
            yield from _walk(inner, f"{prefix}{name}.")


@cache
def all_keys() -> Mapping[str, Key]:
    """Every setting of a stack by its dotted name, in the order of the model."""
    return MappingProxyType({key.name: key for key in _walk(StackSettings, "")})


def nearest(name: str) -> str:
    """The known name that is most like this one: a setting, a section, or a setting by the last part of its name."""
    wanted = name.lower()
    sections = {key.rpartition(".")[0] for key in all_keys()} - {""}

    def likeness(known: str) -> tuple[float, int]:
        others = {known} if "." in wanted else {known, known.rpartition(".")[2]}
        ratio = max(difflib.SequenceMatcher(None, wanted, other.lower()).ratio() for other in others)
        return (ratio, -abs(len(known) - len(name)))

    return max([*all_keys(), *sorted(sections)], key=likeness)


def how_to_set(name: str) -> str:
    """The command that sets a key; of a list, its first value."""
    key = all_keys().get(name)
    if key is not None and key.is_secret:
        return f"pulumi config set --secret {name}"
    path = f'"{name}[0]"' if key is not None and isinstance(key.default, tuple) else name
    return f"pulumi config set --path {path} VALUE"
