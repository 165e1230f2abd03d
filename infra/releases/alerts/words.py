"""Words: an alert with its place in the runbook. Pure."""

from __future__ import annotations

from infra.releases.operator import Alert, Level

RUNBOOK = "docs/monitoring.md"
"""Page with one section an alert, called like it."""


def alert(name: str, level: Level, lasting: str, expression: str, *, summary: str, description: str) -> Alert:
    """An alert; `summary` is one line of what is the matter, `description` what it means and with which figure."""
    return Alert(name, expression, lasting, level, summary, description, f"{RUNBOOK}#{name.lower()}")
