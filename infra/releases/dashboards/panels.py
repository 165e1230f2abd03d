"""Panels: a Grafana dashboard from a few typed parts, as the JSON that Grafana loads. Pure; always the same bytes."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Final

DATASOURCE: Final = {"type": "prometheus", "uid": "prometheus"}
"""The one that the monitoring's chart declares."""

COLUMNS: Final = 24
"""Grafana's grid."""

SCHEMA: Final = 41
"""Version of the dashboard's JSON; a newer Grafana migrates it as it loads."""


class Kind(StrEnum):
    """What draws a panel."""

    LINES = "timeseries"
    NUMBER = "stat"
    STATES = "state-timeline"
    SHARES = "piechart"


@dataclass(frozen=True)
class Query:
    """One expression; `legend` may hold labels in double braces."""

    expression: str
    legend: str


@dataclass(frozen=True)
class Step:
    """From this value on, this colour; the first step has no value."""

    value: float | None
    color: str


@dataclass(frozen=True)
class Panel:
    """One panel. `unit` is Grafana's word for it: short, s, percentunit, bytes, currencyUSD, reqps …"""

    title: str
    queries: Sequence[Query]
    about: str
    kind: Kind = Kind.LINES
    unit: str = "short"
    width: int = 8
    height: int = 7
    steps: Sequence[Step] = ()
    words: dict[str, str] = field(default_factory=dict)
    """What a value is called, e.g. 0: down."""
    least: float | None = None
    decimals: int | None = None

    def json(self, number: int, x: int, y: int) -> dict[str, Any]:
        """As Grafana has it, at its place."""
        return {
            "id": number,
            "type": str(self.kind),
            "title": self.title,
            "description": self.about,
            "datasource": DATASOURCE,
            "gridPos": {"x": x, "y": y, "w": self.width, "h": self.height},
            "targets": [
                {
                    "refId": chr(ord("A") + index),
                    "datasource": DATASOURCE,
                    "editorMode": "code",
                    "expr": query.expression,
                    "legendFormat": query.legend,
                    "range": True,
                }
                for index, query in enumerate(self.queries)
            ],
            "fieldConfig": {"defaults": self._defaults(), "overrides": []},
            "options": _OPTIONS[self.kind],
        }

    def _defaults(self) -> dict[str, Any]:
        steps = self.steps or (Step(None, "green"),)
        said: dict[str, Any] = {
            "unit": self.unit,
            "color": {"mode": "thresholds" if self.steps else "palette-classic"},
            "thresholds": {
                "mode": "absolute",
                "steps": [{"value": step.value, "color": step.color} for step in steps],
            },
        }
        if self.words:
            options = {value: {"text": text, "index": index} for index, (value, text) in enumerate(self.words.items())}
            said["mappings"] = [{"type": "value", "options": options}]
        if self.least is not None:
            said["min"] = self.least
        if self.decimals is not None:
            said["decimals"] = self.decimals
        return said


_LAST = {"calcs": ["lastNotNull"], "fields": "", "values": False}
_OPTIONS: dict[Kind, dict[str, Any]] = {
    Kind.LINES: {
        "legend": {"displayMode": "list", "placement": "bottom", "showLegend": True},
        "tooltip": {"mode": "multi", "sort": "desc"},
    },
    Kind.NUMBER: {"reduceOptions": _LAST, "colorMode": "value", "graphMode": "area", "textMode": "auto"},
    Kind.STATES: {"showValue": "auto", "mergeValues": True, "legend": {"displayMode": "list", "placement": "bottom"}},
    Kind.SHARES: {"reduceOptions": _LAST, "legend": {"displayMode": "list", "placement": "right"}},
}


@dataclass(frozen=True)
class Dashboard:
    """One page. `refresh` and `span` are Grafana's words: 10s, 6h. Times are New York's, where the market is."""

    name: str
    title: str
    panels: Sequence[Panel]
    refresh: str
    span: str

    def uid(self, stack: str) -> str:
        """Its address in a Grafana that several stacks may share."""
        return f"spy-{self.name}-{stack}"

    def json(self, stack: str) -> str:
        """The text of the file that Grafana loads."""
        return json.dumps(
            {
                "uid": self.uid(stack),
                "title": f"SPY options, {stack}: {self.title}",
                "tags": ["spy-options", stack],
                "schemaVersion": SCHEMA,
                "timezone": "America/New_York",
                "editable": False,
                "refresh": self.refresh,
                "time": {"from": f"now-{self.span}", "to": "now"},
                "panels": list(self._placed()),
            },
            indent=1,
        )

    def _placed(self) -> list[dict[str, Any]]:
        """Panels from left to right; a new row begins where the next has no room, under the highest so far."""
        placed: list[dict[str, Any]] = []
        x = y = below = 0
        for number, panel in enumerate(self.panels, 1):
            if x + panel.width > COLUMNS:
                x, y = 0, below
            placed.append(panel.json(number, x, y))
            x, below = x + panel.width, max(below, y + panel.height)
        return placed
