"""IBFeed: the market feed of one symbol from an IB gateway. It never places, changes or cancels an order."""

from __future__ import annotations

import asyncio
import logging
import time

from apps.broker.backoff import Backoff, Outage
from apps.broker.book import QuoteBook
from apps.broker.codes import Act, policy_for
from apps.broker.discovery import Discovery, DiscoveryError, Listed
from apps.broker.feed import FeedCounts, FeedStatus, PacketHandler, StatusHandler
from apps.broker.lines import Lines
from apps.broker.link import Link, LinkError
from apps.broker.reads import Cut
from apps.broker.settings import FeedSettings
from apps.broker.status import connected_status, unconnected_status
from apps.broker.tap import QuoteTap
from apps.broker.tending import FeedParts, Tending
from apps.broker.troubles import Troubles
from apps.contracts.enums import FeedState
from apps.market.calendar import ExchangeCalendar
from apps.market.chain import Chain
from apps.service.clock import Clock

log = logging.getLogger(__name__)

STEADY_SECONDS = 10.0
"""A session that lived so long counts as success: the next attempt starts quickly again."""

PRICE_POLL_SECONDS = 0.02
PRICE_RETRY_SECONDS = 30.0
QUOTE_GRACE_SECONDS = 1.5
"""How long a two-sided quote of the underlying is awaited while only its last or yesterday's close is known.

The close often comes first: a window around it is subscribed in vain, and a second one follows at once.
"""


def _ignore(_news: object) -> None:
    """Before `run` nobody listens."""


