"""Needs: settings that committed files leave empty and an operation must have. Pure; reads settings only."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from pydantic.alias_generators import to_snake

from stacks.keys import all_keys, how_to_set
from stacks.need_rules import RULES, NeedRule
from stacks.pins import unresolved
from stacks.settings import Layer, StackSettings
from stacks.settings.platform import UNRESOLVED

SECRET = "<secret>"  # noqa: S105  (what a plan shows in a secret's place)


def is_placeholder(text: str) -> bool:
    """Whether a plan put this in the place of a setting."""
    return text.startswith("<setting:")


@dataclass(frozen=True)
class Need:
    """A setting that is empty and needed before up. `refuses`: up and preview end without it."""

    key: str
    why: str
    layer: Layer
    refuses: bool = True

    @property
    def is_secret(self) -> bool:
        return all_keys()[self.key].is_secret

    @property
    def is_digest(self) -> bool:
        """Whether a digest is what is needed: a plan shows it as unresolved, not as a placeholder."""
        return bool(all_keys()[self.key].default == UNRESOLVED)

    @property
    def sentence(self) -> str:
        """What is missing, who needs it and how it is set."""
        state = UNRESOLVED if self.is_digest else "empty"
        needs = f" and the layer {self.layer} needs it, " if self.refuses else ": "
        return f"{self.key} is {state}{needs}{self.why}: '{how_to_set(self.key)}'"


def value_of(settings: StackSettings, key: str) -> Any:
    """The value under a dotted key."""
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, to_snake(part))
    return value


def _absent(settings: StackSettings, key: str) -> bool:
    value = value_of(settings, key)
    return value == UNRESOLVED or not (value.get_secret_value() if isinstance(value, SecretStr) else value)


def _included(settings: StackSettings) -> Iterator[NeedRule]:
    for rule in RULES:
        if settings.includes(rule.layer) and rule.when(settings):
            yield rule


def needed(settings: StackSettings) -> list[Need]:
    """What the stack's layers need before up and is empty or unresolved, in the order of the layers."""
    return [
        Need(rule.key, rule.why, rule.layer, rule.refuses)
        for rule in _included(settings)
        if _absent(settings, rule.key)
    ]


def missing(settings: StackSettings) -> list[str]:
    """One sentence for each key that up and preview cannot do without; raise them together by stacks.refusal."""
    return [need.sentence for need in needed(settings) if need.refuses] + unresolved(settings)


def for_plan(settings: StackSettings) -> StackSettings:
    """The settings with a placeholder in each needed place: `<secret>`, or `<setting:KEY>`.

    A plan made from these shows every resource; they are never given to an engine. Digests stay `unresolved`.
    """
    for need in needed(settings):
        if need.is_digest:
            continue
        settings = _replaced(settings, need.key.split("."), _placeholder(settings, need))
    return settings


def _placeholder(settings: StackSettings, need: Need) -> Any:
    if need.is_secret:
        return SecretStr(SECRET)
    text = f"<setting:{need.key}>"
    return (text,) if isinstance(value_of(settings, need.key), tuple) else text


def _replaced(section: Any, path: list[str], value: Any) -> Any:
    """A copy with one value replaced. Not validated: a placeholder fits no pattern."""
    name = to_snake(path[0])
    inner = value if len(path) == 1 else _replaced(getattr(section, name), path[1:], value)
    return section.model_copy(update={name: inner})
