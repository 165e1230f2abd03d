"""Calibration: what the real files say about a day of SPY options: smile, spreads, path, vol. Invents no figure."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

from apps.simulator.day_files import SPXW_STRIKES, FileChain, MinuteQuotes, read_chain, read_spxw
from apps.simulator.pricing import Mixture, implied_total_sd

Array = npt.NDArray[np.float64]

REFERENCE_MINUTE = 35
"""10:05, counted from 09:30: where the level of vol is one."""


_REACH = 4.0
"""Standard deviations of strikes the fit uses; beyond, one tick is most of the price."""

_PULL = 0.3
"""Weight of the start in the fit, in half-spreads per unit: keeps an idle component from running away."""


@dataclass(frozen=True, slots=True)
class MinuteDay:
    """The drive of the calibrated day, shape (405,): one point a minute, the first at 09:30."""

    log_forward: Array
    """Log of the parity forward relative to the first minute."""
    vol_level: Array
    """Mean implied vol of put 3700 and call 3800, as a ratio to its value at 10:05."""
    sizes: Array
    """Every quoted size of the four legs, to draw from."""

    @property
    def session_sd(self) -> float:
        """Root of the sum of squared one-minute log-moves."""
        return float(np.sqrt(np.sum(np.diff(self.log_forward) ** 2)))


@dataclass(frozen=True, slots=True)
class SpreadCurve:
    """Quoted spread by premium, both in dollars; ascending in both."""

    premium: Array
    spread: Array

    def __call__(self, premium: Array) -> Array:
        """Spread in dollars at each premium, held flat outside the file's range; any shape."""
        value: Array = np.interp(premium, self.premium, self.spread)
        return value


def spxw_forward(quotes: dict[tuple[str, float], MinuteQuotes]) -> Array:
    """Parity forward per minute from all four legs, each strike weighted by its inverse spread. Shape (405,)."""
    total, weights = np.zeros(0), np.zeros(0)
    for strike in SPXW_STRIKES:
        call, put = quotes["C", strike], quotes["P", strike]
        weight = 1 / (call.ask - call.bid + put.ask - put.bid)
        parity = strike + (call.bid + call.ask - put.bid - put.ask) / 2
        total = parity * weight + (total if total.size else 0)
        weights = weight + (weights if weights.size else 0)
    return total / weights


@cache
def minute_day(expiry: str = "20210108", expiry_seconds: float = 2 * 86_400 + 16 * 3600) -> MinuteDay:
    """The drive from the contracts of `expiry`, which ends `expiry_seconds` after the midnight that began the day.

    Bars close at their minute's end; the first close is placed at 09:30, so that 405 closes give 404 moves and the
    opening minute's quotes, five points wide, move nothing.
    """
    quotes = {(right, strike): read_spxw(right, strike, expiry) for right in "CP" for strike in SPXW_STRIKES}
    forward = spxw_forward(quotes)
    years = (expiry_seconds - quotes["P", 3700.0].time) / (365 * 86_400)
    vols = []
    for right, strike in (("P", 3700.0), ("C", 3800.0)):
        quote = quotes[right, strike]
        mid, every = (quote.bid + quote.ask) / 2, np.full(forward.size, strike)
        vols.append(implied_total_sd(mid, forward, every, np.full(forward.size, right == "C")) / np.sqrt(years))
    level = (vols[0] + vols[1]) / 2
    sizes = np.concatenate([side for quote in quotes.values() for side in (quote.bid_size, quote.ask_size)])
    return MinuteDay(
        log_forward=np.log(forward / forward[0]),
        vol_level=level / level[REFERENCE_MINUTE],
        sizes=np.maximum(sizes, 1.0),
    )


def spread_curve(chain: FileChain) -> SpreadCurve:
    """Running lower quartile of the quoted spread over nine neighbours in premium, made ascending.

    The lower quartile, because after the stock's close one side of the chain was quoted two dollars wide from a
    premium of eight up, while the other side still had the session's spreads.
    """
    bid = np.concatenate([chain.call_bid, chain.put_bid])
    ask = np.concatenate([chain.call_ask, chain.put_ask])
    two_sided = bid > 0
    premium, spread = ((bid + ask) / 2)[two_sided], (ask - bid)[two_sided]
    order = np.argsort(premium, kind="stable")
    premium, spread = premium[order], spread[order]
    reach = 4
    tight = np.array([np.quantile(spread[max(0, i - reach) : i + reach + 1], 0.25) for i in range(spread.size)])
    return SpreadCurve(premium, np.maximum.accumulate(np.round(tight, 4)))


