"""Afterwards: was an episode right? Judged by what its own legs did next, never by a truth file. Pure; no clock."""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any

from apps.market.chain import Chain
from apps.market.findings import STOCK_ROW, Finding, ScanResult
from apps.market.residuals import HALF_SPREAD_FLOOR
from apps.market.settings import ScanSettings

EXECUTABLE_SECONDS = (0.25, 0.5, 1.0, 5.0)
MARKOUT_SECONDS = (1.0, 5.0, 30.0, 60.0)
SCORE_SECONDS = tuple(sorted({*EXECUTABLE_SECONDS, *MARKOUT_SECONDS}))
"""When an open or closed episode is looked at again, market seconds after it opened."""

CLOSED_SHARE = 0.5
"""Below this share of the first distance closed, nobody moved."""


class Mover(StrEnum):
    """Which side closed the distance."""

    QUOTE = "quote"
    FAIR = "fair"
    NEITHER = "neither"


@dataclass(frozen=True, slots=True)
class WatchedLeg:
    """One leg by name; strike 0 is the stock. `touch` (what a taker pays or gets), `mid` and `fair` at the
    opening, dollars; `delta` per dollar."""

    strike: float
    is_call: bool
    buy: bool
    ratio: float
    touch: float
    mid: float
    fair: float
    delta: float


@dataclass(frozen=True, slots=True)
class Watch:
    """What to remember of an episode's opening in order to score it: JSON-able through `saved` and `watch_from`."""

    opened_at: float
    statistical: bool
    forward: float
    edge_net: float
    legs: tuple[WatchedLeg, ...]

    def saved(self) -> dict[str, Any]:
        """As plain JSON; NaN as null."""
        return {
            name: [_plain(leg) for leg in value] if name == "legs" else _null(value)
            for name, value in asdict(self).items()
        }


@dataclass(frozen=True, slots=True)
class MarkoutNow:
    """At `after_seconds`: still executable after fees; its net edge; the hedged mid's move in its favour, $/share.

    None where a leg has no quote or, for `hedged_mid`, no forward.
    """

    after_seconds: float
    executable: bool | None
    edge_net: float | None
    hedged_mid: float | None


def watch(finding: Finding, result: ScanResult, chain: Chain) -> Watch | None:
    """Start watching a finding that has legs and worth; None for SPREAD and VOLUME, which propose no trade."""
    if finding.worth is None or not finding.legs:
        return None
    legs = []
    for leg in finding.legs:
        if leg.row == STOCK_ROW:
            mid = chain.underlying.mid
            touch = chain.underlying.ask if leg.buy else chain.underlying.bid
            legs.append(WatchedLeg(0.0, True, leg.buy, leg.ratio, touch, mid, mid, 1.0))
            continue
        row = leg.row
        mid = float(chain.bid[row] + chain.ask[row]) / 2
        touch = float((chain.ask if leg.buy else chain.bid)[row])
        fair, delta = float(result.fair[row]), float(result.delta[row])
        strike, is_call = float(chain.strike[row]), bool(chain.is_call[row])
        legs.append(WatchedLeg(strike, is_call, leg.buy, leg.ratio, touch, mid, fair, delta))
    statistical = len(finding.legs) == 1
    return Watch(result.market_time, statistical, result.forward, finding.worth.edge_net, tuple(legs))


def watch_from(saved: dict[str, Any]) -> Watch:
    """Read a `Watch.saved` back. Raises KeyError or TypeError when it is malformed."""
    legs = tuple(WatchedLeg(**{name: _nan(value) for name, value in leg.items()}) for leg in saved["legs"])
    values = {name: _nan(value) for name, value in saved.items() if name != "legs"}
    return Watch(**values, legs=legs)


