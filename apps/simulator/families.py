"""Generated chains for the quality gates: families of true distributions, quotes around them, and planted errors.

Prices come from mixtures of lognormals computed here, never from `apps.market`, so that one bug cannot hide another.
The same seed gives the same chain. Nothing here is a market; labels must say GENERATED.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
BoolArray = npt.NDArray[np.bool_]

FORWARD = 690.0
STRIKE_GAP = 1.0
SECONDS_PER_YEAR = 365.0 * 86_400.0
SIZES_HALF_SPREADS = (1.0, 1.5, 2.0, 3.0, 5.0, 10.0)
LEAST_FAIR_INJECTED = 0.05
NOISE_SHARE = 0.35
"""The mid is off fair by at most this share of the spread, uniformly."""

_erfc = np.frompyfunc(math.erfc, 1, 1)


@dataclass(frozen=True, slots=True, eq=False)
class Mixture:
    """A distribution of the underlying at expiry: lognormals, (c,) each; sum(weight) = 1, sum(weight * mean) = F."""

    weight: Array
    mean: Array
    deviation: Array
    """Standard deviation of the log, over the whole remaining life."""

    @property
    def forward(self) -> float:
        """The mean, dollars."""
        return float(self.weight @ self.mean)


@dataclass(frozen=True, slots=True, eq=False)
class GeneratedChain:
    """One expiry, arrays (n,), calls then puts by strike. `injected`: signed half-spreads of the planted error, or 0.

    `clean_bid`, `clean_ask`: the quotes before anything was planted. Dollars, contracts, seconds.
    """

    seed: int
    forward: float
    seconds: float
    strike: Array
    is_call: BoolArray
    fair: Array
    bid: Array
    ask: Array
    clean_bid: Array
    clean_ask: Array
    bid_size: Array
    ask_size: Array
    injected: Array
    mixture: Mixture


def normal_cdf(x: Array) -> Array:
    """Standard normal distribution function, to double precision in both tails."""
    return 0.5 * np.asarray(_erfc(-np.asarray(x) / math.sqrt(2.0)), dtype=np.float64)


def prices(mixture: Mixture, strike: Array, is_call: BoolArray) -> Array:
    """Undiscounted option values under the mixture, dollars. Puts are computed as puts, so small values keep digits."""
    sign = np.where(is_call, 1.0, -1.0)[:, None]
    s = mixture.deviation[None, :]
    d1 = np.log(mixture.mean[None, :] / strike[:, None]) / s + s / 2
    value = sign * (mixture.mean * normal_cdf(sign * d1) - strike[:, None] * normal_cdf(sign * (d1 - s)))
    return np.asarray(np.maximum(value, 0.0) @ mixture.weight)


def at_money_deviation(rng: np.random.Generator, seconds: float) -> float:
    """Log standard deviation left, for an at-the-money vol of 9 to 22 % a year."""
    return float(rng.uniform(0.09, 0.22)) * math.sqrt(seconds / SECONDS_PER_YEAR)


def _scaled(weight: Array, shift: Array, width: Array, deviation: float, forward: float) -> Mixture:
    """Shifts and widths in units of the whole's deviation; scaled so that the whole has it, and the mean is forward."""
    shift = shift - weight @ shift
    whole = math.sqrt(float(weight @ (width**2 + shift**2)))
    width, shift = width / whole * deviation, shift / whole * deviation
    mean = np.exp(shift)
    return Mixture(weight, forward * mean / float(weight @ mean), width)


def three_lognormals(rng: np.random.Generator, deviation: float, forward: float = FORWARD) -> Mixture:
    """A body and two side lumps, one on each wing: skew and fat tails without a formula of the smile's own kind."""
    side = rng.uniform((0.06, 0.04), (0.25, 0.20))
    weight = np.array([1 - side.sum(), side[0], side[1]])
    shift = np.array([0.0, -rng.uniform(0.3, 2.0), rng.uniform(0.2, 1.2)])
    width = np.array([rng.uniform(0.7, 1.0), rng.uniform(0.9, 2.0), rng.uniform(0.7, 1.4)])
    return _scaled(weight, shift, width, deviation, forward)


def jump_diffusion(rng: np.random.Generator, deviation: float, forward: float = FORWARD) -> Mixture:
    """Merton's model: Poisson many jumps (0.04 to 0.4 expected), mostly down. Nothing is ever tuned on it."""
    expected = float(rng.uniform(0.04, 0.4))
    jump_mean, jump_width = float(rng.uniform(-1.6, 0.2)), float(rng.uniform(0.8, 1.8))
    count = np.arange(8.0)
    weight = np.array([math.exp(-expected) * expected**n / math.factorial(n) for n in range(8)])
    weight = weight / weight.sum()
    width = np.sqrt(1.0 + count * jump_width**2)
    return _scaled(weight, count * jump_mean, width, deviation, forward)


def two_lumps(rng: np.random.Generator, deviation: float, forward: float = FORWARD) -> Mixture:
    """An event day: the underlying will land on one side or the other, and the smile is W-shaped."""
    left = float(rng.uniform(0.4, 0.6))
    apart = float(rng.uniform(1.2, 1.8))
    width = rng.uniform(0.35, 0.55, 2)
    return _scaled(np.array([left, 1 - left]), np.array([-apart, apart]), width, deviation, forward)


Family = Callable[[np.random.Generator, float], Mixture]
FAMILIES: dict[str, Family] = {"mixture": three_lognormals, "jump": jump_diffusion}


