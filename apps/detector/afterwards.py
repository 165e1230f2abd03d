"""Scores episodes by what their own legs did after they opened. Pure; knows no truth file and no clock."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from typing import Any

from pydantic import TypeAdapter, ValidationError

from apps.contracts.anomalies import Anomaly, Markout, Score
from apps.contracts.enums import CloseReason, EpisodeStatus, Mover
from apps.detector.anomaly_record import instant, revised
from apps.detector.cells import number
from apps.market.chain import Chain
from apps.market.findings import Finding, ScanResult
from apps.market.scoring import (
    EXECUTABLE_SECONDS,
    MARKOUT_SECONDS,
    SCORE_SECONDS,
    MarkoutNow,
    Watch,
    markout,
    watch,
    watch_from,
    who_moved,
)
from apps.market.settings import ScanSettings

log = logging.getLogger(__name__)

ASOF_SECONDS = 3.0
"""Prices count as those of an instant when the scan they come from is at most this many market seconds off."""

_MARKOUTS = TypeAdapter(list[Markout])


@dataclass(slots=True)
class _Followed:
    anomaly: Anomaly
    watched: Watch
    markouts: list[Markout] = field(default_factory=list)
    moved: Mover | None = None


@dataclass(slots=True)
class Afterwards:
    """Episodes that wait for their score, by id."""

    settings: ScanSettings
    _followed: dict[str, _Followed] = field(default_factory=dict)
    _before: tuple[Chain, ScanResult] | None = None

    def told(self, anomaly: Anomaly, finding: Finding | None, chain: Chain, result: ScanResult) -> None:
        """An episode opened (with its finding), changed or closed."""
        known = self._followed.get(anomaly.id)
        if known is not None:
            known.anomaly = anomaly
            if anomaly.close_reason is CloseReason.REVERTED and known.moved is None:
                known.moved = Mover(who_moved(known.watched, chain, result))
        elif anomaly.status is EpisodeStatus.OPEN and finding is not None:
            watched = watch(finding, result, chain)
            if watched is not None:
                self._followed[anomaly.id] = _Followed(anomaly, watched)

    def closed(self, anomaly: Anomaly) -> None:
        """An episode ended without a scan: a gap or the end of the session."""
        if anomaly.id in self._followed:
            self._followed[anomaly.id].anomaly = anomaly

    def blind(self) -> None:
        """Quotes stopped: what was last seen says nothing about the instants that follow."""
        self._before = None

    def step(self, chain: Chain, result: ScanResult) -> list[Anomaly]:
        """Look again at what is due; the anomalies whose score is now complete, score attached."""
        scored = []
        for followed in list(self._followed.values()):
            self._look(followed, chain, result)
            if len(followed.markouts) == len(SCORE_SECONDS):
                moved = followed.moved or Mover(who_moved(followed.watched, chain, result))
                scored.append(self._finish(followed, moved, chain.market_time))
        self._before = (chain, result)
        return scored

    def finish(self, now: float) -> list[Anomaly]:
        """The session is over: score what is followed with what is known; the rest stays unknown."""
        return [self._finish(item, item.moved or Mover.NEITHER, now) for item in list(self._followed.values())]

    def saved(self) -> list[dict[str, Any]]:
        """For the checkpoint: plain JSON."""
        return [
            {
                "anomaly": item.anomaly.model_dump(mode="json"),
                "watch": item.watched.saved(),
                "markouts": _MARKOUTS.dump_python(item.markouts, mode="json"),
                "moved": item.moved,
            }
            for item in self._followed.values()
        ]

    def restore(self, saved: list[dict[str, Any]]) -> None:
        """Take up an earlier holder's; what cannot be read is left out and logged."""
        for item in saved:
            try:
                anomaly = Anomaly.model_validate(item["anomaly"])
                followed = _Followed(anomaly, watch_from(item["watch"]), _MARKOUTS.validate_python(item["markouts"]))
                followed.moved = None if item["moved"] is None else Mover(item["moved"])
            except (ValidationError, KeyError, TypeError, ValueError, AttributeError):
                log.exception("an episode to be scored cannot be read from the checkpoint")
                continue
            self._followed[anomaly.id] = followed

    def _look(self, followed: _Followed, chain: Chain, result: ScanResult) -> None:
        for after in SCORE_SECONDS[len(followed.markouts) :]:
            due = followed.watched.opened_at + after
            if chain.market_time < due - 1e-6:
                return
            followed.markouts.append(self._markout(followed.watched, after, due, chain, result))

    def _markout(self, watched: Watch, after: float, due: float, chain: Chain, result: ScanResult) -> Markout:
        """Prices as they were known at `due`: the scan before it, unless this one is exactly then."""
        if self._before is not None and self._before[0].market_time <= due < chain.market_time:
            chain, result = self._before
        if abs(chain.market_time - due) > ASOF_SECONDS:
            return Markout(after_seconds=after)
        return _contract(markout(watched, chain, result, after, self.settings))

    def _finish(self, followed: _Followed, moved: Mover, now: float) -> Anomaly:
        del self._followed[followed.anomaly.id]
        unknown = [Markout(after_seconds=after) for after in SCORE_SECONDS[len(followed.markouts) :]]
        score = Score(markouts=[*followed.markouts, *unknown], moved=moved)
        status = EpisodeStatus.CLOSED if followed.anomaly.status is EpisodeStatus.CLOSED else EpisodeStatus.UPDATE
        return revised(followed.anomaly, score=score, status=status, timestamp=instant(now))


def _contract(now: MarkoutNow) -> Markout:
    """Executable at 0.25, 0.5, 1 and 5 s; edge and hedged mid at 1, 5, 30 and 60 s."""
    marked = now.after_seconds in MARKOUT_SECONDS
    return Markout(
        after_seconds=now.after_seconds,
        executable=now.executable if now.after_seconds in EXECUTABLE_SECONDS else None,
        edge_net=_price(now.edge_net) if marked else None,
        hedged_mid=_price(now.hedged_mid) if marked else None,
    )


def _price(value: float | None) -> float | None:
    return None if value is None else number(value, 4, -1e6, 1e6)
