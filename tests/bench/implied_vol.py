"""Implied vol against its peers in one run: lbriv (compiled Let's Be Rational), QuantLib, vollib."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import lbriv
import numpy as np
import QuantLib as ql  # noqa: N813  its own documentation calls it so
from vollib.black import implied_volatility as vollib_module

from apps.market.black import black_price
from apps.market.implied_vol import implied_vol
from tests.bench.row import Row, median_of_five, seconds_per_call

RANDOM_SEED = 20_250_519
ROUNDS_OF_INPUT = 8
"""Different inputs for successive calls, so that no cache answers for the solver."""


@dataclass(frozen=True)
class Options:
    """Options of one chain (one forward, one life) with a time value of at least half a tick, both rights."""

    price: np.ndarray
    forward: float
    strike: np.ndarray
    is_call: np.ndarray
    years: float
    vol: np.ndarray


def options(n: int, rng: np.random.Generator) -> Options:
    """`n` valid 0DTE options: five minutes to 6.5 hours left, 8 to 25 % vol, both sides of the money."""
    forward, years = rng.uniform(660, 700), rng.uniform(5, 390) / (365 * 24 * 60)
    kept: list[np.ndarray] = []
    total = 0
    while total < n:
        vol = rng.uniform(0.08, 0.25, 4 * n)
        strike = forward * np.exp(rng.uniform(-4, 4, 4 * n) * vol * np.sqrt(years))
        is_call = rng.random(4 * n) < 0.5
        price = black_price(forward, strike, is_call, vol, years)
        intrinsic = np.maximum(np.where(is_call, forward - strike, strike - forward), 0)
        good = price - intrinsic >= 0.005
        kept.append(np.stack([price, strike, is_call, vol])[:, good])
        total += int(good.sum())
    price, strike, is_call, vol = np.ascontiguousarray(np.concatenate(kept, axis=1)[:, :n])
    return Options(price, forward, strike, is_call.astype(bool), years, vol)


def ours(batch: Options) -> np.ndarray:
    return implied_vol(batch.price, batch.forward, batch.strike, batch.is_call, batch.years)


def _lists(batch: Options) -> list[tuple[float, float, float, int, float]]:
    root = float(np.sqrt(batch.years))
    side = np.where(batch.is_call, 1, -1).tolist()
    table = zip(batch.price.tolist(), batch.strike.tolist(), side, strict=True)
    return [(price, batch.forward, strike, right, root) for price, strike, right in table]


def lbriv_loop(rows: list[tuple[float, float, float, int, float]]) -> list[float]:
    """lbriv's own call, one by one."""
    solve = lbriv.implied_vol
    return [solve(price, forward, strike, side) / root for price, forward, strike, side, root in rows]


def lbriv_vector(batch: Options) -> np.ndarray:
    """lbriv's vector call, which takes one right at a time."""
    vol = np.empty(batch.price.size)
    for side, chosen in ((1, batch.is_call), (-1, ~batch.is_call)):
        vol[chosen] = lbriv.vectorized_implied_vol_strikes(
            batch.price[chosen], batch.forward, batch.strike[chosen], side
        )
    return vol / np.sqrt(batch.years)


def _quantlib_loop(rows: list[tuple[float, float, float, int, float]]) -> list[float]:
    right = {1: ql.Option.Call, -1: ql.Option.Put}
    solve = ql.blackFormulaImpliedStdDev
    return [
        solve(right[side], strike, forward, price, 1.0, 0.0, 0.01, 1e-12, 100) / root
        for price, forward, strike, side, root in rows
    ]


def _vollib_loop(rows: list[tuple[float, float, float, int, float]]) -> list[float]:
    solve = vollib_module.implied_volatility_of_undiscounted_option_price
    right = {1: "c", -1: "p"}
    return [solve(price, forward, strike, root * root, right[side]) for price, forward, strike, side, root in rows]


def rows() -> list[Row]:
    """The two rows of the architecture, and the peers beside them."""
    rng = np.random.default_rng(RANDOM_SEED)
    found = [
        _against_lbriv(10_000, rng, must=0.25, aim=0.15, calls=8),
        _against_lbriv(30, rng, must=3.0, aim=1.5, calls=400),
    ]
    batches = [options(1_000, rng) for _ in range(ROUNDS_OF_INPUT)]
    mine = _seconds(ours, batches, calls=64)
    for name, loop in (("QuantLib", _quantlib_loop), ("vollib", _vollib_loop)):
        peer = _seconds(loop, [_lists(batch) for batch in batches], calls=2)
        found.append(
            Row(
                f"IV, 1,000 options, {name}", "", "", f"{mine / peer:.4f}×", f"{name} loop", f"{1e6 * peer:.0f} ns each"
            )
        )
    worst = max(float(np.abs(ours(batch) - batch.vol).max()) for batch in [*batches, options(10_000, rng)])
    found.append(
        Row("IV, largest error in vol, time value from half a tick", "≤ 1e-9", "", f"{worst:.1e}", met=worst <= 1e-9)
    )
    return found


def _against_lbriv(n: int, rng: np.random.Generator, *, must: float, aim: float, calls: int) -> Row:
    """Ratio to the faster of lbriv's two ways at this size."""
    batches = [options(n, rng) for _ in range(ROUNDS_OF_INPUT)]
    prepared = [_lists(batch) for batch in batches]
    ratios: list[float] = []
    mine: list[float] = []

    def one_round() -> float:
        own = _seconds(ours, batches, calls=calls)
        peer = min(_seconds(lbriv_loop, prepared, calls=calls), _seconds(lbriv_vector, batches, calls=calls))
        mine.append(own)
        ratios.append(own / peer)
        return own / peer

    ratio = median_of_five(one_round)
    note = f"{1e6 * sorted(mine)[2]:.0f} µs, {1e9 * sorted(mine)[2] / n:.0f} ns each; seed {RANDOM_SEED}"
    return Row(f"IV, {n:,} options", f"≤ {must}×", f"≤ {aim}×", f"{ratio:.3f}×", "lbriv", note, ratio <= must)


def _seconds(work: Callable[[Any], object], inputs: list[Any], *, calls: int) -> float:
    """Seconds of one call, inputs taken in turn."""
    turn = iter(range(10**9))
    return seconds_per_call(lambda: work(inputs[next(turn) % len(inputs)]), calls=calls)
