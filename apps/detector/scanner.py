"""When to scan: once per packet of quotes, coalesced to a rate, and never later than the longest pause (D4)."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

from apps.service.clock import wall_ms

log = logging.getLogger(__name__)

ARRIVALS_KEPT = 1_000
"""Arrival times kept between two scans: enough for every figure, bounded for every load."""


class Scanner:
    """Calls `scan(arrivals)` on the loop: wall times, oldest first, of the packets it is the first to see.

    The first packet after a pause is scanned at once; under load one scan serves every packet of its interval. What
    the scan raises is counted by `on_error` and outlived.
    """

    def __init__(
        self,
        scan: Callable[[tuple[float, ...]], None],
        *,
        per_second: float,
        longest_pause: float,
        on_error: Callable[[str], None],
    ) -> None:
        self._scan = scan
        self._interval = 1 / per_second
        self._longest_pause = longest_pause
        self._on_error = on_error
        self._next_at = 0.0
        self._arrivals: list[float] = []
        self._handle: asyncio.Handle | None = None
        self.scans = 0
        self.packets = 0

    def packet(self, t_recv: float) -> None:
        """A packet changed the book."""
        self.packets += 1
        if len(self._arrivals) < ARRIVALS_KEPT:
            self._arrivals.append(t_recv)
        self._schedule()

    async def run(self, wanted: Callable[[], bool]) -> None:
        """Scan without a packet after the longest pause while `wanted()`; until cancelled."""
        loop = asyncio.get_running_loop()
        try:
            while True:
                last = self._next_at - self._interval
                await asyncio.sleep(max(0.01, last + self._longest_pause - loop.time()))
                if loop.time() - (self._next_at - self._interval) >= self._longest_pause and wanted():
                    self._schedule()
                elif not wanted():
                    await asyncio.sleep(self._interval)
        finally:
            if self._handle is not None:
                self._handle.cancel()
                self._handle = None

    def _schedule(self) -> None:
        if self._handle is not None:
            return
        loop = asyncio.get_running_loop()
        delay = self._next_at - loop.time()
        self._handle = loop.call_soon(self._run) if delay <= 0 else loop.call_later(delay, self._run)

    def _run(self) -> None:
        self._handle = None
        self._next_at = asyncio.get_running_loop().time() + self._interval
        arrivals, self._arrivals = self._arrivals, []
        self.scans += 1
        try:
            self._scan(tuple(arrivals) or (wall_ms(),))
        except Exception as error:
            log.exception("a scan failed")
            self._on_error(type(error).__name__)
