"""A chain as the broker shows it: each option line sampled every 100 ms at its own phase, the stock every 250 ms."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace

import numpy as np

from apps.market.chain import Chain, Underlying
from apps.simulator.families import Mixture, prices, quotes, spread_cents, three_lognormals
from tests.market.chains import NOW, chain_of

SAMPLE_SECONDS = 0.1
STOCK_SECONDS = 0.25


def sampled(
    forward_at: Callable[[float], float], *, seconds: float, step: float, seed: int, hours_left: float = 3.0
) -> Iterator[Chain]:
    """Chains every `step` seconds for `seconds`, quotes fair at the instant each line was sampled, changes only.

    A quote moves when its fair value has moved by more than half a tick; its noise is its own and stands still.
    """
    rng = np.random.default_rng(seed)
    strikes = np.arange(580.0, 609.0)
    strike, is_call = np.concatenate([strikes, strikes]), np.arange(58) < 29
    mixture = three_lognormals(rng, 0.0035, 594.0)
    noise, phase = rng.uniform(-0.35, 0.35, 58), rng.uniform(0, SAMPLE_SECONDS, 58)
    spread = spread_cents(rng, prices(mixture, strike, is_call))
    sampled_fair = np.full(58, np.nan)
    bid, ask, time = np.full(58, np.nan), np.full(58, np.nan), np.full(58, -np.inf)
    updates = np.zeros(58, dtype=np.int64)
    stock = Underlying(np.nan, np.nan, np.nan, -np.inf, -np.inf)
    for tick in range(round(seconds / step)):
        elapsed = tick * step
        taken = np.maximum(np.floor((elapsed - phase) / SAMPLE_SECONDS) * SAMPLE_SECONDS + phase, 0.0)
        for instant in np.unique(taken[taken > time - NOW + 1e-9]):
            rows = np.flatnonzero((taken == instant) & (taken > time - NOW + 1e-9))
            level = forward_at(float(instant))
            now = Mixture(mixture.weight, mixture.mean * level / 594.0, mixture.deviation)
            fair = prices(now, strike[rows], is_call[rows])
            changed = rows[~(np.abs(fair - sampled_fair[rows]) <= 0.005)]
            fair = fair[np.isin(rows, changed)]
            bid[changed], ask[changed] = quotes(fair, spread[changed], noise[changed])
            sampled_fair[changed], time[changed] = fair, NOW + instant
            updates[changed] += 1
        stock_at = np.floor(elapsed / STOCK_SECONDS) * STOCK_SECONDS
        level = round(forward_at(float(stock_at)), 2)
        if stock.bid != level - 0.01:
            stock = Underlying(level - 0.01, level + 0.01, level, NOW + stock_at, NOW + stock_at)
        chain = chain_of(
            strike,
            is_call,
            bid.copy(),
            ask.copy(),
            seconds=hours_left * 3600 - elapsed,
            market_time=NOW + elapsed,
            underlying=stock,
        )
        last = float(time.max())
        yield replace(chain, bid_time=time.copy(), ask_time=time.copy(), updates=updates.copy(), last_packet_time=last)