def spread_cents(rng: np.random.Generator, fair: Array) -> Array:
    """Whole cents: 1 below 0.30, 1 to 2 up to 1.50, 1 to 3 up to 4.00, 3 to 12 above: as SPY quotes them."""
    low = np.select([fair < 4.0], [1], 3)
    high = np.select([fair < 0.30, fair < 1.50, fair < 4.0], [1, 2, 3], 12)
    return rng.integers(low, high + 1).astype(np.float64)


def quotes(fair: Array, spread: Array, noise: Array) -> tuple[Array, Array]:
    """(bid, ask) in dollars: `spread` in cents around fair moved by `noise` (in spreads), on whole cents, bid >= 0."""
    middle = 100 * fair + noise * spread
    bid = np.maximum(np.round(middle - spread / 2), 0.0)
    ask = np.maximum(np.round(middle + spread / 2), bid + 1.0)
    return bid / 100, ask / 100


def generate(
    family: Family,
    seed: int,
    *,
    seconds: float,
    window: float,
    anomalies: int = 0,
    forward: float | None = None,
) -> GeneratedChain:
    """A chain with `anomalies` planted errors, strikes within `window` (a fraction) of the forward.

    The forward lies anywhere between two strikes unless given. Raises ValueError when no strike is in the window.
    """
    rng = np.random.default_rng(seed)
    centre = FORWARD + float(rng.uniform(-0.5, 0.5)) * STRIKE_GAP if forward is None else forward
    mixture = family(rng, at_money_deviation(rng, seconds))
    mixture = Mixture(mixture.weight, mixture.mean * centre / mixture.forward, mixture.deviation)
    first, last = math.ceil(centre * (1 - window) / STRIKE_GAP), math.floor(centre * (1 + window) / STRIKE_GAP)
    strikes = np.arange(first, last + 1) * STRIKE_GAP
    if not strikes.size:
        raise ValueError(f"no strike within {window:.2%} of {centre:.2f}; widen the window")
    strike = np.concatenate([strikes, strikes])
    is_call = np.arange(strike.size) < strikes.size
    fair = prices(mixture, strike, is_call)
    bid, ask = quotes(fair, spread_cents(rng, fair), rng.uniform(-NOISE_SHARE, NOISE_SHARE, fair.size))
    sizes = rng.integers(1, 400, (2, fair.size)).astype(np.float64)
    moved_bid, moved_ask, injected = plant(rng, bid, ask, fair, anomalies)
    return GeneratedChain(
        seed,
        centre,
        seconds,
        strike,
        is_call,
        fair,
        moved_bid,
        moved_ask,
        bid,
        ask,
        sizes[0],
        sizes[1],
        injected,
        mixture,
    )


def plant(rng: np.random.Generator, bid: Array, ask: Array, fair: Array, count: int) -> tuple[Array, Array, Array]:
    """(bid, ask, injected): `count` contracts worth more than 5 c moved by a size of SIZES_HALF_SPREADS, up or down.

    The move is rounded up to a whole cent; one that would take the bid below zero goes up instead.
    """
    bid, ask, injected = bid.copy(), ask.copy(), np.zeros(fair.size)
    eligible = np.flatnonzero(fair > LEAST_FAIR_INJECTED)
    for row in rng.choice(eligible, min(count, eligible.size), replace=False):
        size = float(rng.choice(SIZES_HALF_SPREADS))
        shift = math.ceil(size * (ask[row] - bid[row]) / 2 * 100 - 1e-6) / 100
        sign = float(rng.choice((-1.0, 1.0)))
        if bid[row] + sign * shift < 0:
            sign = 1.0
        bid[row], ask[row] = round(bid[row] + sign * shift, 2), round(ask[row] + sign * shift, 2)
        injected[row] = sign * size
    return bid, ask, injected


def lagged_neighbours(chain: GeneratedChain, seed: int, *, move: float) -> tuple[GeneratedChain, npt.NDArray[np.int64]]:
    """(chain after the forward moved by `move` dollars, rows of three neighbours that still show the old quotes).

    Nothing is planted: a flag on one of the three is false, for they are late, not wrong.
    """
    rng = np.random.default_rng(seed)
    mixture = Mixture(chain.mixture.weight, chain.mixture.mean * (1 + move / chain.forward), chain.mixture.deviation)
    fair = prices(mixture, chain.strike, chain.is_call)
    bid, ask = quotes(fair, spread_cents(rng, fair), rng.uniform(-NOISE_SHARE, NOISE_SHARE, fair.size))
    half = chain.strike.size // 2
    near = int(np.argmin(np.abs(chain.strike[:half] - chain.forward)))
    start = int(np.clip(near + rng.integers(-4, 3), 0, half - 3)) + (half if rng.random() < 0.5 else 0)
    rows = np.arange(start, start + 3)
    bid[rows], ask[rows] = chain.clean_bid[rows], chain.clean_ask[rows]
    moved = GeneratedChain(
        seed=seed,
        forward=chain.forward + move,
        seconds=chain.seconds,
        strike=chain.strike,
        is_call=chain.is_call,
        fair=fair,
        bid=bid,
        ask=ask,
        clean_bid=bid,
        clean_ask=ask,
        bid_size=chain.bid_size,
        ask_size=chain.ask_size,
        injected=np.zeros(fair.size),
        mixture=mixture,
    )
    return moved, rows