class IBFeed:
    """A `MarketFeed`. One connection with a fixed client id; subscriptions are ours and survive every reconnect.

    `run` never gives up: it connects, finds the nearest expiry, subscribes the window around spot and tends the
    lines until cancelled. What it counts is in `counts`; what it knows of itself in `status`.
    """

    def __init__(self, settings: FeedSettings, clock: Clock, calendar: ExchangeCalendar) -> None:
        self.settings = settings
        self.counts = FeedCounts()
        book = QuoteBook(
            settings.symbol,
            settings.trading_class,
            american=not settings.is_index,
            derived=settings.underlying_derived,
        )
        tap = QuoteTap(book, self.counts)
        link = Link(settings, self.counts, self._on_cut, self._on_code)
        tap.attach(link.ib.wrapper)
        lines = Lines(link.ib, book, tap, self.counts)
        troubles = Troubles(lines, settings.escalate_seconds, clock.now)
        tap.on_data_type = troubles.wake.set
        discovery = Discovery(link.ib, settings, calendar)
        self._parts = FeedParts(settings, clock, self.counts, book, link, lines, discovery, troubles)
        self._tending: Tending | None = None
        self._outage = Outage(settings.escalate_seconds)
        self._backoff = Backoff(settings.backoff_first, settings.backoff_cap)
        self._status = unconnected_status(self._parts, FeedState.STARTING, None, None)
        self._on_packet: PacketHandler = _ignore
        self._on_status: StatusHandler = _ignore

    @property
    def status(self) -> FeedStatus:
        """The link now."""
        return self._status

    @property
    def generation(self) -> int:
        """Rises whenever rows change their meaning or their quotes were forgotten."""
        return self._parts.book.generation

    @property
    def book(self) -> QuoteBook:
        """The live book, for readers on the loop that need rows (the recorder)."""
        return self._parts.book

    @property
    def listed(self) -> Listed | None:
        """The subscribed expiry with every contract that is listed; None while there is no session."""
        return None if self._tending is None else self._tending.listed

    @property
    def underlying_data_type(self) -> int | None:
        """Market data type of the underlying's line (1 live, 2 frozen, 3 delayed, 4 both); None before it is told."""
        return self._parts.lines.data_type(None)

    @property
    def farms_down(self) -> tuple[str, ...]:
        """Market-data farms that the broker reports as down."""
        return tuple(sorted(self._parts.lines.farms_down))

    def chain(self, market_time: float) -> Chain | None:
        """A consistent copy of the book; None before the first subscription."""
        return self._parts.book.chain(market_time)

    async def run(self, on_packet: PacketHandler, on_status: StatusHandler) -> None:
        """Stay connected until cancelled. Handlers are called on the loop; what they raise is counted and logged."""
        asyncio.set_event_loop(asyncio.get_running_loop())  # the library asks the policy, whoever made the loop
        self._on_packet, self._on_status = on_packet, on_status
        self._tell(self._status)
        try:
            while True:
                await self._attempt()
        finally:
            self._parts.link.disconnect()

    async def _attempt(self) -> None:
        """One session from connect to loss, and the wait after it. Never gives up, whatever ended the session."""
        began = time.monotonic()
        error: Exception
        try:
            await self._session()
        except (LinkError, DiscoveryError) as known:
            error = known
        except ConnectionError:  # a request of ours was under way when the socket went
            error = LinkError(f"The gateway was lost: {self._parts.link.lost_why or 'the connection closed'}.")
        except TimeoutError:
            error = LinkError("The gateway is connected but does not answer requests; connecting anew.", 504)
        except Exception as fault:
            self.counts.handler_errors["session"] += 1
            log.exception("feed: the session ended by a fault")
            error = fault
        self._tending = None
        self._outage.begin()
        self.counts.reconnects += 1
        self._parts.lines.forget_session()
        self._parts.link.disconnect()
        if time.monotonic() - began > STEADY_SECONDS:
            self._backoff.reset()
        await self._wait_after(error)

    async def _wait_after(self, error: Exception) -> None:
        code: int | None = getattr(error, "code", None)
        act = None if code is None else policy_for(code).act
        delay = self.settings.backoff_cap if act is Act.VERSION_FATAL else self._backoff.next_delay()
        message = str(error) or type(error).__name__
        log.log(
            self._outage.level,
            "feed: %s Attempt %d follows in %.1f s; without data for %.0f s.",
            message,
            self._backoff.attempts,
            delay,
            self._outage.seconds,
            extra={"code": code, "attempt": self._backoff.attempts, "outage_seconds": round(self._outage.seconds)},
        )
        state = FeedState.CLIENT_ID_IN_USE if act is Act.CLIENT_ID_IN_USE else FeedState.RECONNECTING
        self._tell(unconnected_status(self._parts, state, code, message))
        await asyncio.sleep(delay)

    async def _session(self) -> None:
        """Connect, subscribe, tend. Raises LinkError and what discovery raises; never returns."""
        parts = self._parts
        parts.troubles.clear()
        await parts.link.connect()
        parts.link.ib.reqMarketDataType(self.settings.market_data_type)
        underlying = await parts.discovery.underlying()
        self._tending = tending = Tending(parts, underlying, self._refresh)
        parts.lines.set_underlying(underlying)
        await self._first_price(tending)
        await tending.open_expiry()
        seconds = self._outage.end()
        log.info("feed: connected and subscribed after %.1f s", seconds, extra={"lines": parts.lines.used})
        await tending.run()

    async def _first_price(self, tending: Tending) -> None:
        """Wait for a price of the underlying; without one there is no window. Asks again now and then."""
        parts = self._parts
        asked = began = time.monotonic()
        while not parts.book.underlying_trusted:
            if parts.book.spot > 0 and time.monotonic() - began > QUOTE_GRACE_SECONDS:
                return
            tending.raise_if_lost()
            due = parts.troubles.recheck or time.monotonic() - asked > PRICE_RETRY_SECONDS
            if due and not parts.troubles.paused:
                asked, parts.troubles.recheck = time.monotonic(), False
                parts.lines.resubscribe((None,))
            self._refresh()
            await asyncio.sleep(PRICE_POLL_SECONDS)

    def _on_cut(self, cut: Cut, arrived: float) -> None:
        """One read of the socket: decode it into the book, then tell once."""
        parts = self._parts
        clock = parts.clock
        parts.book.begin(arrived * 1000, clock.now() - (time.time() - arrived) * clock.rate)
        for piece in cut.pieces:
            parts.link.decode(piece)
        packet = parts.book.commit()
        if packet is None:
            return
        self.counts.packets += 1
        self.counts.quote_changes += packet.quote_changes
        try:
            self._on_packet(packet)
        except Exception:
            self.counts.handler_errors["packet"] += 1
            log.exception("feed: the packet handler failed")

    def _on_code(self, request: int, code: int, text: str) -> None:
        self._parts.troubles.on_code(request, code, text)

    def _refresh(self) -> None:
        """Tell the status when it changed; escalate what lasts."""
        troubles = self._parts.troubles
        for what, outage in (("broker's servers", troubles.servers), ("competing session", troubles.competing)):
            if outage.due():
                log.log(outage.level, "feed: no data for %.0f s: %s", outage.seconds, what)
        if self._tending is not None:
            self._tell(connected_status(self._parts, self._tending), changed_only=True)

    def _tell(self, status: FeedStatus, *, changed_only: bool = False) -> None:
        if changed_only and status == self._status:
            return
        self._status = status
        try:
            self._on_status(status)
        except Exception:
            self.counts.handler_errors["status"] += 1
            log.exception("feed: the status handler failed")
