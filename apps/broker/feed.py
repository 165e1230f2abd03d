"""The seam between the broker and the detector: packets of quotes, a book of arrays, and the link's status."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Protocol

from apps.contracts.enums import FeedState
from apps.market.chain import Chain


@dataclass(frozen=True, slots=True)
class Packet:
    """One TCP read of the broker's socket, decoded: never half a quote.

    `t_recv` wall milliseconds at arrival; `market_time` the same instant in market seconds since 1970; `rows` the
    book's changed rows; `quote_changes` how many bid, ask or size values changed in it.
    """

    t_recv: float
    market_time: float
    rows: tuple[int, ...]
    underlying_changed: bool
    quote_changes: int


@dataclass(frozen=True, slots=True)
class FeedStatus:
    """What the link knows about itself. `delayed` means the broker serves delayed data: never trade on it."""

    state: FeedState
    connected: bool
    delayed: bool
    lines_used: int
    lines_budget: int
    expiry: str | None
    halted: bool = False
    code: int | None = None
    message: str | None = None


@dataclass(slots=True)
class FeedCounts:
    """What the feed counts: nothing is dropped without being here. Read by the metrics."""

    connects: int = 0
    reconnects: int = 0
    packets: int = 0
    ticks: int = 0
    quote_changes: int = 0
    unrouted_ticks: int = 0
    """Ticks of a line cancelled a moment ago, or never asked for."""

    malformed: int = 0
    """Messages or values that the library or we could not read."""

    resubscriptions: int = 0
    recentrings: int = 0
    codes: Counter[int] = field(default_factory=Counter)
    handler_errors: Counter[str] = field(default_factory=Counter)


PacketHandler = Callable[[Packet], None]
StatusHandler = Callable[[FeedStatus], None]


class MarketFeed(Protocol):
    """A source of quotes for one symbol's nearest expiry."""

    @property
    def status(self) -> FeedStatus:
        """The link now."""
        ...

    @property
    def generation(self) -> int:
        """Rises whenever rows change their meaning (recentring, new expiry, reconnect): drop per-row memory."""
        ...

    @property
    def counts(self) -> FeedCounts:
        """Totals since the start; they only rise."""
        ...

    def chain(self, market_time: float) -> Chain | None:
        """A consistent copy of the book as a Chain at `market_time`; None before the first subscription."""
        ...

    async def run(self, on_packet: PacketHandler, on_status: StatusHandler) -> None:
        """Connect, subscribe, stay connected, until cancelled. Handlers are called on the loop and must not block."""
        ...
