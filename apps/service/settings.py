"""Settings from the environment, with errors a person can act on: key, value, bound. Never prints a secret."""

from __future__ import annotations

from typing import TypeVar

from pydantic import SecretStr, ValidationError
from pydantic_settings import BaseSettings, SettingsConfigDict

SHOWN_MAX = 80
"""Characters of a wrong value that are shown."""

LINE_MAX = 390
"""Characters of one fault's line."""


class SettingsError(ValueError):
    """One or more settings cannot be used; each line names the key, what it was and what it may be."""


class ServiceSettings(BaseSettings):
    """Fields are environment keys in lower case. An empty value counts as not set."""

    model_config = SettingsConfigDict(frozen=True, extra="ignore", env_ignore_empty=True, hide_input_in_errors=True)


S = TypeVar("S", bound=ServiceSettings)


def load_settings(kind: type[S]) -> S:
    """Read `kind` from the environment. Raises SettingsError with one line per wrong key."""
    try:
        return kind()
    except ValidationError as error:
        raise SettingsError(describe(kind, error)) from error


def describe(kind: type[ServiceSettings], error: ValidationError) -> str:
    """One line per fault: `KEY=value: what is allowed`. Values of secret keys are not shown."""
    lines = []
    for fault in error.errors(include_url=False, include_context=False):
        name = str(fault["loc"][0]) if fault["loc"] else ""
        message = fault["msg"].removeprefix("Value error, ").rstrip(".") + "."
        if fault["type"] == "value_error" and name.upper() in message:  # our own sentence has it all
            lines.append(_cut(message))
            continue
        shown = "" if _is_secret(kind, name) or fault["type"] == "missing" else f"={_printable(fault['input'])}"
        lines.append(_cut(f"{name.upper()}{shown}: {message[:1].lower()}{message[1:]} {_help(kind, name)}".rstrip()))
    return "\n".join(lines)


def _printable(value: object) -> str:
    """A value on one line of a terminal: control characters escaped, what is long cut."""
    text = "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in str(value))
    return text if len(text) <= SHOWN_MAX else f"{text[:SHOWN_MAX]}..."


def _cut(line: str) -> str:
    """A line whose middle gives way when a very long value stands in it: the key and the cure are at its ends."""
    half = LINE_MAX // 2 - 2
    return line if len(line) <= LINE_MAX else f"{line[:half]}...{line[-half:]}"


def _is_secret(kind: type[ServiceSettings], name: str) -> bool:
    field = kind.model_fields.get(name.lower())
    return field is not None and field.annotation is not None and "SecretStr" in str(field.annotation)


def _help(kind: type[ServiceSettings], name: str) -> str:
    field = kind.model_fields.get(name.lower())
    if field is None:
        return ""
    default = field.get_default()
    said = f"{field.description}." if field.description else ""
    if default in (None, "", ()) or isinstance(default, SecretStr) or field.is_required():
        return said
    return f"{said} Default {default}.".strip()
