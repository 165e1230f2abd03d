"""Implied volatility for whole chains: a fixed number of steps, NaN where there is none. Pure; never loops to converge.

Method after Jaeckel (2015), "Let's Be Rational": invert in coordinates where the hard cases vanish, in fixed steps.
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
from numpy import (
    absolute,
    add,
    divide,
    exp,
    fmax,
    greater_equal,
    less_equal,
    log,
    log1p,
    logical_and,
    multiply,
    sqrt,
    square,
    subtract,
)

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


def _level(h: Array) -> Array:
    """L(h), the logarithm of the normal model's price over x."""
    return np.asarray(np.log((1 - h * mills(h)) / h) - h * h / 2 - np.log(np.sqrt(2 * np.pi)))


def _make_table() -> Array:
    """(6, nodes): 1/h, L, Y', c1 - 1/2, c2, h^2 at nodes spaced evenly in L; c1, c2 are the series of ln W in t^2."""
    level = np.linspace(_LOWEST, _HIGHEST, _NODES)
    grid = np.concatenate([np.exp(np.linspace(-40.5, 0, 4_000)), np.linspace(1.0, 9.6, 4_000)[1:]])
    h = np.interp(-level, -_level(grid), grid)
    for _ in range(3):
        slope = -1 / (h * (1 - h * mills(h)))
        h = np.maximum(h - (_level(h) - level) / slope, h / 2)
    y0 = mills(h)
    y1 = 1 - h * y0
    y2 = y0 - h * y1
    y3 = 2 * y1 - h * y2
    y4 = 3 * y2 - h * y3
    y5 = 4 * y3 - h * y4
    a1, a2 = y3 / (6 * y1), y5 / (120 * y1)
    return np.stack([1 / h, _level(h), y1, a1 - 0.5, a2 - a1 * a1 / 2, h * h])


_TABLE: Final = _make_table()
"""Built once at import, in about 10 ms."""

# A chain has few options, so the time goes into calls, not into numbers: hence 0-d arrays (numpy converts a Python
# float anew on every call), functions imported by name, and the output as last positional argument.
_SCALE = np.array((_NODES - 1) / (_HIGHEST - _LOWEST))
_OFFSET = np.array(-_LOWEST * (_NODES - 1) / (_HIGHEST - _LOWEST) + 0.5)
_SIGN = np.array([-1.0, 1.0])
_ZERO, _HALF, _THREE, _SIX = (np.array(value) for value in (0.0, 0.5, 3.0, 6.0))
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
        if t.ndim:
            np.divide(s, np.sqrt(t), out=s)
            np.copyto(s, np.nan, where=~((t > 0) & (t < np.inf)))
        elif 0 < float(t) < math.inf:
            divide(s, np.asarray(math.sqrt(t)), s)
        else:
            s.fill(np.nan)
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
    x, v = np.empty(s.shape), np.empty(s.shape)
    _reduce(options, x, v)
    position = multiply(v, _SCALE)
    add(position, _OFFSET, position)
    # NaN and what lies outside the table turn into the nearest end: `good` sorts them out below.
    node = _TABLE.take(position.astype(np.intp), axis=1, mode="clip")
    multiply(x, node[0], s)
    good = less_equal(s, _LIMIT)
    logical_and(good, greater_equal(v, _FLOOR), good)
    if np.count_nonzero(good) == good.size:
        _householder(v, node, s)
        return
    wide = np.isfinite(v)
    np.greater(wide, good, wide)
    solved = _solve_wide(options, wide, x=x, v=v, start=s) if np.count_nonzero(wide) else None
    _householder(v, node, s)
    np.copyto(s, np.nan, where=~good)
    if solved is not None:
        s[wide] = solved


def _solve_wide(options: _Options, wide: BoolArray, *, x: Array, v: Array, start: Array) -> Array:
    """s of the rows in `wide`; the upper bound is held against the price itself, which no rounding has touched."""
    price, forward, strike, is_call = options
    below_bound = np.broadcast_to(price < np.where(is_call, forward, strike), wide.shape)[wide]
    known = np.where(v[wide] < _FLOOR, np.nan, start[wide])
    return np.where(below_bound, solve_wide(x[wide], v[wide], known), np.nan)


def _reduce(options: _Options, x: Array, v: Array) -> None:
    """x = |ln F/K| (at least 1e-18) and v = ln(beta/x), where beta is the time value over sqrt(F K)."""
    p, f, k, call = options
    d = subtract(f, k, np.empty(x.shape))
    divide(d, k, x)
    log1p(x, x)
    absolute(x, x)
    fmax(x, _X_FLOOR, x)
    signed = multiply(_SIGN.take(call), d)
    fmax(signed, _ZERO, signed)
    subtract(p, signed, v)
    # A forward that is not positive must give NaN even beside a strike that is not: its root is not taken.
    positive = f if f.ndim == 0 and float(f) > 0 else np.where(f > 0, f, np.nan)
    root = multiply(k, positive, d)
    sqrt(root, root)
    multiply(root, x, root)
    divide(v, root, v)
    log(v, v)


def _householder(v: Array, node: Array, s: Array) -> None:
    """One step of order four on ln beta from the node's s, in place; v and node are used up.

    With e the residual of ln beta, n = e W the Newton step relative to s and g = (h^2 - t^2) n - e, its derivatives
    make the step n (6 + 3 g) / (6 + g (6 + g - e) - 3 h^2 n^2) relative to s; a term t^2 n^2 below 1e-9 is left out.
    """
    _, level, w, series, second, h2 = node
    t2 = multiply(s, _HALF)
    square(t2, t2)
    multiply(second, t2, second)
    add(series, second, series)
    multiply(series, t2, series)
    e = subtract(v, level, v)
    subtract(e, series, e)
    exponent = multiply(t2, _HALF, level)
    add(exponent, series, exponent)
    exp(exponent, exponent)
    multiply(w, exponent, w)
    n = multiply(e, w, w)
    multiply(h2, n, h2)
    g = multiply(t2, n, t2)
    subtract(h2, g, g)
    subtract(g, e, g)
    below = subtract(g, e, series)
    add(below, _SIX, below)
    multiply(below, g, below)
    add(below, _SIX, below)
    multiply(h2, n, h2)
    multiply(h2, _THREE, h2)
    subtract(below, h2, below)
    multiply(g, _THREE, g)
    add(g, _SIX, g)
    multiply(n, g, n)
    divide(n, below, n)
    multiply(n, s, n)
    add(s, n, s)
