"""The journal: gives each durable event its seq and writes it to the spool. Counts and reports what cannot be kept."""

from __future__ import annotations

import logging
from collections.abc import Callable
from datetime import datetime

from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import GapReason, StorageState
from apps.contracts.events import (
    AnomalyEvent,
    Flow,
    FlowEvent,
    Gamma,
    GammaEvent,
    Gap,
    GapEvent,
    Market,
    MarketEvent,
    Signal,
    SignalEvent,
    Smile,
    SmileEvent,
    Status,
    StatusEvent,
)
from apps.detector.anomaly_record import stamped
from apps.detector.spool import Line
from apps.detector.spool_log import SpoolFull
from apps.service.clock import wall_ms
from apps.service.spool_record import Record

log = logging.getLogger(__name__)

Body = Anomaly | Signal | Status | Gap | Market | Flow | Gamma | Smile

_EVENTS = {
    Anomaly: AnomalyEvent,
    Signal: SignalEvent,
    Status: StatusEvent,
    Gap: GapEvent,
    Market: MarketEvent,
    Flow: FlowEvent,
    Gamma: GammaEvent,
    Smile: SmileEvent,
}
_ESSENTIAL = (Anomaly, Signal, Gap)
"""Kept until the very last; samples give way when half of the memory bound is used."""

_SAMPLES_SHARE = 0.5


class Journal:
    """Writes to one line. `on_append(seq)` is told of every event kept."""

    def __init__(self, line: Line, on_append: Callable[[int], None]) -> None:
        self.line = line
        self._on_append = on_append
        self.lost: dict[str, int] = {}
        """Events that could not be kept, by type, since the start."""
        self._lost_since: datetime | None = None

    @property
    def storage(self) -> StorageState:
        """Whether what is told is kept."""
        if self._lost_since is not None:
            return StorageState.LOSING
        return StorageState.OK if self.line.log.writable else StorageState.WAITING

    @property
    def last_seq(self) -> int:
        """The seq of the last event kept."""
        return self.line.log.last_seq

    def tell(self, body: Body, market_time: datetime) -> bool:
        """Keep `body`; False when disk and memory are full, which is counted and reported as a gap afterwards."""
        if self._lost_since is not None and self.line.log.memory_share < _SAMPLES_SHARE:
            gap = Gap(started_at=self._lost_since, ended_at=market_time, reason=GapReason.STORAGE)
            if self._keep(gap, market_time):
                self._lost_since = None
        scarce = self.line.log.memory_share > _SAMPLES_SHARE and not isinstance(body, _ESSENTIAL)
        if not scarce and self._keep(body, market_time):
            return True
        kind = type(body).__name__.lower()
        self.lost[kind] = self.lost.get(kind, 0) + 1
        if self._lost_since is None:
            self._lost_since = market_time
            log.error("disk and memory of the spool are full: events are lost and counted until there is room")
        return False

    def _keep(self, body: Body, market_time: datetime) -> bool:
        seq, now = self.last_seq + 1, round(wall_ms(), 3)
        event = _EVENTS[type(body)](seq=seq, market_time=market_time, t_publish=now, body=stamped(body, now))
        try:
            self.line.log.append(Record(seq, event.model_dump_json().encode()))
        except SpoolFull:
            return False
        self._on_append(seq)
        return True
