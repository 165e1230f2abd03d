"""Tends the lines of one connected session: reacts to codes, recentres, rolls the expiry, revives a silent chain."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from math import inf
from typing import Any

from apps.broker.book import QuoteBook
from apps.broker.codes import Act, policy_for
from apps.broker.discovery import Discovery, DiscoveryError, Listed
from apps.broker.feed import FeedCounts
from apps.broker.lines import LineKey, Lines
from apps.broker.link import Link, LinkError
from apps.broker.settings import FeedSettings
from apps.broker.troubles import Troubles
from apps.broker.window import Window, choose_window, must_recentre
from apps.market.forward import parity_forward
from apps.service.clock import Clock

log = logging.getLogger(__name__)

TEND_SECONDS = 0.2
PROBE_SECONDS = 5.0
REVIVE_CAP_SECONDS = 300.0
ROLL_RETRY_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class FeedParts:
    """What a feed is made of; made once, used by every session."""

    settings: FeedSettings
    clock: Clock
    counts: FeedCounts
    book: QuoteBook
    link: Link
    lines: Lines
    discovery: Discovery
    troubles: Troubles


class Tending:
    """One session's care. `run` returns never: it raises LinkError when the session is over."""

    def __init__(self, parts: FeedParts, underlying: Any, on_change: Callable[[], None]) -> None:
        self._parts = parts
        self._underlying = underlying
        self._on_change = on_change
        self._most = parts.settings.lines_budget - 1
        self._window: Window | None = None
        self._revive_after = parts.settings.revive_seconds
        self._next_retry: dict[LineKey, float] = {}
        self._retry_wait: dict[LineKey, float] = {}
        self.listed: Listed | None = None
        self._heard = -inf
        self._roll_after = -inf
        self.last_alive = time.monotonic()
        """Wall time of the newest option tick, or of the last subscription."""

    @property
    def open(self) -> bool:
        """The subscribed contracts trade now."""
        listed = self.listed
        return listed is not None and listed.opens <= self._parts.clock.now() < listed.closes

    @property
    def silent_seconds(self) -> float:
        """Wall seconds without any option tick; 0 while the market is closed."""
        return time.monotonic() - self.last_alive if self.open else 0.0

    async def open_expiry(self) -> None:
        """Find the nearest expiry that still trades and subscribe its window; former contracts are cancelled."""
        parts = self._parts
        spot = self._centre()
        self.listed = await parts.discovery.nearest_expiry(self._underlying, parts.clock.now(), spot)
        log.info(
            "feed: %s %s, %d contracts listed",
            parts.settings.symbol,
            self.listed.expiry,
            len(self.listed.contracts),
            extra={"expiry": str(self.listed.expiry)},
        )
        self._subscribe(spot)

    async def run(self) -> None:
        """Tend until the link is lost. Raises LinkError."""
        troubles = self._parts.troubles
        while True:
            with suppress(TimeoutError):
                # Not wait_for: in Python 3.11 it can swallow a cancellation that arrives with the wake-up.
                async with asyncio.timeout(TEND_SECONDS):
                    await troubles.wake.wait()
            troubles.wake.clear()
            await self._tend()
            self._on_change()

    def raise_if_lost(self) -> None:
        """Raises LinkError when the socket is gone or the broker asked for a new one."""
        link, troubles = self._parts.link, self._parts.troubles
        if link.lost.is_set():
            raise LinkError(f"The gateway was lost: {link.lost_why}.")
        if troubles.reconnect_why is not None:
            raise LinkError(troubles.reconnect_why, troubles.reconnect_code)

    async def _tend(self) -> None:
        self.raise_if_lost()
        parts = self._parts
        self._listen()
        if not parts.troubles.paused:
            self._answer_codes()
            if self.listed is not None and parts.clock.now() >= self.listed.closes:
                await self._roll()
            elif not parts.troubles.frozen:
                self._recentre()
                await self._revive()
        parts.lines.mark_stale(all_lines=parts.troubles.frozen)

    async def _roll(self) -> None:
        """After the close: the next expiry. While the broker lists none the session stays, and is asked again later."""
        if time.monotonic() < self._roll_after:
            return
        self._roll_after = time.monotonic() + ROLL_RETRY_SECONDS
        try:
            await self.open_expiry()
        except DiscoveryError as error:
            log.warning("feed: %s Asking again in %.0f s; the market is closed.", error, ROLL_RETRY_SECONDS)
        else:
            self._roll_after = -inf

    def _listen(self) -> None:
        """Did any option tick since the last time?"""
        newest = self._parts.book.last_packet_time
        if newest not in (self._heard, -inf):
            self.last_alive = time.monotonic()
            self._revive_after = self._parts.settings.revive_seconds
        self._heard = newest

    def _answer_codes(self) -> None:
        """Do what the codes since the last time ask for."""
        parts, troubles = self._parts, self._parts.troubles
        now = time.monotonic()
        if troubles.resubscribe_all:
            troubles.resubscribe_all = troubles.recheck = False
            troubles.resubscribe.clear()
            parts.lines.resubscribe_all()
        if troubles.recheck:
            troubles.recheck = False
            troubles.resubscribe.update(parts.lines.unanswered)
        if troubles.verify_since is not None:
            self._verify(now, troubles.verify_since)
        if troubles.competing.since is not None:
            self._out_wait_competitor(now, troubles.competing.since)
        if troubles.absent:
            self._drop_absent()
        if troubles.shrink:
            self._shrink()
        for line in [line for line in troubles.resubscribe if self._next_retry.get(line, 0) <= now]:
            troubles.resubscribe.discard(line)
            wait = self._retry_wait[line] = min(60.0, 2 * self._retry_wait.get(line, 0.5))
            self._next_retry[line] = now + wait
            parts.lines.resubscribe((line,))

    def _verify(self, now: float, since: float) -> None:
        """After 1102: ticks flow, or every line is asked for anew."""
        if self.last_alive > since:
            self._parts.troubles.verify_since = None
        elif now - since > self._parts.settings.verify_seconds:
            self._parts.troubles.verify_since = None
            if self.open:
                log.warning("feed: no quotes after the servers came back; subscribing again")
                self._parts.lines.resubscribe_all()

    def _out_wait_competitor(self, now: float, since: float) -> None:
        """Another session holds the data: ask again slowly; ticks well after the code end it."""
        if self.last_alive > since + 1:
            log.info("feed: quotes flow again, the competing session is over")
            self._parts.troubles.competing.end()
        elif now >= self._next_retry.get(None, since + self._parts.settings.competing_retry_seconds):
            self._next_retry[None] = now + self._parts.settings.competing_retry_seconds
            self._parts.lines.resubscribe_all()

    def _drop_absent(self) -> None:
        absent, self._parts.troubles.absent = self._parts.troubles.absent, set()
        for key in absent:
            if key is not None and self.listed is not None:
                self.listed = self._parts.discovery.forget_absent(self.listed, key)
        self._subscribe(self._centre())

    def _shrink(self) -> None:
        """Refused for want of lines: as many as were granted is what there is, until the next session.

        They are given to the contracts nearest to spot: what is held farther out is cancelled first, then those nearer
        that were refused, or whose turn had not come, are asked for again. Never asks for more than was granted.
        """
        self._parts.troubles.shrink = False
        lines = self._parts.lines
        refused = [key for key in lines.options if self._for_want_of_lines(key)]
        if not refused:
            return
        granted = lines.granted_before(refused)
        if not granted:
            raise LinkError("The broker has no free market-data line for an option. Close lines in TWS.", 101)
        self._most = min(self._most, len(granted))
        log.warning("feed: the window shrinks to %d option lines", self._most)
        self._subscribe(self._centre())
        lines.resubscribe([key for key in lines.options if key not in granted])

    def _for_want_of_lines(self, key: LineKey) -> bool:
        code = self._parts.lines.refused.get(key)
        return code is not None and policy_for(code).act is Act.SHRINK

    def _recentre(self) -> None:
        spot = self._centre()
        if self._window is None or self.listed is None or not must_recentre(self._window, spot, self.listed.strikes):
            return
        log.info("feed: spot %.2f left the window's centre %.2f; recentring", spot, self._window.centre)
        self._parts.counts.recentrings += 1
        self._subscribe(spot)

    def _subscribe(self, spot: float) -> None:
        listed = self.listed
        if listed is None:
            return
        percent = self._parts.settings.strikes_range_percent
        self._window = choose_window(listed.contracts, spot, range_percent=percent, most=self._most)
        wanted = {key: listed.contracts[key] for key in self._window.keys}
        self._parts.lines.set_options(listed.expiry, listed.expiry_instant, wanted)
        self.last_alive = time.monotonic()

    def _centre(self) -> float:
        """Spot; while the underlying's line is degraded, the forward that the options imply; else the old centre."""
        book = self._parts.book
        if book.underlying_trusted or self._window is None:
            return book.spot
        chain = book.chain(self._parts.clock.now())
        if chain is not None:
            forward = parity_forward(chain.strike, chain.is_call, chain.bid, chain.ask)
            if forward.count:
                return float(forward.value)
        return self._window.centre

    async def _revive(self) -> None:
        """An open chain is silent though the socket stands: is the gateway alive? Then ask for the lines again."""
        if self.silent_seconds < self._revive_after or self._parts.book.any_halted:
            return
        self._revive_after = min(REVIVE_CAP_SECONDS, 2 * self._revive_after)
        try:
            async with asyncio.timeout(PROBE_SECONDS):
                await self._parts.link.ib.reqCurrentTimeAsync()
        except TimeoutError:
            raise LinkError("The gateway does not answer any more; connecting anew.", 504) from None
        log.warning("feed: no option quote for %.0f s; subscribing the lines again", self.silent_seconds)
        self._parts.lines.resubscribe((None, *self._parts.lines.options))
