"""The detector's Prometheus metrics, names from the contracts. One registry an object, so that tests do not collide."""

from __future__ import annotations

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram

from apps.contracts.enums import DataState, Kind, OptionType, Severity
from apps.contracts.names import Metric

_SCAN_BUCKETS = (0.0005, 0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.5)
_LATENCY_BUCKETS = (0.001, 0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5)
_COUNT_BUCKETS = (0, 1, 2, 5, 10, 20, 50, 100)


class DetectorMetrics:
    """Every label value that can be known beforehand exists from the start, so that rates work from the first event."""

    def __init__(self, symbol: str) -> None:
        self.registry = registry = CollectorRegistry()

        def counter(name: str, about: str, *labels: str) -> Counter:
            return Counter(name.removesuffix("_total"), about, labels, registry=registry)

        def gauge(name: str, about: str, *labels: str) -> Gauge:
            return Gauge(name, about, labels, registry=registry)

        self.detected = counter(Metric.ANOMALIES_DETECTED, "Episodes opened.", "severity", "kind")
        self.current = gauge(Metric.ANOMALIES_CURRENT, "Open episodes.", "severity")
        self.per_scan = Histogram(
            Metric.ANOMALIES_PER_SCAN, "Findings in one scan.", buckets=_COUNT_BUCKETS, registry=registry
        )
        self.signals = counter(Metric.SIGNALS, "Signals made.")
        self.connected = gauge(Metric.IBKR_CONNECTED, "1 while the broker link is up.")
        self.reconnects = counter(Metric.IBKR_RECONNECTS, "Times the broker link had to be made again.")
        self.ticks = counter(Metric.IBKR_TICKS, "Quote changes received.", "symbol")
        self.broker_errors = counter(Metric.IBKR_ERRORS, "Broker messages by their code, notices included.", "code")
        self.dropped = counter(Metric.IBKR_DROPPED, "Broker messages not used: unreadable, or of no line.", "reason")
        self.spot = gauge(Metric.SPOT, "Underlying's midpoint, dollars.")
        self.forward = gauge(Metric.FORWARD, "Option-implied forward, dollars.")
        self.scanned = counter(Metric.OPTIONS_SCANNED, "Contracts scanned.", "option_type")
        self.scan_seconds = Histogram(
            Metric.SCAN_DURATION, "One scan, seconds.", buckets=_SCAN_BUCKETS, registry=registry
        )
        self.scan_errors = counter(Metric.SCAN_ERRORS, "Scans that failed.", "error_type")
        self.net_flow = gauge(Metric.NET_FLOW, "Signed premium since the open, dollars.")
        self.latency = Histogram(
            Metric.PIPELINE_LATENCY,
            "Packet to scan (detect), event to acknowledgement (publish), seconds.",
            ("stage",),
            buckets=_LATENCY_BUCKETS,
            registry=registry,
        )
        self.data_state = gauge(Metric.DATA_STATE, "1 for the present state of the data.", "state")
        self.data_age = gauge(Metric.DATA_AGE, "Market seconds since the newest option packet.")
        self.spool_pending = gauge(Metric.SPOOL_PENDING, "Durable events the backend has not acknowledged.")
        self.spool_errors = counter(Metric.SPOOL_ERRORS, "Spool faults.", "error_type")
        self.publish_failures = counter(Metric.PUBLISH_FAILURES, "Requests the backend did not take.", "reason")
        self.leader = gauge(Metric.LEADER, "1 while this process is the symbol's only writer.", "symbol")
        self.handler_errors = counter(Metric.HANDLER_ERRORS, "Handlers that raised.", "handler")
        self._create_labels(symbol)

    def set_data_state(self, state: DataState) -> None:
        """Exactly one state is 1."""
        for other in DataState:
            self.data_state.labels(other).set(other is state)

    def _create_labels(self, symbol: str) -> None:
        for severity in Severity:
            self.current.labels(severity)
            for kind in Kind:
                self.detected.labels(severity, kind)
        for option_type in OptionType:
            self.scanned.labels(option_type)
        for reason in ("malformed", "unrouted"):
            self.dropped.labels(reason)
        for stage in ("detect", "publish"):
            self.latency.labels(stage)
        self.ticks.labels(symbol)
        self.leader.labels(symbol)
        self.set_data_state(DataState.NO_GATEWAY)


class CounterFeed:
    """Feeds a counter from totals kept elsewhere, so that hot paths and data objects know nothing of metrics."""

    def __init__(self, counter: Counter) -> None:
        self._counter = counter
        self._last: dict[str, int] = {}

    def set(self, label: str, total: int) -> None:
        """Add what has come since; a total that fell began anew, as a new stream's totals do."""
        last = self._last.get(label, 0)
        self._counter.labels(label).inc(total - last if total >= last else total)
        self._last[label] = total
