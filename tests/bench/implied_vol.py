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
from tests.bench.row import Budget, Rounds, Row, rounds_of, seconds_per_call

RANDOM_SEED = 20_250_519
ROUNDS_OF_INPUT = 8
"""Different inputs for successive calls, so that no cache answers for the solver."""

MANY_MUST, FEW_MUST, ERROR_MUST = 0.25, 3.0, 1e-9
MANY = Budget("implied vol, 10,000 options", f"≤ {MANY_MUST:g}×", "≤ 0.15×")
FEW = Budget("implied vol, 30 options", f"≤ {FEW_MUST:g}×", "≤ 1.5×")
BESIDE_QUANTLIB = Budget("implied vol, 1,000 options, QuantLib")
BESIDE_VOLLIB = Budget("implied vol, 1,000 options, vollib")
ERROR = Budget("implied vol, largest error, time value from half a tick", "≤ 1e-9")
BUDGETS = (MANY, FEW, BESIDE_QUANTLIB, BESIDE_VOLLIB, ERROR)


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
    found: np.ndarray = vol / np.sqrt(batch.years)
    return found


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
        _against_lbriv(MANY, 10_000, rng, must=MANY_MUST, calls=8),
        _against_lbriv(FEW, 30, rng, must=FEW_MUST, calls=400),
    ]
    batches = [options(1_000, rng) for _ in range(ROUNDS_OF_INPUT)]
    lists = [_lists(batch) for batch in batches]
    for budget, name, loop in (
        (BESIDE_QUANTLIB, "QuantLib", _quantlib_loop),
        (BESIDE_VOLLIB, "vollib", _vollib_loop),
    ):
        ratios = rounds_of(
            lambda loop=loop: _seconds(ours, batches, calls=64) / _seconds(loop, lists, calls=2)  # type: ignore[misc]
        )
        found.append(Row(budget, f"{ratios.median:.4f}×", f"{name} loop", ratios.span(".4f")))
    worst = max(float(np.abs(ours(batch) - batch.vol).max()) for batch in [*batches, options(10_000, rng)])
    found.append(Row(ERROR, f"{worst:.1e}", "the vol that made the price", met=worst <= ERROR_MUST))
    return found


def _against_lbriv(budget: Budget, n: int, rng: np.random.Generator, *, must: float, calls: int) -> Row:
    """Ratio to the faster of lbriv's two ways at this size."""
    batches = [options(n, rng) for _ in range(ROUNDS_OF_INPUT)]
    prepared = [_lists(batch) for batch in batches]
    mine: list[float] = []

    def one_round() -> float:
        own = _seconds(ours, batches, calls=calls)
        peer = min(_seconds(lbriv_loop, prepared, calls=calls), _seconds(lbriv_vector, batches, calls=calls))
        mine.append(own)
        return own / peer

    ratios = rounds_of(one_round)
    own = Rounds.of(mine).median
    return Row(
        budget,
        measured=f"{ratios.median:.3f}× ({1e9 * own / n:.0f} ns each)",
        against="lbriv, the faster of its two ways",
        span=f"{ratios.span('.3f')}×",
        note=f"{1e6 * own:.0f} µs; seed {RANDOM_SEED}",
        met=ratios.median <= must,
    )


def _seconds(work: Callable[[Any], object], inputs: list[Any], *, calls: int) -> float:
    """Seconds of one call, inputs taken in turn."""
    turn = iter(range(10**9))
    return seconds_per_call(lambda: work(inputs[next(turn) % len(inputs)]), calls=calls)
