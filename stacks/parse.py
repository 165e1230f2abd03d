"""Parse: what a stack file or the engine's configuration holds, made StackSettings or refused. Reads no file."""

from __future__ import annotations

import reprlib
from collections.abc import Iterator, Mapping
from typing import Any

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from stacks.keys import PROJECT, Key, all_keys, fields_of, how_to_set, nearest, subsection
from stacks.needs import is_placeholder
from stacks.refusal import SettingsRefused, refuse
from stacks.settings import StackSettings
from stacks.settings.base import Section


def settings_of(stack: str, values: Mapping[str, Any]) -> StackSettings:
    """Settings of one stack from its top-level keys (without the project's prefix), absent ones at their default.

    Raises SettingsRefused with every unknown key, misplaced key and value that does not fit.
    """
    problems = [*_strangers(StackSettings, values, ""), *_placeholders(values)]
    known = _known(StackSettings, values)
    try:
        settings = StackSettings.model_validate({**known, "stack": stack})
    except ValidationError as error:
        raise SettingsRefused([*problems, *(_sentence(details) for details in error.errors())]) from None
    refuse(problems)
    return settings


def _strangers(section: type[Section], values: Mapping[str, Any], prefix: str) -> Iterator[str]:
    """One sentence for each key that no model knows, at any depth."""
    fields = fields_of(section)
    for name, value in values.items():
        field = fields.get(str(name))
        if field is None:
            yield _stranger(str(name), prefix)
            continue
        inner = subsection(field)
        if inner is not None and isinstance(value, Mapping):
            yield from _strangers(inner, value, f"{prefix}{name}.")


def _placeholders(values: Mapping[str, Any]) -> Iterator[str]:
    """One sentence for each value that only a recorded plan holds in place of the real one."""
    for name, value in values.items():
        if isinstance(value, Mapping):
            yield from (f"{name}.{problem}" for problem in _placeholders(value))
            continue
        held = value if isinstance(value, list) else [value]
        if any(isinstance(one, str) and is_placeholder(one) for one in held):
            yield f"{name} holds a plan's placeholder, {_SHORT.repr(value)}: give the value itself or leave the key out"


def _stranger(name: str, prefix: str) -> str:
    """What to do about a key that no model knows: it is misspelt, or a path was written as one key."""
    meant = nearest(f"{prefix}{name}")
    if "." not in name:
        return f"{prefix}{name} is no setting: did you mean {meant}?"
    return (
        f"{PROJECT}:{prefix}{name} is one flat key with a dot, which nothing reads: remove it "
        f"('pulumi config rm {prefix}{name}') and set the path, '{how_to_set(meant)}'"
    )


def _known(section: type[Section], values: Mapping[str, Any]) -> dict[str, Any]:
    """The values without strangers, so that one run tells every problem."""
    fields = fields_of(section)
    kept = {}
    for name, value in values.items():
        if (field := fields.get(str(name))) is not None:
            inner = subsection(field)
            kept[str(name)] = _known(inner, value) if inner is not None and isinstance(value, Mapping) else value
    return kept


def _sentence(details: ErrorDetails) -> str:
    """One sentence of our own for a value that does not fit its key."""
    name = ".".join(str(part) for part in details["loc"] if not isinstance(part, int))
    if name == "stack":
        return (
            f"stack {details['input']!r} is no stack name: use a small letter and at most nine small letters or digits"
        )
    key = all_keys().get(name)
    if key is None:
        example = next(known for known in all_keys() if known.startswith(f"{name}."))
        return f"{name} is {_SHORT.repr(details['input'])} and must be an object: '{how_to_set(example)}'"
    shown = "the given value" if key.is_secret else _SHORT.repr(details["input"])
    return f"{name} is {shown} and {_must(details, key)}: '{how_to_set(name)}'"


_SHORT = reprlib.Repr()
_SHORT.maxstring = _SHORT.maxother = 100

_BOUNDS = {
    "enum": ("must be", "expected"),
    "greater_than_equal": ("must be at least", "ge"),
    "greater_than": ("must be more than", "gt"),
    "less_than_equal": ("must be at most", "le"),
}


def _must(details: ErrorDetails, key: Key) -> str:
    """What the value must be instead, from the kind of error and the key's own description."""
    context = details.get("ctx", {})
    if details["type"] in _BOUNDS:
        words, bound = _BOUNDS[details["type"]]
        return f"{words} {context[bound]}"
    extra = key.field.json_schema_extra
    if isinstance(extra, Mapping) and "must" in extra:
        return str(extra["must"])
    if details["type"] == "string_pattern_mismatch":
        return f"does not fit ({key.field.description})"
    return f"does not fit, {details['msg'].lower()} ({key.field.description})"


def encrypted_object(name: str) -> str:
    """The sentence for a secret inside a setting that is none: it would make the whole object secret."""
    return f"{name} holds an encrypted value and is no secret setting: set it without --secret"
