"""Stacks for tests of settings and checks, as a stack file would give them; and the sentences a refusal holds."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pytest

from stacks.parse import settings_of
from stacks.refusal import SettingsRefused
from stacks.settings import StackSettings

ROOT = Path(__file__).parents[2]
STACKS = ("dev", "local", "prod")
GUID = "00000000-1111-2222-3333-444444444444"
UID = "c1a57e20-0000-4000-8000-000000000001"
DIGEST = "sha256:" + "ab" * 32


def stack(name: str = "prod", **values: Any) -> StackSettings:
    """A stack with these top-level keys, camelCase as in its file; everything else at its default."""
    return settings_of(name, values)


def changed(values: Mapping[str, Any], key: str, value: Any) -> dict[str, Any]:
    """Values with one dotted key changed."""
    first, _, rest = key.partition(".")
    inner = changed(values.get(first, {}), rest, value) if rest else value
    return {**values, first: inner}


def refusals(act: Callable[[], Any]) -> list[str]:
    """The sentences with which something is refused; fails when it is not."""
    with pytest.raises(SettingsRefused) as refused:
        act()
    return list(refused.value.problems)


def only(sentences: list[str]) -> str:
    """The one sentence there is."""
    assert len(sentences) == 1, sentences
    return sentences[0]
