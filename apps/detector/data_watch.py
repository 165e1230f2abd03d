"""Whether quotes may be trusted now, and the gaps when they may not (D19). Pure: times are given, nothing is sent."""

from __future__ import annotations

from dataclasses import dataclass

from apps.contracts.enums import DataState, GapReason
from apps.contracts.events import Gap
from apps.detector.anomaly_record import instant

SILENT_SECONDS = 3.0
"""Market seconds without any option packet while the market is open."""

SILENT_WALL_SECONDS = 0.75
"""A fast simulated clock is sampled per wall second, so silence also needs this much real time."""

_REASONS = {DataState.STALE: GapReason.STALE, DataState.NO_GATEWAY: GapReason.NO_GATEWAY}


@dataclass(slots=True)
class DataWatch:
    """Follows packets and the link. Market times in seconds since 1970, wall times monotonic seconds."""

    state: DataState = DataState.NO_GATEWAY
    last_market: float | None = None
    """Market time of the newest option packet."""
    _last_wall: float = float("-inf")
    _gap: Gap | None = None
    _blind_since: tuple[float, GapReason] | None = None
    _first_look: float | None = None

    def packet(self, market_time: float, wall: float) -> None:
        """An option packet arrived."""
        self.last_market, self._last_wall = market_time, wall

    def blind_since(self, market_time: float, reason: GapReason) -> None:
        """An earlier holder last saw quotes then; the gap is told when ours begin."""
        self._blind_since = (market_time, reason)

    def age(self, now: float) -> float | None:
        """Market seconds since the newest packet; None before the first."""
        return None if self.last_market is None else max(0.0, now - self.last_market)

    def look(self, now: float, wall: float, *, rate: float, connected: bool, is_open: bool) -> list[Gap]:
        """Judge the data at market time `now`; the gap events this judgement makes, oldest first."""
        if not connected:
            self._last_wall = float("-inf")  # after a reconnect only a new packet makes the data live
        silent = wall - self._last_wall > max(SILENT_SECONDS / rate, SILENT_WALL_SECONDS)
        if not is_open:
            self.state = DataState.CLOSED
        elif not connected:
            self.state = DataState.NO_GATEWAY
        else:
            self.state = DataState.STALE if silent else DataState.LIVE
        return self._gaps(now)

    def _gaps(self, now: float) -> list[Gap]:
        reason = _REASONS.get(self.state)
        gaps: list[Gap] = []
        if reason is None:
            if self._gap is not None:
                end = self.last_market if self.state is DataState.LIVE and self.last_market else now
                gaps.append(self._gap.model_copy(update={"ended_at": max(instant(end), self._gap.started_at)}))
                self._gap = None
            elif self.state is DataState.LIVE and self._blind_since is not None:
                since, why = self._blind_since
                gaps.append(Gap(started_at=instant(since), ended_at=instant(max(since, now)), reason=why))
            self._blind_since = None
        elif self._gap is not None:
            if reason is GapReason.NO_GATEWAY and self._gap.reason is GapReason.STALE:  # the graver reason stays
                gaps.append(self._open(now, reason))
        elif self._may_open(now):
            gaps.append(self._open(now, reason))
        return gaps

    def _may_open(self, now: float) -> bool:
        """Before the first quote of all there is nothing to miss, unless the start itself takes too long."""
        if self._first_look is None:
            self._first_look = now
        return self.last_market is not None or self._blind_since is not None or now - self._first_look > SILENT_SECONDS

    def _open(self, now: float, reason: GapReason) -> Gap:
        if self._gap is not None:
            self._gap = self._gap.model_copy(update={"reason": reason})
        elif self._blind_since is not None:
            since, why = self._blind_since
            self._gap, self._blind_since = Gap(started_at=instant(since), reason=why), None
        else:
            since = self.last_market if self.last_market is not None else self._first_look or now
            self._gap = Gap(started_at=instant(min(since, now)), reason=reason)
        return self._gap