def markout(
    watched: Watch, chain: Chain, result: ScanResult, after_seconds: float, settings: ScanSettings
) -> MarkoutNow:
    """Look again. `result` is the scan of `chain`; a contract that left the chain has no quote any more."""
    rows = {
        (strike, right): row
        for row, (strike, right) in enumerate(zip(chain.strike.tolist(), chain.is_call.tolist(), strict=True))
    }
    net = _net_edge(watched, chain, result, rows, settings)
    hedged = 0.0
    for leg in watched.legs:
        mid = _mid(leg, chain, rows)
        sign = leg.ratio if leg.buy else -leg.ratio
        hedged += sign * (mid - leg.mid - leg.delta * (result.forward - watched.forward))
    return MarkoutNow(
        after_seconds=after_seconds,
        executable=None if math.isnan(net) else net > 0,
        edge_net=None if math.isnan(net) else net,
        hedged_mid=None if math.isnan(hedged) else hedged,
    )


def who_moved(watched: Watch, chain: Chain, result: ScanResult) -> Mover:
    """Over the culprit leg (the first), net of the forward: did the quote come to fair, or fair to the quote?

    NEITHER while less than half of the first distance is closed, or when either cannot be known.
    """
    leg = watched.legs[0]
    if leg.strike == 0.0:
        return Mover.NEITHER
    rows = [
        row
        for row, (strike, right) in enumerate(zip(chain.strike.tolist(), chain.is_call.tolist(), strict=True))
        if strike == leg.strike and right == leg.is_call
    ]
    if not rows:
        return Mover.NEITHER
    row = rows[0]
    drift = leg.delta * (result.forward - watched.forward)
    quote = float(chain.bid[row] + chain.ask[row]) / 2 - leg.mid - drift
    fair = float(result.fair[row]) - leg.fair - drift
    distance = leg.fair - leg.mid
    if not math.isfinite(quote + fair + distance) or distance == 0:
        return Mover.NEITHER
    by_quote, by_fair = quote / distance, -fair / distance
    if by_quote + by_fair < CLOSED_SHARE:
        return Mover.NEITHER
    return Mover.QUOTE if by_quote >= by_fair else Mover.FAIR


def _net_edge(
    watched: Watch,
    chain: Chain,
    result: ScanResult,
    rows: dict[tuple[float, bool], int],
    settings: ScanSettings,
) -> float:
    """The net edge of the same trade now. A crossing pays what it paid at the opening: only its prices change.

    Its payoff is constant, so the change of the edge is the change of the price of the legs. A single leg is worth
    fair less the touch, both fees and the exit half-spread.
    """
    if watched.statistical:
        leg = watched.legs[0]
        row = rows.get((leg.strike, leg.is_call))
        if row is None:
            return math.nan
        fair, bid, ask = float(result.fair[row]), float(chain.bid[row]), float(chain.ask[row])
        half = max((ask - bid) / 2, HALF_SPREAD_FLOOR)
        return (fair - ask if leg.buy else bid - fair) - 2 * settings.fee_per_leg - half
    change = 0.0
    for leg in watched.legs:
        touch = _touch(leg, chain, rows)
        change += leg.ratio * (leg.touch - touch if leg.buy else touch - leg.touch)
    return watched.edge_net + change


def _touch(leg: WatchedLeg, chain: Chain, rows: dict[tuple[float, bool], int]) -> float:
    if leg.strike == 0.0:
        return chain.underlying.ask if leg.buy else chain.underlying.bid
    row = rows.get((leg.strike, leg.is_call))
    return math.nan if row is None else float((chain.ask if leg.buy else chain.bid)[row])


def _mid(leg: WatchedLeg, chain: Chain, rows: dict[tuple[float, bool], int]) -> float:
    if leg.strike == 0.0:
        return chain.underlying.mid
    row = rows.get((leg.strike, leg.is_call))
    return math.nan if row is None else float(chain.bid[row] + chain.ask[row]) / 2


def _plain(leg: dict[str, Any]) -> dict[str, Any]:
    return {name: _null(value) for name, value in leg.items()}


def _null(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _nan(value: Any) -> Any:
    return math.nan if value is None else value
