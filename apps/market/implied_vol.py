"""Implied volatility for whole chains: a fixed number of steps, NaN where there is none. Pure; never loops to converge.

Method (option-analytics 1.3, after Jaeckel's "Let's Be Rational": invert in coordinates where the hard cases vanish).
The out-of-the-money time value beta and x = |ln F/K| are exact by parity. With h = x/s and t = s/2,

    ln(beta/x) = L(h) - t^2/2 + ln(1 + t^2 Y'''/6Y' + t^4 Y^(5)/120Y' + ...),   L(h) = ln(phi(h) Y'(h) / h),

where L alone is the normal model, which a 0DTE option nearly obeys. L is tabulated with everything the step needs, so
the start is the nearest node and no special function is called: one fourth-order Householder step ends it. Options
with s > 0.06 or more than nine deviations out take the wide branch of `implied_vol_wide`.
"""

from __future__ import annotations

import math
from typing import Final

import numpy as np
import numpy.typing as npt

from apps.market.chain import Array, BoolArray
from apps.market.implied_vol_wide import solve_wide
from apps.market.mills import mills

NARROW_LIMIT: Final = 0.06
"""Largest s = vol sqrt(years) of the fast branch: the third term of the series is below 3e-13 there."""

_Options = tuple[Array, Array, Array, BoolArray]
"""Price, forward, strike, is_call; each 0-d or of the broadcast shape."""

_LOWEST: Final = -45.0
_HIGHEST: Final = 38.5
_NODES: Final = 32_768
_SMALLEST_X: Final = 1e-18
_CHUNK: Final = 4_096


class _Table:
    """L and what belongs to it at nodes spaced evenly in L; built once at import (about 10 ms)."""

    def __init__(self) -> None:
        level = np.linspace(_LOWEST, _HIGHEST, _NODES)
        grid = np.concatenate([np.exp(np.linspace(-40.5, 0, 4_000)), np.linspace(1.0, 9.6, 4_000)[1:]])
        h = np.interp(-level, -self._level(grid), grid)
        for _ in range(3):
            slope = -1 / (h * (1 - h * mills(h)))
            h = np.maximum(h - (self._level(h) - level) / slope, h / 2)
        y0 = mills(h)
        y1 = 1 - h * y0
        y2 = y0 - h * y1
        y3 = 2 * y1 - h * y2
        y4 = 3 * y2 - h * y3
        y5 = 4 * y3 - h * y4
        a1, a2 = y3 / (6 * y1), y5 / (120 * y1)
        self.inverse_h = 1 / h
        self.square_h = h * h
        self.level = self._level(h)
        self.slope = y1
        self.first = a1 - 0.5
        self.second = a2 - a1 * a1 / 2

    @staticmethod
    def _level(h: Array) -> Array:
        return np.asarray(np.log((1 - h * mills(h)) / h) - h * h / 2 - np.log(np.sqrt(2 * np.pi)))


_TABLE = _Table()
_SCALE = np.array((_NODES - 1) / (_HIGHEST - _LOWEST))
_OFFSET = np.array(-_LOWEST * (_NODES - 1) / (_HIGHEST - _LOWEST) + 0.5)
_LAST = np.array(_NODES - 1.0)
_ZERO, _HALF, _ONE, _THREE, _SIXTH = (np.array(value) for value in (0.0, 0.5, 1.0, 3.0, 1 / 6))
_X_FLOOR = np.array(_SMALLEST_X)
_LIMIT = np.array(NARROW_LIMIT)
_FLOOR = np.array(_LOWEST)


def implied_vol(
    price: npt.ArrayLike, forward: npt.ArrayLike, strike: npt.ArrayLike, is_call: npt.ArrayLike, years: npt.ArrayLike
) -> Array:
    """Black volatility per sqrt(year) of undiscounted prices in dollars; all arguments broadcast.

    NaN, never a number, where none exists: price <= intrinsic, price >= the upper bound (forward for a call, strike
    for a put), any NaN or infinite input, years <= 0, strike or forward <= 0. K = F exactly is an ordinary case.
    """
    p, f = np.asarray(price, dtype=float), np.asarray(forward, dtype=float)
    k, call = np.asarray(strike, dtype=float), np.asarray(is_call, dtype=bool)
    t = np.asarray(years, dtype=float)
    shape = np.broadcast(p, f, k, call, t).shape
    size = math.prod(shape)
    with np.errstate(all="ignore"):
        if size <= _CHUNK:
            s = np.empty(shape or 1)
            _solve((p, f, k, call), s)
        else:
            s = _solve_in_chunks((p, f, k, call), shape, size)
        np.divide(s, np.sqrt(t), out=s)
        if t.ndim == 0:
            if not 0 < t < np.inf:
                s.fill(np.nan)
        else:
            np.copyto(s, np.nan, where=~((t > 0) & (t < np.inf)))
    return s if shape else s.reshape(())


