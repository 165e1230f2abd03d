"""A contract's day and what the clock alone says of it. Needs no arrays: what serves no chains need not load them."""

from __future__ import annotations

from dataclasses import dataclass

from apps.market.terms import MarketState

LATE_SECONDS = 3600.0
FINAL_SECONDS = 300.0
OPENING_SECONDS = 300.0
"""Nothing above LOW before 09:35."""


@dataclass(frozen=True, slots=True)
class ContractHours:
    """A contract's day. Market seconds since 1970: regular open and close, and the instant the contracts expire."""

    open: float
    close: float
    expiry: float


def clock_state(hours: ContractHours, market_time: float) -> MarketState:
    """What the clock alone says: PRE_OPEN, OPENING (first 5 minutes), NORMAL, LATE, FINAL or CLOSED."""
    if market_time < hours.open:
        return MarketState.PRE_OPEN
    if market_time >= min(hours.close, hours.expiry):
        return MarketState.CLOSED
    left = hours.expiry - market_time
    if left <= FINAL_SECONDS:
        return MarketState.FINAL
    if left <= LATE_SECONDS:
        return MarketState.LATE
    return MarketState.OPENING if market_time < hours.open + OPENING_SECONDS else MarketState.NORMAL
