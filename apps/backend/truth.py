"""What is known of the detector now: its last word, how old that is, and which anomalies are open. Never flatters."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Final

from apps.backend.metrics import Metrics
from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import DataState, EpisodeStatus, Severity, SmileQuality
from apps.contracts.events import AnomalyEvent, Event, Status, StatusEvent
from apps.contracts.frames import Frame

SILENCE_SECONDS: Final = 15.0
"""The detector says something at least every 10 s; after this long its last word is not live any more."""


@dataclass(frozen=True, slots=True)
class Freshness:
    """Broker link, data state and age (market seconds) as they are now; None is unknown."""

    ibkr_connected: bool | None
    data: DataState | None
    data_age_seconds: float | None


class Truth:
    """Fed by ingest with what belongs to the stream that reads answer by default."""

    def __init__(self, metrics: Metrics) -> None:
        self._metrics = metrics
        self._connected: bool | None = None
        self._data: DataState | None = None
        self._age: float | None = None
        self._heard_ms = 0.0
        self._rate = 1.0
        self._open: dict[str, Severity] = {}

    def start_from(self, status: Status | None, published_ms: float, anomalies: tuple[Anomaly, ...]) -> None:
        """What the store remembers, or nothing for a new stream."""
        self._connected = self._data = self._age = None
        if status is not None:
            self._hear_status(status, published_ms)
        self._open = {item.id: item.severity for item in anomalies if item.status is not EpisodeStatus.CLOSED}
        self._show()

    def hear_frame(self, frame: Frame) -> None:
        """A frame tells state and age."""
        self._data, self._age, self._rate = frame.data, frame.data_age, frame.rate
        self._heard_ms = time.time() * 1000

    def hear(self, event: Event) -> None:
        """A durable event."""
        if isinstance(event, StatusEvent):
            self._hear_status(event.body, time.time() * 1000)
        elif isinstance(event, AnomalyEvent):
            if event.body.status is EpisodeStatus.CLOSED:
                self._open.pop(event.body.id, None)
            else:
                self._open[event.body.id] = event.body.severity
            self._show()

    def now(self) -> Freshness:
        """The last word with the time since then added; LIVE becomes STALE when nothing is heard any more."""
        silence = max(0.0, time.time() - self._heard_ms / 1000)
        age = None if self._age is None else self._age + silence * self._rate
        fresh = Freshness(self._connected, honest(self._data, self._heard_ms), None if age is None else round(age, 3))
        self._metrics.set_data(fresh.data, fresh.data_age_seconds)
        return fresh

    def _hear_status(self, status: Status, heard_ms: float) -> None:
        self._connected, self._data, self._age = status.ibkr_connected, status.data, status.data_age_seconds
        self._heard_ms = heard_ms

    def _show(self) -> None:
        for severity in Severity:
            count = sum(1 for known in self._open.values() if known is severity)
            self._metrics.anomalies_current.labels(severity.value).set(count)


def as_of_now(said: Frame | Status, said_ms: float) -> dict[str, object]:
    """What must change in the last word before it is repeated: the data state, and the smile that live data made."""
    data = honest(said.data, said_ms)
    return {"data": data} if data is DataState.LIVE else {"data": data, "smile": SmileQuality.NONE}


def honest(data: DataState | None, said_ms: float) -> DataState | None:
    """The state, unless it claims to be live and was said too long ago."""
    if data is DataState.LIVE and time.time() - said_ms / 1000 > SILENCE_SECONDS:
        return DataState.STALE
    return data
