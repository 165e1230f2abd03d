"""The trading page: the market as the detector sees it, what it found, what was made of it. Pure."""

from __future__ import annotations

from apps.contracts.names import Metric
from infra.releases.dashboards.panels import Dashboard, Kind, Panel, Query, Step
from infra.releases.promql import Series

FLOW_STEPS = (Step(None, "red"), Step(-1_000_000, "red"), Step(-500_000, "yellow"), Step(0, "green"))
"""Of the sources' page (requirements Appendix F): red at a million of net selling, yellow at half of that."""


def dashboard(series: Series) -> Dashboard:
    """For the person at the desk; every five seconds."""
    return Dashboard("trading", "trading", [*_market(series), *_findings(series), *_bot(series)], "5s", "4h")


def _market(series: Series) -> list[Panel]:
    spot, forward = (series.of_leader(series.detector(name)) for name in (Metric.SPOT, Metric.FORWARD))
    flow = series.of_leader(series.detector(Metric.NET_FLOW))
    scanned = f"sum by (option_type) (rate({series.detector(Metric.OPTIONS_SCANNED)}[5m]))"
    return [
        Panel(
            "Underlying and forward",
            [Query(spot, "spot"), Query(forward, "forward")],
            "Midpoint of the underlying, and the forward that the options imply.",
            unit="currencyUSD",
            width=12,
            decimals=2,
        ),
        Panel(
            "Net flow",
            [Query(flow, "net flow")],
            "Signed premium since the open: bought at the ask less sold at the bid.",
            unit="currencyUSD",
            width=8,
            steps=FLOW_STEPS,
        ),
        Panel(
            "Contracts scanned",
            [Query(scanned, "{{option_type}}")],
            "A second, calls and puts.",
            unit="ops",
            width=4,
            least=0,
        ),
    ]


def _findings(series: Series) -> list[Panel]:
    opened = f"sum by (severity) (increase({series.detector(Metric.ANOMALIES_DETECTED)}[1h]))"
    kinds = f"sum by (kind) (increase({series.detector(Metric.ANOMALIES_DETECTED)}[1h]))"
    now = series.of_leader(series.detector(Metric.ANOMALIES_CURRENT))
    signals = f"sum (increase({series.detector(Metric.SIGNALS)}[1h]))"
    return [
        Panel("Open now", [Query(now, "{{severity}}")], "Episodes that are open, by severity.", width=6, least=0),
        Panel(
            "By severity, last hour",
            [Query(opened, "{{severity}}")],
            "Episodes opened within the hour.",
            Kind.SHARES,
            width=6,
        ),
        Panel("By kind, last hour", [Query(kinds, "{{kind}}")], "The same by kind.", Kind.SHARES, width=6),
        Panel(
            "Signals, last hour",
            [Query(signals, "signals")],
            "Made when an episode opens at, or rises to, MEDIUM or above.",
            Kind.NUMBER,
            width=6,
            decimals=0,
        ),
    ]


def _bot(series: Series) -> list[Panel]:
    decisions = f"sum by (rule) (increase({series.bot(Metric.BOT_DECISIONS)}[1h]))"
    received = f"sum (increase({series.bot(Metric.BOT_SIGNALS)}[1h]))"
    return [
        Panel(
            "Bot",
            [Query(series.bot(Metric.BOT_ARMED), "bot")],
            "Paused until a person arms it. No value: it is not running, which is its first lock.",
            Kind.NUMBER,
            width=6,
            words={"0": "paused", "1": "armed"},
            steps=(Step(None, "green"), Step(1, "orange")),
        ),
        Panel(
            "Signals received, last hour",
            [Query(received, "received")],
            "By the bot, old and refused ones included.",
            Kind.NUMBER,
            width=6,
            decimals=0,
        ),
        Panel(
            "Decisions, last hour",
            [Query(decisions, "{{rule}}")],
            "By the rule that decided.",
            Kind.SHARES,
            width=12,
        ),
    ]
