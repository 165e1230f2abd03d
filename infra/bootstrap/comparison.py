"""Comparison: what of a resource is not as it should be. Pure; judges only what is wanted, never what is more."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

ANY_CASE = frozenset({"location", "principalId", "roleDefinitionId", "scope", "tenantId"})
"""Properties that Azure answers in a spelling of its own."""


def differences(wanted: Any, found: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """The path of each wanted value that is not so, with the words for it. Lists of plain values have no order."""
    if isinstance(wanted, Mapping):
        for key, value in wanted.items():
            inner = found.get(key) if isinstance(found, Mapping) else None
            yield from differences(value, inner, f"{path}.{key}" if path else key)
    elif isinstance(wanted, list) and wanted and isinstance(wanted[0], Mapping):
        if not isinstance(found, list) or len(found) != len(wanted):
            yield path, f"{path} is not as it should be"
            return
        for index, value in enumerate(wanted):
            yield from differences(value, _partner(value, found, index), f"{path}[{index}]")
    elif _plain(path, wanted) != _plain(path, found):
        yield path, f"{path} is {_shown(found)} and must be {_shown(wanted)}"


def _partner(wanted: Mapping[str, Any], found: list[Any], index: int) -> Any:
    """The found object with the same id, which directories answer in any order; without ids, the one at its place."""
    same = [one for one in found if isinstance(one, Mapping) and "id" in wanted and one.get("id") == wanted["id"]]
    return same[0] if same else found[index]


def _plain(path: str, value: Any) -> Any:
    key = path.rpartition(".")[2]
    if isinstance(value, list):
        return sorted(map(str, value))
    if isinstance(value, str) and key in ANY_CASE:
        return value.replace(" ", "").casefold().rpartition("/")[2] if key == "roleDefinitionId" else _squeezed(value)
    return " ".join(value.split()) if isinstance(value, str) else value


def _squeezed(value: str) -> str:
    return value.replace(" ", "").casefold()


def _shown(value: Any) -> str:
    text = "absent" if value is None else repr(value) if isinstance(value, str) else str(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
