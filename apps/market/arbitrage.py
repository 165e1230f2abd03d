"""Executable crossings at displayed prices after fees: verticals, butterflies, boxes, parity, bounds. Pure; no I/O.

Buys at the ask and sells at the bid, always. Judges neither age nor who is to blame: that is coherence and culprit.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from apps.market.chain import Array, Chain, IntArray
from apps.market.findings import STOCK_ROW, FindingLeg
from apps.market.grid import StrikeGrid, padded
from apps.market.settings import ScanSettings
from apps.market.terms import Kind

SECONDS_PER_YEAR = 365.0 * 86_400.0
CLAIMS_PER_KIND = 64
"""At most this many crossings of a kind are looked at, largest net edge first: one bad quote crosses dozens."""


@dataclass(frozen=True, slots=True)
class Claim:
    """A crossing: the legs of one lot, and its edge in $/share before (`edge_touch`) and after fees (`edge_net`).

    `allowance` is what early exercise or carry may cost and is already taken off both edges.
    """

    kind: Kind
    legs: tuple[FindingLeg, ...]
    edge_touch: float
    edge_net: float


Forwards = tuple[Array, Array]
"""What buying and what selling the forward through each strike costs, (m,) each."""


@dataclass(frozen=True, slots=True)
class Executable:
    """What a taker pays and gets, padded to (n + 1,): NaN where a side cannot be traded."""

    buy: Array
    sell: Array


def executable(chain: Chain) -> Executable:
    """Asks to buy at and bids to sell at. Crossed, locked, halted and one-sided junk cannot be executed.

    A zero bid cannot be sold to. An ask stands without a bid: the far strikes are quoted 0 at 0.01.
    """
    with np.errstate(invalid="ignore"):
        sound = ~chain.halted & ~(chain.bid >= chain.ask)
        buy = np.where(sound & (chain.ask > 0), chain.ask, np.nan)
        sell = np.where(sound & (chain.bid > 0) & np.isfinite(chain.ask), chain.bid, np.nan)
    return Executable(padded(buy), padded(sell))


def american_allowance(chain: Chain, settings: ScanSettings, strike: float) -> float:
    """K(1 - exp(-rT)) in $/share: the most that early exercise of a put can be worth without dividends; 0 European."""
    if not chain.american:
        return 0.0
    years = max(chain.seconds_to_expiry, 0.0) / SECONDS_PER_YEAR
    return strike * -math.expm1(-max(settings.rate, 0.0) * years)


def find_claims(chain: Chain, grid: StrikeGrid, sides: Executable, settings: ScanSettings) -> list[Claim]:
    """Every crossing with a positive net edge, at most CLAIMS_PER_KIND a kind and right, in no order."""
    strike = float(grid.strikes[-1]) if grid.strikes.size else 0.0
    allowance = american_allowance(chain, settings, strike)
    forwards = synthetic_forwards(grid, sides)
    claims = [*_pairs(grid, sides, forwards, settings, allowance), *_butterflies(grid, sides, settings)]
    claims += _forward_bounds(grid, sides, forwards, settings, allowance)
    if not chain.underlying.derived:
        claims += _against_stock(chain, grid, sides, forwards, settings=settings, allowance=allowance)
    return claims


def _best(edge: Array, least: float) -> Iterator[int]:
    """Flat positions with edge above `least`, largest first, at most CLAIMS_PER_KIND."""
    hits = (edge > least).nonzero()[0]
    if hits.size > CLAIMS_PER_KIND:
        hits = hits[np.argsort(-edge.flat[hits])[:CLAIMS_PER_KIND]]
    return iter(hits.tolist())


def _pairs(
    grid: StrikeGrid, sides: Executable, forwards: Forwards, settings: ScanSettings, allowance: float
) -> Iterator[Claim]:
    """Verticals of both rights and boxes, both directions: one (m, m) table each, [bought, sold].

    A vertical sells j and buys i; it may end owing `liability[i, j]`. A box is two synthetic forwards: bought at
    K + ask(C) - bid(P), sold at K + bid(C) - ask(P); it crosses when any sold one exceeds any bought one.
    """
    m = grid.strikes.size
    fee = settings.fee_per_leg
    for right, rows in enumerate((grid.call_row, grid.put_row)):
        edge = sides.sell[rows][None, :] - sides.buy[rows][:, None] - grid.liability[right]
        for at in _best(edge.reshape(-1), 2 * fee):
            bought, sold = divmod(at, m)
            touch = float(edge[bought, sold])
            legs = (FindingLeg(int(rows[bought]), True), FindingLeg(int(rows[sold]), False))
            yield Claim(Kind.VERTICAL, legs, touch, touch - 2 * fee)
    bought_forward, sold_forward = forwards
    edge = sold_forward[None, :] - bought_forward[:, None] - allowance
    for at in _best(edge.reshape(-1), 4 * fee):
        i, j = divmod(at, m)
        if i != j:
            touch = float(edge[i, j])
            box = (*_synthetic(grid, i, buy=True), *_synthetic(grid, j, buy=False))
            yield Claim(Kind.BOX, box, touch, touch - 4 * fee)


def synthetic_forwards(grid: StrikeGrid, sides: Executable) -> Forwards:
    """What buying and what selling the forward through call and put costs at each strike, (m,) each, dollars."""
    bought = grid.strikes + sides.buy[grid.call_row] - sides.sell[grid.put_row]
    sold = grid.strikes + sides.sell[grid.call_row] - sides.buy[grid.put_row]
    return bought, sold


def _synthetic(grid: StrikeGrid, at: int, *, buy: bool) -> tuple[FindingLeg, FindingLeg]:
    return FindingLeg(int(grid.call_row[at]), buy), FindingLeg(int(grid.put_row[at]), not buy)


def _butterflies(grid: StrikeGrid, sides: Executable, settings: ScanSettings) -> Iterator[Claim]:
    """Body sold above the chord of its wings bought, with the weights of the true strike gaps, both rights.

    Convexity in the strike (Merton 1973, theorem 4). Equal weights on unequal gaps are no such bound: they gave 8 to 27
    false violations on a real chain.
    """
    w = grid.weight
    edge = sides.sell[grid.body] - w * sides.buy[grid.wing_low] - (1 - w) * sides.buy[grid.wing_high]
    fees = 2 * settings.fee_per_leg
    for at in _best(edge, fees):
        touch, share = float(edge[at]), float(w[at])
        legs = (
            FindingLeg(int(grid.body[at]), False),
            FindingLeg(int(grid.wing_low[at]), True, share),
            FindingLeg(int(grid.wing_high[at]), True, 1 - share),
        )
        yield Claim(Kind.BUTTERFLY, legs, touch, touch - fees)


def _forward_bounds(
    grid: StrikeGrid, sides: Executable, forwards: Forwards, settings: ScanSettings, allowance: float
) -> Iterator[Claim]:
    """An option asked below its intrinsic value on the best forward that other strikes let one trade: three legs."""
    costs, gains = np.where(np.isnan(forwards[0]), np.inf, forwards[0]), np.where(np.isnan(forwards[1]), 0, forwards[1])
    if not costs.size:
        return
    cheapest, dearest = int(costs.argmin()), int(gains.argmax())
    bought, sold = float(costs[cheapest]), float(gains[dearest])
    if not math.isfinite(bought) or sold <= 0:
        return
    fees = 3 * settings.fee_per_leg
    edge = sold - grid.strikes - sides.buy[grid.call_row] - allowance
    for at in _best(edge, fees):
        if at != dearest:
            touch = float(edge[at])
            legs = (FindingLeg(int(grid.call_row[at]), True), *_synthetic(grid, dearest, buy=False))
            yield Claim(Kind.BOUND, legs, touch, touch - fees)
    edge = grid.strikes - bought - sides.buy[grid.put_row] - allowance
    for at in _best(edge, fees):
        if at != cheapest:
            touch = float(edge[at])
            legs = (FindingLeg(int(grid.put_row[at]), True), *_synthetic(grid, cheapest, buy=True))
            yield Claim(Kind.BOUND, legs, touch, touch - fees)


def _against_stock(
    chain: Chain,
    grid: StrikeGrid,
    sides: Executable,
    forwards: Forwards,
    *,
    settings: ScanSettings,
    allowance: float,
) -> Iterator[Claim]:
    """Conversion, reversal, and the stock bounds of each option: bid(C) > S, bid(P) > K, ask below intrinsic.

    Sold stock is borrowed stock: its fee is part of the touch edge, because no better price avoids it.
    """
    bid, ask = chain.underlying.bid, chain.underlying.ask
    if not (0 < bid < ask):
        return
    get, give = ask + settings.stock_fee_per_share, bid - settings.stock_fee_per_share
    short = give - settings.short_stock_fee_per_share
    fee = settings.fee_per_leg
    bought, sold = forwards
    buy_stock, sell_stock = FindingLeg(STOCK_ROW, True), FindingLeg(STOCK_ROW, False)
    calls, puts, strikes = grid.call_row, grid.put_row, grid.strikes
    for at in _best(edge := sold - get - allowance, 2 * fee):
        touch = float(edge[at])
        yield Claim(Kind.PARITY, (*_synthetic(grid, at, buy=False), buy_stock), touch, touch - 2 * fee)
    for at in _best(edge := short - bought - allowance, 2 * fee):
        touch = float(edge[at])
        yield Claim(Kind.PARITY, (*_synthetic(grid, at, buy=True), sell_stock), touch, touch - 2 * fee)
    bounds: tuple[tuple[Array, IntArray, bool, tuple[FindingLeg, ...]], ...] = (
        (sides.sell[calls] - get, calls, False, (buy_stock,)),
        (short - strikes - sides.buy[calls], calls, True, (sell_stock,)),
        (strikes - get - sides.buy[puts], puts, True, (buy_stock,)),
        (sides.sell[puts] - strikes, puts, False, ()),
    )
    for edge, rows, buy, stock in bounds:
        for at in _best(edge, fee):
            touch = float(edge[at])
            yield Claim(Kind.BOUND, (FindingLeg(int(rows[at]), buy), *stock), touch, touch - fee)