def _solve_in_chunks(options: _Options, shape: tuple[int, ...], size: int) -> Array:
    """The same in pieces that stay in the processor's second-level cache."""
    price, forward, strike = (_flat(values, shape) for values in options[:3])
    is_call = np.broadcast_to(options[3], shape).reshape(-1)
    s = np.empty(size)
    for start in range(0, size, _CHUNK):
        piece = slice(start, start + _CHUNK)
        _solve((_part(price, piece), _part(forward, piece), _part(strike, piece), is_call[piece]), s[piece])
    return s.reshape(shape)


def _flat(values: Array, shape: tuple[int, ...]) -> Array:
    return values if values.ndim == 0 else np.broadcast_to(values, shape).reshape(-1)


def _part(values: Array, piece: slice) -> Array:
    return values if values.ndim == 0 else values[piece]


def _solve(options: _Options, s: Array) -> None:
    """Write s = vol sqrt(years) into `s`; NaN where there is none."""
    x, v, strike = np.empty(s.shape), np.empty(s.shape), options[2]
    _reduce(options, x, v)
    index = _nearest(v)
    np.multiply(x, _TABLE.inverse_h.take(index), out=s)
    good = np.greater_equal(v, _FLOOR)
    np.logical_and(good, np.less_equal(s, _LIMIT), out=good)
    np.logical_and(good, np.greater(strike, _ZERO), out=good)
    if np.count_nonzero(good) == good.size:
        _householder(v, index, s)
        return
    wide = ~good & np.isfinite(v) & (strike > 0)
    normal = np.where(v[wide] < _FLOOR, np.nan, s[wide])
    _householder(v, index, s)
    np.copyto(s, np.nan, where=~good)
    if normal.size:
        s[wide] = solve_wide(x[wide], v[wide], normal)


def _reduce(options: _Options, x: Array, v: Array) -> None:
    """x = |ln F/K| (at least 1e-18) and v = ln(beta/x), where beta is the time value over sqrt(F K)."""
    p, f, k, call = options
    d = np.subtract(f, k, out=np.empty(x.shape))
    np.divide(d, k, out=x)
    np.log1p(x, out=x)
    np.abs(x, out=x)
    np.fmax(x, _X_FLOOR, out=x)
    signed = np.where(call, d, -d)
    np.fmax(signed, _ZERO, out=signed)
    np.subtract(p, signed, out=v)
    root = np.multiply(f, k, out=d)
    np.sqrt(root, out=root)
    np.divide(v, root, out=v)
    np.divide(v, x, out=v)
    np.log(v, out=v)


def _nearest(v: Array) -> npt.NDArray[np.intp]:
    position: Array = np.multiply(v, _SCALE)
    np.add(position, _OFFSET, out=position)
    np.fmax(position, _ZERO, out=position)
    np.fmin(position, _LAST, out=position)
    index: npt.NDArray[np.intp] = position.astype(np.intp)
    return index


def _householder(v: Array, index: npt.NDArray[np.intp], s: Array) -> None:
    """One step of order four on ln beta from the node's s, in place.

    With relative step r = (new s - s)/s: s f' = 1/W, f''/f' s = B2 - 1/W, f'''/f' s^2 = B3 - 3 B2/W + 2/W^2, where
    B2 = h^2 - t^2 and B3 = B2^2 - 3 h^2 - t^2.
    """
    t2 = np.multiply(s, _HALF)
    np.square(t2, out=t2)
    series = _TABLE.second.take(index)
    np.multiply(series, t2, out=series)
    np.add(series, _TABLE.first.take(index), out=series)
    np.multiply(series, t2, out=series)
    n = np.subtract(v, _TABLE.level.take(index))
    np.subtract(n, series, out=n)
    w = np.multiply(t2, _HALF)
    np.add(w, series, out=w)
    np.exp(w, out=w)
    np.multiply(w, _TABLE.slope.take(index), out=w)
    np.multiply(n, w, out=n)
    np.divide(_ONE, w, out=w)
    h2 = _TABLE.square_h.take(index)
    _relative_step(n, w, h2, t2, series)
    np.multiply(n, s, out=n)
    np.add(s, n, out=s)


def _relative_step(n: Array, inverse_w: Array, h2: Array, t2: Array, spare: Array) -> None:
    """n <- n (1 + A n/2) / (1 + A n + C n^2/6), in place; the other arrays are used up."""
    b2 = np.subtract(h2, t2, out=spare)
    third = np.square(b2)
    np.multiply(h2, _THREE, out=h2)
    np.subtract(third, h2, out=third)
    np.subtract(third, t2, out=third)
    np.multiply(b2, _THREE, out=h2)
    np.subtract(b2, inverse_w, out=b2)
    a = np.multiply(b2, n, out=b2)
    np.add(inverse_w, inverse_w, out=t2)
    np.subtract(t2, h2, out=t2)
    np.multiply(t2, inverse_w, out=t2)
    np.add(third, t2, out=third)
    np.multiply(third, n, out=third)
    np.multiply(third, n, out=third)
    np.multiply(third, _SIXTH, out=third)
    np.add(third, a, out=third)
    np.add(third, _ONE, out=third)
    np.multiply(a, _HALF, out=a)
    np.add(a, _ONE, out=a)
    np.multiply(n, a, out=n)
    np.divide(n, third, out=n)
