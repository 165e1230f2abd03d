"""Market time of the simulated day: an anchor, the wall, and a rate. Never decides what happens at a time."""

from __future__ import annotations

import asyncio
import time
from datetime import UTC, datetime
from typing import Protocol

from apps.contracts.api import ClockAnswer
from apps.simulator.changes import Version
from apps.simulator.world import Session

RATE_MIN, RATE_MAX = 1.0, 60.0


class TimeSource(Protocol):
    """The wall. Injectable, so that a test runs a day as fast as its machine can."""

    patient: bool
    """Waits for clients that read slowly: time that can be held."""

    def now(self) -> float:
        """Wall seconds since 1970."""
        ...

    async def sleep_until(self, instant: float) -> None:
        """Return at `instant` or later."""
        ...


class SystemTime:
    """The machine's wall clock, kept monotonic: stepping the machine's clock does not step the market."""

    patient = False

    def __init__(self) -> None:
        self._offset = time.time() - time.monotonic()

    def now(self) -> float:
        """Wall seconds since 1970."""
        return time.monotonic() + self._offset

    async def sleep_until(self, instant: float) -> None:
        """Wait on the event loop."""
        await asyncio.sleep(max(0.0, instant - self.now()))


class VirtualTime:
    """A wall that jumps to whatever is waited for: as fast as possible, and the same in every run."""

    patient = True

    def __init__(self, start: float = 1_700_000_000.0) -> None:
        self._now = start

    def now(self) -> float:
        """Virtual wall seconds since 1970."""
        return self._now

    async def sleep_until(self, instant: float) -> None:
        """Jump, after every other task had its turn."""
        await asyncio.sleep(0)
        self._now = max(self._now, instant)


class MarketClock:
    """market_time = anchor + wall elapsed x rate, from the scenario's start, never past the day's end."""

    def __init__(self, session: Session, source: TimeSource, rate: float = 1.0) -> None:
        self._session = session
        self._source = source
        self._end = max(session.close, session.option_cutoff)
        self._anchor_market = session.start
        self._anchor_wall = source.now()
        self._rate = checked_rate(rate)
        self.version = Version()

    @property
    def rate(self) -> float:
        """Market seconds per wall second."""
        return self._rate

    @property
    def end(self) -> float:
        """Where the clock stops, market seconds since 1970."""
        return self._end

    @property
    def source(self) -> TimeSource:
        """The wall this clock runs on."""
        return self._source

    def now(self) -> float:
        """Market seconds since 1970 (UTC)."""
        elapsed = self._source.now() - self._anchor_wall
        return min(self._end, self._anchor_market + elapsed * self._rate)

    def start(self) -> None:
        """Begin the day now; what passed since construction does not count."""
        self._anchor_wall = self._source.now()
        self.version.changed()

    def set_rate(self, rate: float) -> None:
        """Go on from the present market time at another rate. Raises ValueError outside 1 to 60."""
        checked = checked_rate(rate)
        self._anchor_market, self._anchor_wall = self.now(), self._source.now()
        self._rate = checked
        self.version.changed()

    def answer(self) -> ClockAnswer:
        """What the control port tells."""
        return ClockAnswer(
            rate=self._rate,
            market_time=datetime.fromtimestamp(self.now(), UTC),
            t_wall=self._source.now() * 1000,
            ends_at=datetime.fromtimestamp(self._end, UTC),
            session=self._session.day.isoformat(),
            version=self.version.number,
        )


def checked_rate(rate: float) -> float:
    """`rate` if the clock can run at it; ValueError otherwise."""
    if not RATE_MIN <= rate <= RATE_MAX:
        raise ValueError(f"the clock runs at {RATE_MIN:g} to {RATE_MAX:g} market seconds a second, not at {rate}")
    return float(rate)
