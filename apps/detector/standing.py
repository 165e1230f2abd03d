"""How the detector stands: the newest chain facts, its status in words, and when that is told. Judges no quote."""

from __future__ import annotations

import time

from apps.broker.feed import FeedStatus
from apps.contracts.enums import DataState, FeedState, MarketState, SmileQuality
from apps.contracts.events import Status
from apps.detector.anomaly_record import instant
from apps.detector.data_watch import DataWatch
from apps.detector.detection import PARITY_RATE_MOST
from apps.detector.episodes import OPEN_SAMPLES
from apps.detector.journal import Journal
from apps.detector.picture import Truth
from apps.detector.sessions import clock_says
from apps.detector.surroundings import Surroundings
from apps.market.calendar import SessionHours
from apps.market.chain import Chain
from apps.market.findings import ScanResult

STATUS_SECONDS = 10.0


class Standing:
    """What status and frames repeat of the last scan, or of the clock while no scan says it."""

    def __init__(self, around: Surroundings, watch: DataWatch, journal: Journal, session: SessionHours) -> None:
        self._around, self._watch, self._journal, self._session = around, watch, journal, session
        self._state = clock_says(session, around.clock.now())
        self._smile = SmileQuality.NONE
        self._expiry: str | None = None
        self._contracts = 0
        self._told: Status | None = None
        self._told_at = float("-inf")

    @property
    def status(self) -> Status:
        """What the detector knows about itself now."""
        feed = self._around.feed.status
        age = self._watch.age(self._around.clock.now())
        return Status(
            state=self._state,
            data=self._watch.state,
            feed=FeedState(feed.state),
            ibkr_connected=feed.connected,
            data_age_seconds=None if age is None else round(age, 3),
            expiry=feed.expiry or self._expiry,
            smile=self._smile if self._watch.state is DataState.LIVE else SmileQuality.NONE,
            strikes_subscribed=(self._contracts + 1) // 2 if feed.connected else 0,
            lines_used=feed.lines_used,
            lines_budget=feed.lines_budget,
            labels=self._around.labels[:8],
            message=self._message(feed),
        )

    def truth(self) -> Truth:
        """What every frame says besides the chain."""
        age, journal = self._watch.age(self._around.clock.now()), self._journal
        return Truth(self._watch.state, age, self._state, journal.last_seq, journal.storage)

    def scanned(self, chain: Chain, result: ScanResult) -> None:
        """A scan said how the chain stands."""
        self._state, self._smile = MarketState(result.state), SmileQuality(result.smile)
        self._expiry, self._contracts = chain.expiry.isoformat(), len(chain)

    def unseen(self, now: float) -> None:
        """No scan says the state now: it is the clock's, or a halt that was known."""
        state = clock_says(self._session, now)
        running = state not in {MarketState.PRE_OPEN, MarketState.CLOSED}
        halted = self._around.feed.status.halted or self._state is MarketState.HALTED
        self._state = MarketState.HALTED if running and halted else state

    def tell(self, *, force: bool) -> None:
        """Into the journal: a change at once when `force`, otherwise once a second; unchanged every STATUS_SECONDS."""
        status, wall = self.status, time.monotonic()
        changed = self._told is None or _without_age(status) != _without_age(self._told)
        if (changed and (force or wall - self._told_at >= 1)) or wall - self._told_at >= STATUS_SECONDS:
            self._told, self._told_at = status, wall
            self._journal.tell(status, instant(self._around.clock.now()))

    def _message(self, feed: FeedStatus) -> str | None:
        problem = self._journal.line.log.problem
        lost = sum(self._journal.lost.values())
        parts = [
            f"The spool cannot be written: {problem}." if problem else None,
            f"{lost} events were lost for want of space." if lost else None,
            _pace_note(self._around.clock.rate),
            feed.message,
        ]
        return " ".join(part for part in parts if part)[:400] or None


def _without_age(status: Status) -> Status:
    return status.model_copy(update={"data_age_seconds": None})


def _pace_note(rate: float) -> str | None:
    """What a fast simulated clock costs: the gateway samples by the wall, so samples lie apart in market time."""
    if rate <= PARITY_RATE_MOST:
        return None
    return (
        f"At {rate:g}x the gateway samples every {0.1 * rate:.0f} market seconds: "
        f"parity is off and anomalies must last {max(0.5, OPEN_SAMPLES * 0.1 * rate):g} s."
    )
