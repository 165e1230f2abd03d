"""Chains for the tests of `market`: generated ones, and small ones written out by hand."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np

from apps.market.chain import Chain, Underlying
from apps.simulator.families import GeneratedChain

EXPIRY = date(2025, 5, 19)
NOW = 1_747_663_500.0
"""2025-05-19 10:05 New York."""

NO_STOCK = Underlying(np.nan, np.nan, np.nan, -np.inf, -np.inf)


def chain_of(
    strike: Any,
    is_call: Any,
    bid: Any,
    ask: Any,
    *,
    seconds: float = 3 * 3600.0,
    market_time: float = NOW,
    size: float = 50.0,
    underlying: Underlying = NO_STOCK,
    **changes: Any,
) -> Chain:
    """A chain received in one instant, unless `changes` say otherwise."""
    strike = np.asarray(strike, dtype=np.float64)
    n = strike.size
    chain = Chain(
        symbol="SPY",
        trading_class="SPY",
        expiry=EXPIRY,
        market_time=market_time,
        seconds_to_expiry=seconds,
        strike=strike,
        is_call=np.asarray(is_call, dtype=np.bool_),
        bid=np.asarray(bid, dtype=np.float64),
        ask=np.asarray(ask, dtype=np.float64),
        bid_size=np.full(n, size),
        ask_size=np.full(n, size),
        last=np.full(n, np.nan),
        volume=np.full(n, np.nan),
        open_interest=np.full(n, np.nan),
        bid_time=np.full(n, market_time),
        ask_time=np.full(n, market_time),
        updates=np.ones(n, dtype=np.int64),
        bid_exchange=np.zeros(n, dtype=np.int64),
        ask_exchange=np.zeros(n, dtype=np.int64),
        halted=np.zeros(n, dtype=np.bool_),
        stale=np.zeros(n, dtype=np.bool_),
        underlying=underlying,
        last_packet_time=market_time,
    )
    return replace(chain, **changes)


def chain_from(generated: GeneratedChain, **changes: Any) -> Chain:
    """A generated chain as one snapshot."""
    chain = chain_of(
        generated.strike,
        generated.is_call,
        generated.bid,
        generated.ask,
        seconds=generated.seconds,
        bid_size=generated.bid_size,
        ask_size=generated.ask_size,
    )
    return replace(chain, **changes)
