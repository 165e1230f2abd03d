"""Turns what happens in the detector into metrics. The only place that knows both; decides nothing."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from apps.broker.feed import FeedCounts
from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import DataState, EpisodeStatus, OptionType, Severity
from apps.contracts.events import Signal
from apps.detector.detection import Step
from apps.detector.metrics import CounterFeed, DetectorMetrics
from apps.detector.publisher_facts import PublisherFacts
from apps.detector.sampler import spot_of
from apps.market.chain import Chain


@dataclass(frozen=True, slots=True)
class Levels:
    """What is a level and not an event. `data_age` in market seconds; `severities` of the open episodes, one each."""

    data: DataState
    data_age: float | None
    spool_pending: int
    spool_write_errors: int
    lost: Mapping[str, int]
    net_flow: float
    severities: Sequence[Severity]
    publisher: PublisherFacts


class Measures:
    """Observes; every method is cheap and cannot fail for what it is given."""

    def __init__(self, metrics: DetectorMetrics, symbol: str) -> None:
        self.metrics = metrics
        self._symbol = symbol
        self._publish = CounterFeed(metrics.publish_failures)
        self._lost = CounterFeed(metrics.spool_errors)
        self._codes = CounterFeed(metrics.broker_errors)
        self._dropped = CounterFeed(metrics.dropped)
        self._handlers = CounterFeed(metrics.handler_errors)
        self._was_connected = False

    def leading(self, *, leading: bool) -> None:
        """This process became, or ceased to be, the only writer."""
        self.metrics.leader.labels(self._symbol).set(leading)

    def ticks(self, quote_changes: int) -> None:
        """Quote changes of one packet."""
        self.metrics.ticks.labels(self._symbol).inc(quote_changes)

    def link(self, *, connected: bool) -> None:
        """The broker link's state."""
        self.metrics.connected.set(connected)
        if self._was_connected and not connected:
            self.metrics.reconnects.inc()
        self._was_connected = connected

    def fed(self, counts: FeedCounts) -> None:
        """What the feed has counted: codes, what it could not use, handlers that raised."""
        for code, count in counts.codes.items():
            self._codes.set(str(code), count)
        self._dropped.set("malformed", counts.malformed)
        self._dropped.set("unrouted", counts.unrouted_ticks)
        for handler, count in counts.handler_errors.items():
            self._handlers.set(f"feed_{handler}", count)

    def scanned(self, chain: Chain, step: Step, arrivals: tuple[float, ...], seconds: float) -> None:
        """One scan, from the copy of the book to the events in the spool; every packet has its latency."""
        metrics = self.metrics
        calls = int(chain.is_call.sum())
        metrics.scanned.labels(OptionType.CALL).inc(calls)
        metrics.scanned.labels(OptionType.PUT).inc(len(chain) - calls)
        metrics.scan_seconds.observe(seconds)
        metrics.per_scan.observe(len(step.result.findings))
        detect = metrics.latency.labels("detect")
        for arrival in arrivals:
            detect.observe(max(0.0, step.t_detect - arrival) / 1000)
        spot = spot_of(chain)
        if spot is not None:
            metrics.spot.set(spot)
        metrics.forward.set(step.result.forward)

    def told(self, body: Anomaly | Signal) -> None:
        """An anomaly or a signal went into the journal."""
        if isinstance(body, Signal):
            self.metrics.signals.inc()
        elif body.status is EpisodeStatus.OPEN:
            self.metrics.detected.labels(body.severity, body.kind).inc()

    def looked(self, levels: Levels) -> None:
        """The regular look."""
        metrics = self.metrics
        metrics.set_data_state(levels.data)
        metrics.data_age.set(float("nan") if levels.data_age is None else levels.data_age)
        metrics.spool_pending.set(levels.spool_pending)
        metrics.net_flow.set(levels.net_flow)
        for severity in Severity:
            metrics.current.labels(severity).set(levels.severities.count(severity))
        facts = levels.publisher
        for reason, count in facts.failures.items():
            self._publish.set(reason, count)
        self._publish.set("parked", facts.parked)
        self._publish.set("hole", facts.holes_asked)
        while facts.publish_seconds:
            metrics.latency.labels("publish").observe(facts.publish_seconds.popleft())
        self._lost.set("write", levels.spool_write_errors)
        for kind, count in levels.lost.items():
            self._lost.set(f"lost_{kind}", count)

    def scan_failed(self, error_type: str) -> None:
        """A scan raised."""
        self.metrics.scan_errors.labels(error_type).inc()

    def spool_failed(self, error_type: str) -> None:
        """Something besides the log itself could not be written."""
        self.metrics.spool_errors.labels(error_type).inc()

    def failed(self, handler: str) -> None:
        """A helper task raised."""
        self.metrics.handler_errors.labels(handler).inc()
