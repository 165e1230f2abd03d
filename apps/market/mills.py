"""Mills ratio of the normal distribution, vectorised: the one special function that pricing needs. Pure; no scipy.

Y(u) = (1 - Phi(u)) / phi(u) = sqrt(pi/2) erfcx(u / sqrt 2) for u >= 0. On t = (u - 5.5) / (u + 5.5) in [-1, 1) the
function (u + 1) Y(u) is a polynomial of degree 23 to 5e-17; the coefficients are its Chebyshev series, computed with
mpmath at 50 digits (tests/market/golden/make_golden.py) and written in powers of t for Horner's rule.
"""

from __future__ import annotations

from typing import Final

import numpy as np
import numpy.typing as npt
from numpy import add, divide, multiply, subtract

Array = npt.NDArray[np.float64]

SERIES_BELOW: Final = 0.06
"""Below this s = 2t the series of `mills_slope` is exact to double precision."""

_POLE: Final = 5.5
COEFFICIENTS: Final = (
    1.1460994074211677,
    -0.22143300769123134,
    0.09070616930558004,
    0.0055522446067832075,
    -0.053676021870198716,
    0.06092379690183981,
    -0.04569574901798504,
    0.025621454176123843,
    -0.010659188443900604,
    0.00290446404635441,
    -0.000204216745563551,
    -0.0002269998184824636,
    9.740295487086948e-05,
    -1.213499660690903e-06,
    -1.1761467008378759e-05,
    2.6526761525629147e-06,
    1.1162702772037198e-06,
    -5.353000527868096e-07,
    -9.721360542965301e-08,
    8.573162491660859e-08,
    7.944701516384817e-09,
    -1.141408359337876e-08,
    -4.805853626226139e-10,
    9.268819861570175e-10,
)
"""Powers of t, lowest first."""

# Four interleaved polynomials in t^4, side by side: a chain is small, so the number of numpy calls is the cost.
_ROWS: Final = 4
_BY_POWER = tuple(np.array(COEFFICIENTS[at : at + _ROWS])[:, None] for at in range(0, len(COEFFICIENTS), _ROWS))
_POLE_ARRAY = np.array(_POLE)
_ONE = np.array(1.0)
_ROOT_TWO_PI = np.array(np.sqrt(2 * np.pi))
_MINUS_HALF = np.array(-0.5)


def mills(u: Array) -> Array:
    """Mills ratio for u >= 0, any shape; relative error below 1e-15. NaN stays NaN; a negative u is outside the domain.

    u = inf gives NaN (0/0 is never needed by the callers).
    """
    flat = np.asarray(u, dtype=float).reshape(-1)
    with np.errstate(invalid="ignore"):
        below = add(flat, _POLE_ARRAY)
        t = subtract(flat, _POLE_ARRAY)
        divide(t, below, t)
        square = multiply(t, t)
        fourth = multiply(square, square)
        rows = multiply(_BY_POWER[-1], fourth)
        for coefficients in _BY_POWER[-2:0:-1]:
            add(rows, coefficients, rows)
            multiply(rows, fourth, rows)
        add(rows, _BY_POWER[0], rows)
        even, odd = rows[0::2], rows[1::2]
        multiply(odd, t, odd)
        add(even, odd, even)
        multiply(even[1], square, square)
        total: Array = add(even[0], square, square)
        add(flat, _ONE, below)
        divide(total, below, total)
    return total.reshape(np.shape(u))


def mills_slope(h: Array, t2: Array) -> Array:
    """(Y(h - t) - Y(h + t)) / 2t for h >= 0 and t^2 = `t2` below SERIES_BELOW^2 / 4, by its Taylor series.

    The derivatives follow from Y(n) = (n - 1) Y(n-2) - h Y(n-1); taking the difference itself would lose 1/t of its
    digits, which is what an option with minutes to live has to spare least.
    """
    y0 = mills(h)
    y1 = 1 - h * y0
    y2 = y0 - h * y1
    y3 = 2 * y1 - h * y2
    y4 = 3 * y2 - h * y3
    y5 = 4 * y3 - h * y4
    y6 = 5 * y4 - h * y5
    y7 = 6 * y5 - h * y6
    return y1 + t2 * (y3 / 6 + t2 * (y5 / 120 + t2 * y7 / 5040))


def normal_density(z: Array) -> Array:
    """Standard normal density, any shape."""
    square = np.square(z, out=np.empty(np.shape(z)))
    np.multiply(square, _MINUS_HALF, out=square)
    np.exp(square, out=square)
    np.divide(square, _ROOT_TWO_PI, out=square)
    return square


def normal_cdf(z: Array) -> Array:
    """Standard normal distribution, any shape; tails to full relative accuracy until exp underflows."""
    z = np.asarray(z, dtype=float)
    tail = normal_density(z) * mills(np.abs(z))
    return np.where(z > 0, 1 - tail, tail)
