"""What exists in a market day: the underlying and its options, and which of them a client means. Never quotes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import numpy as np

from apps.simulator.requests import ContractQuery
from apps.simulator.world import Listing, World

NEW_YORK = ZoneInfo("America/New_York")
TIME_ZONE_NAME = "US/Eastern"
"""How the broker spells it."""

MULTIPLIER = "100"
CURRENCY = "USD"
EXCHANGES = (
    ("AMEX", "A"),
    ("BATS", "Z"),
    ("BOX", "B"),
    ("CBOE", "C"),
    ("CBOE2", "W"),
    ("EDGX", "E"),
    ("EMERALD", "D"),
    ("ISE", "I"),
    ("MEMX", "U"),
    ("MERCURY", "H"),
    ("MIAX", "M"),
    ("NASDAQBX", "T"),
    ("NASDAQOM", "Q"),
    ("PEARL", "P"),
    ("PHLX", "X"),
    ("PSE", "N"),
)
"""Option exchanges and the letters by which quotes name them (message 82)."""

SMART = "SMART"
UNDERLYING_ROW = -1


@dataclass(frozen=True, slots=True)
class Instrument:
    """One contract in the broker's words; `row` is the board's row, -1 the underlying."""

    row: int
    con_id: int
    symbol: str
    sec_type: str
    expiry: str
    strike: float
    right: str
    local_symbol: str
    trading_class: str
    exchange: str
    primary_exchange: str

    @property
    def is_option(self) -> bool:
        """True for everything but the underlying."""
        return self.row != UNDERLYING_ROW

    @property
    def multiplier(self) -> str:
        """Text, as the API gives it; empty for the underlying."""
        return MULTIPLIER if self.is_option else ""

    def head(self, exchange: str | None = None) -> tuple[str | int | float, ...]:
        """The eleven fields conId, symbol ... tradingClass that orders, positions and fills carry."""
        return (
            self.con_id, self.symbol, self.sec_type, self.expiry, self.strike, self.right, self.multiplier,
            exchange if exchange is not None else self.exchange, CURRENCY, self.local_symbol, self.trading_class,
        )  # fmt: skip


class Universe:
    """Every instrument of a world, found the way a gateway finds them."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.underlying = _underlying(world)
        self.options = tuple(_option(row, listing) for row, listing in enumerate(world.listings))
        self._by_con_id = {item.con_id: item for item in (self.underlying, *self.options)}
        if len(self._by_con_id) != len(self.options) + 1:
            raise ValueError(f"the listings of {world.name!r} share contract ids; each contract needs its own")

    def by_con_id(self, con_id: int) -> Instrument | None:
        """The instrument of this id."""
        return self._by_con_id.get(con_id)

    def matching(self, query: ContractQuery) -> tuple[Instrument, ...]:
        """Everything that fits what the client said; nothing when it said too little to look up."""
        if query.con_id:
            found = self._by_con_id.get(query.con_id)
            return (found,) if found is not None and _routes(found, query.exchange) else ()
        if query.sec_type == "OPT" or (not query.sec_type and query.local_symbol):
            candidates = self.options
        elif query.sec_type == self.underlying.sec_type:
            candidates = (self.underlying,)
        else:
            return ()
        if not query.symbol and not query.local_symbol:
            return ()
        return tuple(item for item in candidates if _fits(item, query))

    def expirations(self, trading_class: str) -> tuple[str, ...]:
        """Dates of this class, ascending."""
        return tuple(sorted({item.expiry for item in self.options if item.trading_class == trading_class}))

    def strikes(self, trading_class: str) -> tuple[float, ...]:
        """Strikes of this class over all its expirations, ascending."""
        return tuple(sorted({item.strike for item in self.options if item.trading_class == trading_class}))

    @property
    def trading_classes(self) -> tuple[str, ...]:
        """Classes that have options."""
        return tuple(sorted({item.trading_class for item in self.options}))


def new_york(market_seconds: float) -> datetime:
    """Market seconds as an aware time in New York."""
    return datetime.fromtimestamp(market_seconds, UTC).astimezone(NEW_YORK)


def broker_time(market_seconds: float) -> str:
    """`YYYYMMDD HH:MM:SS zone`, the broker's way."""
    return f"{new_york(market_seconds):%Y%m%d %H:%M:%S} {TIME_ZONE_NAME}"


def quoting_exchanges(number: int, row: int) -> tuple[str, str]:
    """Letters of the exchanges at a row's bid and ask. Market days have none: drawn once a row, from the number."""
    random = np.random.default_rng([number, 0xE8C, row])
    letters = [letter for _, letter in EXCHANGES]

    def some() -> str:
        return "".join(sorted(random.choice(letters, size=int(random.integers(1, 7)), replace=False)))

    return some(), some()


def tick_at(rule: tuple[tuple[float, float], ...], price: float) -> float:
    """The price step that holds at `price`."""
    return [step for start, step in rule if price >= start or start == rule[0][0]][-1]


def _underlying(world: World) -> Instrument:
    stock = world.underlying_sec_type == "STK"
    return Instrument(
        row=UNDERLYING_ROW,
        con_id=world.underlying_con_id,
        symbol=world.symbol,
        sec_type=world.underlying_sec_type,
        expiry="",
        strike=0.0,
        right="",
        local_symbol=world.symbol,
        trading_class=world.symbol,
        exchange=SMART if stock else "CBOE",
        primary_exchange="ARCA" if stock else "",
    )


def _option(row: int, listing: Listing) -> Instrument:
    return Instrument(
        row=row,
        con_id=listing.con_id,
        symbol=listing.symbol,
        sec_type="OPT",
        expiry=f"{listing.expiry:%Y%m%d}",
        strike=listing.strike,
        right=listing.right,
        local_symbol=listing.local_symbol,
        trading_class=listing.trading_class,
        exchange=SMART,
        primary_exchange="",
    )


def _routes(item: Instrument, exchange: str) -> bool:
    if item.is_option:
        return exchange in {"", SMART} or any(exchange == name for name, _ in EXCHANGES)
    return exchange in {"", SMART, item.exchange, item.primary_exchange}


def _fits(item: Instrument, query: ContractQuery) -> bool:
    said = (
        (query.symbol, item.symbol),
        (query.local_symbol, item.local_symbol),
        (query.trading_class, item.trading_class),
        (query.right, item.right),
        (query.currency, CURRENCY),
    )
    return (
        all(not wanted or wanted == has for wanted, has in said)
        and item.expiry.startswith(query.expiry[:8].strip())
        and (query.strike is None or not item.is_option or abs(query.strike - item.strike) < 1e-6)
        and (not query.multiplier or not item.is_option or _same_number(query.multiplier, item.multiplier))
        and _routes(item, query.exchange)
    )


def _same_number(left: str, right: str) -> bool:
    try:
        return float(left) == float(right)
    except ValueError:
        return False
