"""The backend's Prometheus metrics, named by the contracts, in a registry of their own. Counts; decides nothing."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

from apps.contracts.enums import DataState
from apps.contracts.names import Metric

FAST = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5)


def _base(counter: str) -> str:
    """prometheus_client appends _total itself."""
    return counter.removesuffix("_total")


class Metrics:
    """One set a running application."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        registry = self.registry
        self.requests = Counter(
            _base(Metric.HTTP_REQUESTS), "HTTP answers", ("method", "endpoint", "status"), registry=registry
        )
        self.request_seconds = Histogram(
            Metric.HTTP_DURATION, "HTTP answer time", ("method", "endpoint"), buckets=FAST, registry=registry
        )
        self.anomalies_current = Gauge(
            Metric.ANOMALIES_CURRENT, "Open anomalies of the newest stream", ("severity",), registry=registry
        )
        self.signals = Counter(_base(Metric.SIGNALS), "Signals received", registry=registry)
        self.storage_operations = Counter(
            _base(Metric.STORAGE_OPERATIONS), "Store operations", ("operation", "status"), registry=registry
        )
        self.storage_seconds = Histogram(
            Metric.STORAGE_DURATION, "Store operation time", ("operation",), buckets=FAST, registry=registry
        )
        self.broadcast_seconds = Histogram(
            Metric.SIGNALR_LATENCY, "From arrival to written out", ("event_name",), buckets=FAST, registry=registry
        )
        self.units = Counter(_base(Metric.SIGNALR_UNITS), "Messages sent, in units of 2 KB", registry=registry)
        self.connections = Gauge(Metric.SIGNALR_CONNECTIONS, "Live channels now", registry=registry)
        self.dropped = Counter(
            _base(Metric.SIGNALR_DROPPED), "What a live channel did not get", ("reason",), registry=registry
        )
        self.data_state = Gauge(Metric.DATA_STATE, "1 for the present state", ("state",), registry=registry)
        self.data_age = Gauge(Metric.DATA_AGE, "Age of the newest quote, market seconds", registry=registry)
        self.handler_errors = Counter(
            _base(Metric.HANDLER_ERRORS), "Faults of our own handlers", ("handler",), registry=registry
        )

    @contextmanager
    def storage(self, operation: str, *, expected: tuple[type[Exception], ...]) -> Iterator[None]:
        """Time and count one store operation; `expected` exceptions are counted by their name."""
        began = time.perf_counter()
        status = "ok"
        try:
            yield
        except expected as error:
            status = type(error).__name__
            raise
        except BaseException:
            status = "error"
            raise
        finally:
            self.storage_operations.labels(operation, status).inc()
            self.storage_seconds.labels(operation).observe(time.perf_counter() - began)

    def set_data(self, state: DataState | None, age: float | None) -> None:
        """What /health says, as gauges; unknown age is NaN, never zero."""
        for known in DataState:
            self.data_state.labels(known.value).set(float(known is state))
        self.data_age.set(float("nan") if age is None else age)

    def text(self) -> bytes:
        """Prometheus exposition format."""
        return generate_latest(self.registry)
