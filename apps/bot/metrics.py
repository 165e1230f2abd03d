"""The bot's Prometheus metrics, names from the contracts. One registry an object, so that tests do not collide."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge

from apps.bot.refusal import RULES
from apps.contracts.names import Metric


class BotMetrics:
    """Every label value that can be known beforehand exists from the start, so that rates work from the first event."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self.armed = Gauge(Metric.BOT_ARMED, "1 while the bot may trade; 0: paused.", registry=registry)
        self.signals = Counter(
            Metric.BOT_SIGNALS.removesuffix("_total"), "Signals read from the detector's spool.", registry=registry
        )
        self.decisions = Counter(
            Metric.BOT_DECISIONS.removesuffix("_total"), "Decisions on signals.", ("rule",), registry=registry
        )
        self.connected = Gauge(
            Metric.IBKR_CONNECTED, "1 while the paper gateway answers its handshake.", registry=registry
        )
        self.spool_errors = Counter(
            Metric.SPOOL_ERRORS.removesuffix("_total"),
            "Faults of spool and journal.",
            ("error_type",),
            registry=registry,
        )
        for rule in RULES:
            self.decisions.labels(rule)
        for error_type in ("damaged", "unreadable", "journal"):
            self.spool_errors.labels(error_type)
