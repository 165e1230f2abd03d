"""Reference: docs/configuration.md, every setting with its type, default and meaning, generated from the model."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network
from typing import Any, get_args, get_origin

from pydantic import SecretStr

from stacks.keys import Key, all_keys, fields_of, subsection
from stacks.need_rules import RULES
from stacks.settings import StackSettings
from stacks.settings.base import Section

_HEAD = """\
# Configuration

Every setting of a stack, generated from `stacks/settings` by `python -m stacks.schema --write`. Defaults stand in
`Pulumi.yaml`; what a stack changes stands in `Pulumi.STACK.yaml`.

A dotted name is a path: `pulumi config set --path vpn.sku Basic` writes `spy-options:vpn: {sku: Basic}`. Without
`--path` the engine would keep another key with a dot in its name, which nothing reads: it is refused. So is every key
that is not on this page.

Secrets are keys of their own: `pulumi config set --secret vpnPsk`. One secret inside an object would hide the whole
object.

*Needed by* names the layer that cannot go up without the setting while its default is empty; `pulumi up` and
`pulumi preview` then end with a sentence that says so, and `spy plan` shows a placeholder instead.
"""

_NAMES = {
    str: "text",
    int: "whole number",
    float: "number",
    bool: "true or false",
    date: "date",
    IPv4Network: "range",
    SecretStr: "secret",
}


def page() -> str:
    """The page as Markdown."""
    parts = [_HEAD, "## Top level\n", _text(StackSettings), _table(StackSettings, "")]
    for name, field in fields_of(StackSettings).items():
        if (section := subsection(field)) is not None:
            parts += [f"## {name}\n", _text(section), _table(section, f"{name}.")]
    return "\n".join(parts)


def _text(section: type[Section]) -> str:
    return " ".join((section.__doc__ or "").split()) + "\n"


def _table(section: type[Section], prefix: str) -> str:
    keys = [all_keys()[prefix + name] for name, field in fields_of(section).items() if subsection(field) is None]
    rows = ["| key | type | default | meaning | needed by |", "|---|---|---|---|---|", *map(_row, keys)]
    return "\n".join(rows) + "\n"


def _row(key: Key) -> str:
    cells = (
        f"`{key.name}`",
        _type(key.annotation) + _bounds(key),
        _default(key),
        str(key.field.description),
        _layer(key.name),
    )
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


def _type(annotation: Any) -> str:
    if get_origin(annotation) is tuple:
        return f"list of {_type(get_args(annotation)[0])}"
    if isinstance(annotation, type) and issubclass(annotation, StrEnum):
        return ", ".join(f"`{choice.value}`" for choice in annotation)
    return _NAMES[annotation]


def _bounds(key: Key) -> str:
    """Limits of a number, as the model has them."""
    words = {"ge": "at least", "gt": "more than", "le": "at most", "lt": "less than"}
    limits = ((words[name], getattr(of, name, None)) for of in key.field.metadata for name in words)
    return "".join(f", {word} {limit}" for word, limit in limits if limit is not None)


def _default(key: Key) -> str:
    default = key.default
    if key.is_secret or default in ("", ()):
        return "empty"
    values = default if isinstance(default, tuple) else (default,)
    return ", ".join(f"`{str(value).lower() if isinstance(value, bool) else value}`" for value in values)


def _layer(name: str) -> str:
    return "; ".join(f"{rule.layer} {rule.condition}".strip() for rule in RULES if rule.key == name)
