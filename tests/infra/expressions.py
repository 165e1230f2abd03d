"""Expressions for tests: PromQL parsed by a real parser, and the selectors in it. Judges nothing itself."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import promql_parser

PARTS = ("lhs", "rhs", "expr", "args", "param", "vector_selector")
"""Where the parser keeps what is inside a part of an expression."""


@dataclass(frozen=True)
class Selected:
    """One selector of an expression: its metric, and its matchers as (label, operator, value)."""

    metric: str
    matchers: frozenset[tuple[str, str, str]]


def selectors(expression: str) -> list[Selected]:
    """Every selector of an expression. Raises ValueError for one that is no PromQL."""
    return [_selected(part) for part in _within(promql_parser.parse(expression)) if _is_selector(part)]


def grouping_labels(expression: str) -> set[str]:
    """Labels that the expression groups or joins by."""
    found: set[str] = set()
    for part in _within(promql_parser.parse(expression)):
        modifier = getattr(part, "modifier", None)
        for group in (modifier, getattr(modifier, "matching", None)):
            found |= set(getattr(group, "labels", None) or ())
    return found


def _is_selector(part: Any) -> bool:
    return type(part).__name__ == "VectorSelector"


def _selected(part: Any) -> Selected:
    matchers = frozenset((one.name, str(one.op), one.value) for one in part.matchers.matchers)
    return Selected(str(part.name), matchers)


def _within(part: Any) -> Iterator[Any]:
    yield part
    for name in PARTS:
        inside = getattr(part, name, None)
        if inside is not None:
            for each in inside if isinstance(inside, list) else [inside]:
                yield from _within(each)
