"""Answers: what a request holds and what a service answers; errors in Azure's own form."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

Json = dict[str, Any]


@dataclass(frozen=True)
class Asked:
    """One request: method, path without host and query, the query, headers, and the body as JSON."""

    method: str
    path: str
    query: dict[str, str]
    headers: dict[str, str]
    body: Json
    token: Json
    """Claims of the bearer token; empty without one."""


@dataclass(frozen=True)
class Answer:
    """Status, body, headers."""

    status: int
    body: Any = None
    headers: dict[str, str] = field(default_factory=dict)


class Refusal(Exception):
    """An error of the service: status, its code, its words."""

    def __init__(self, status: int, code: str, message: str, **headers: str) -> None:
        super().__init__(code)
        self.answer = Answer(status, {"error": {"code": code, "message": message}}, dict(headers))