@dataclass(frozen=True, slots=True)
class Calibration:
    """Everything the calibrated day takes from the files."""

    chain: FileChain
    forward: float
    """Parity forward of the chain file at its close: the previous close of the calibrated day."""
    total_sd: float
    """The chain's total standard deviation at the money: the whole session's."""
    smile: Mixture
    spread: SpreadCurve
    drive: MinuteDay


@cache
def calibrate() -> Calibration:
    """Read and fit once per process."""
    chain = read_chain()
    forward = chain.forward
    smile, total_sd = fit_smile(chain, forward)
    return Calibration(chain, forward, total_sd, smile, spread_curve(chain), minute_day())


def otm_quotes(chain: FileChain, forward: float) -> tuple[Array, Array, Array]:
    """Strike, bid and ask of the out-of-the-money side of every strike with a bid, shape (n,)."""
    call = chain.strike >= forward
    bid, ask = np.where(call, chain.call_bid, chain.put_bid), np.where(call, chain.call_ask, chain.put_ask)
    live = bid > 0
    return chain.strike[live], bid[live], ask[live]


def fit_smile(chain: FileChain, forward: float) -> tuple[Mixture, float]:
    """Three lognormals through the out-of-the-money mids, in half-spreads; and the at-the-money total sd.

    Levenberg (1944) and Marquardt (1963) with a numerical Jacobian from one fixed start: the same fit every time.
    """
    strike, bid, ask = otm_quotes(chain, forward)
    unit = _unit_sd(strike, bid, ask, forward)
    near = np.abs(np.log(strike / forward)) < _REACH * unit
    strike, bid, ask = strike[near], bid[near], ask[near]
    mid, half_spread = (bid + ask) / 2, np.maximum((ask - bid) / 2, 0.005)
    parity = np.where(strike < forward, forward - strike, 0.0)

    def residuals(parameters: Array) -> Array:
        price = _mixture(parameters).call(np.array([forward]), strike, np.array([unit]))[0] - parity
        return np.concatenate([(price - mid) / half_spread, _PULL * (parameters - start)])

    start = np.array([-1.0, -2.5, -0.6, 0.1, -0.5, 0.3, -0.3, 0.9])
    mixture = _mixture(_least_squares(residuals, start))
    at_forward = mixture.call(np.array([forward]), np.array([forward]), np.array([unit]))[0]
    total_sd = float(implied_total_sd(at_forward, forward, np.array([forward]), np.array([True]))[0])
    return mixture.scaled(unit / total_sd), total_sd


def _unit_sd(strike: Array, bid: Array, ask: Array, forward: float) -> float:
    sd = implied_total_sd((bid + ask) / 2, forward, strike, strike >= forward)
    return float(np.interp(forward, strike, sd))


def _mixture(parameters: Array) -> Mixture:
    """Log-odds of two weights against the first, three shifts, three log-widths."""
    odds = np.exp(np.array([0.0, parameters[0], parameters[1]]))
    weight = odds / odds.sum()
    shift = np.array([parameters[3], parameters[2], parameters[4]])
    return Mixture(weight, shift, np.exp(np.array([parameters[6], parameters[5], parameters[7]])))


def _least_squares(residuals: Callable[[Array], Array], start: Array, rounds: int = 200) -> Array:
    best, damping = start, 1e-2
    error = residuals(best)
    for _ in range(rounds):
        jacobian = np.stack(
            [(residuals(best + step) - residuals(best - step)) / 2e-5 for step in np.eye(best.size) * 1e-5], axis=1
        )
        normal = jacobian.T @ jacobian
        gradient = jacobian.T @ error
        candidate = best - np.linalg.solve(
            normal + damping * (np.diag(np.diag(normal)) + 1e-9 * np.eye(best.size)), gradient
        )
        trial = residuals(candidate)
        if trial @ trial < error @ error:
            done = (error @ error - trial @ trial) < 1e-9 * (error @ error)
            best, error, damping = candidate, trial, max(damping / 3, 1e-9)
            if done:
                break
        else:
            damping = min(damping * 4, 1e9)
    return best
