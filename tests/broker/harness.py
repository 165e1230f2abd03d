"""A running feed for tests: what it told, and waiting for it by event instead of by sleep."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from datetime import date

from apps.broker.columns import OptionKey
from apps.broker.feed import FeedStatus, Packet
from apps.broker.ib_feed import IBFeed
from apps.broker.settings import FeedSettings
from apps.market.calendar import ExchangeCalendar
from apps.market.chain import Chain

DAY = date(2025, 5, 19)
CALENDAR = ExchangeCalendar.around(DAY)
TEN_O_CLOCK = 1747663200.0
"""10:00 in New York on DAY, market seconds since 1970."""

QUICK = {
    "connect_timeout": 0.8,
    "request_timeout": 2.0,
    "verify_seconds": 0.3,
    "silence_seconds": 30,
    "revive_seconds": 30,
    "competing_retry_seconds": 0.5,
    "backoff_first": 0.05,
    "backoff_cap": 0.2,
}
"""Time limits for tests: the same code, less patience."""


class MovableClock:
    """Market time that runs with the wall from `start` and can be set."""

    rate = 1.0

    def __init__(self, start: float = TEN_O_CLOCK) -> None:
        self.set(start)

    def set(self, market_time: float) -> None:
        self._offset = market_time - time.time()

    def now(self) -> float:
        return time.time() + self._offset


class RunningFeed:
    """A feed that runs as a task, with everything it told."""

    def __init__(self, feed: IBFeed, clock: MovableClock) -> None:
        self.feed = feed
        self.clock = clock
        self.packets: list[Packet] = []
        self.statuses: list[FeedStatus] = []
        self._told = asyncio.Event()

    def on_packet(self, packet: Packet) -> None:
        self.packets.append(packet)
        self._told.set()

    def on_status(self, status: FeedStatus) -> None:
        self.statuses.append(status)
        self._told.set()

    @property
    def chain(self) -> Chain:
        chain = self.feed.chain(self.clock.now())
        assert chain is not None
        return chain

    def row(self, strike: float, right: str) -> int:
        return self.feed.book.keys.index(OptionKey(strike, is_call=right == "C"))

    async def until(self, what: Callable[[], object], seconds: float = 8) -> None:
        """Wait until `what()` holds; looked at after each packet, each status, and each 50 ms for counters."""
        deadline = time.monotonic() + seconds
        while not what():
            if time.monotonic() > deadline:
                raise AssertionError(f"never came true; last {self.statuses[-1:]}, {self.feed.counts}")
            self._told.clear()
            with suppress(TimeoutError):
                async with asyncio.timeout(0.05):
                    await self._told.wait()

    async def until_quoted(self, seconds: float = 8) -> None:
        """Connected, and every option row has a bid."""
        await self.until(lambda: len(self.feed.book.keys) and self.feed.status.connected, seconds)
        await self.until(lambda: len(self.chain) and not (self.chain.bid != self.chain.bid).any(), seconds)


@asynccontextmanager
async def running(port: int, clock: MovableClock | None = None, **settings: object) -> AsyncIterator[RunningFeed]:
    """An IBFeed that runs against a loopback port until the block ends. Fast limits, five strikes unless told."""
    clock = clock or MovableClock()
    chosen = FeedSettings.model_validate({"port": port, "strikes_range_percent": 0.5, **QUICK, **settings})
    run = RunningFeed(IBFeed(chosen, clock, CALENDAR), clock)
    task = asyncio.create_task(run.feed.run(run.on_packet, run.on_status))
    try:
        yield run
        assert not task.done(), f"the feed gave up: {task}"
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
