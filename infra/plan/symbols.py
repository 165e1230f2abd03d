"""Symbols: outputs by their names instead of values, so that a plan shows where a value comes from. Pure."""

from __future__ import annotations

from typing import Any

from infra.plan.values import UNKNOWN


def symbolic(path: str, known: dict[str, Any], outputs: dict[str, Any]) -> dict[str, Any]:
    """Outputs with every computed text replaced by `<PATH.PROPERTY>`; what `known` holds stays as it is."""
    return {key: _told(f"{path}.{key}", known.get(key, UNKNOWN), value) for key, value in outputs.items()}


def _told(name: str, known: Any, value: Any) -> Any:
    if known == UNKNOWN:
        return _named(name, value)
    if isinstance(known, dict) and isinstance(value, dict):
        return symbolic(name, known, value)
    return known


def _named(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _named(f"{name}.{key}", each) for key, each in value.items()}
    if isinstance(value, list):
        return [_named(f"{name}.{index}", each) for index, each in enumerate(value)]
    return f"<{name}>" if isinstance(value, str) else value
