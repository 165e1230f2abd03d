"""SettingsRefused: what is wrong with the settings of a stack, every problem a sentence. Never repairs anything."""

from __future__ import annotations

from collections.abc import Iterable


class SettingsRefused(ValueError):
    """Settings that no plan, preview or up will be made of. `problems` holds a sentence each: the key and the cure."""

    def __init__(self, problems: Iterable[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("\n".join(self.problems))


def refuse(problems: Iterable[str]) -> None:
    """Raise SettingsRefused when there is any problem."""
    found = tuple(problems)
    if found:
        raise SettingsRefused(found)
