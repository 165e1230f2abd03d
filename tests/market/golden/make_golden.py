"""Writes implied_vol.csv beside it and prints the Mills coefficients: the references the fast code is held to.

`python -m tests.market.golden.make_golden`. mpmath at 50 digits; every vol is inverted from the same double-precision
price that the test will give to the solver. Nothing of the project is imported.
"""

from __future__ import annotations

import csv
import itertools
import random
from pathlib import Path

import mpmath as mp

FILE = Path(__file__).parent / "implied_vol.csv"
SEED = 20_250_519
mp.mp.dps = 50


def black(forward: float, strike: float, is_call: bool, vol: mp.mpf, years: float) -> mp.mpf:
    """Undiscounted Black price."""
    f, k, t = mp.mpf(forward), mp.mpf(strike), mp.mpf(years)
    s = vol * mp.sqrt(t)
    d1 = mp.log(f / k) / s + s / 2
    sign = 1 if is_call else -1
    return sign * (f * mp.ncdf(sign * d1) - k * mp.ncdf(sign * (d1 - s)))


def invert(price: float, forward: float, strike: float, is_call: bool, *, years: float, start: float) -> mp.mpf:
    """Vol of the double `price`, by Newton on the logarithm of the time value from the vol that made it."""
    f, k, t = mp.mpf(forward), mp.mpf(strike), mp.mpf(years)
    time_value = mp.mpf(price) - max(f - k if is_call else k - f, 0)
    outer = strike >= forward
    vol = mp.mpf(start)
    for _ in range(60):
        value = black(forward, strike, outer, vol, years)
        s = vol * mp.sqrt(t)
        d1 = mp.log(f / k) / s + s / 2
        vega = f * mp.npdf(d1) * mp.sqrt(t)
        step = mp.log(time_value / value) * value / vega
        vol += step
        if abs(step) < vol * mp.mpf(10) ** -40:
            return vol
    raise ArithmeticError(f"no vol for {price} {forward} {strike} {is_call} {years}")


def cases() -> list[tuple[float, float, bool, float, float]]:
    """(forward, strike, is_call, years, vol): a grid of lives and distances, exact at-the-money, then random ones."""
    minutes = (5, 15, 60, 180, 390, 3 * 1440, 30 * 1440)
    found = []
    for life, distance, vol in itertools.product(minutes, (-6.0, -3.0, -1.0, -0.2, 0.0, 0.4, 2.0, 5.0), (0.09, 0.35)):
        years = life / (365 * 1440)
        deviation = vol * years**0.5
        strike = 690.37 if distance == 0 else 690.37 * float(mp.exp(distance * deviation))
        found.append((690.37, strike, distance >= 0, years, vol))
    randomly = random.Random(SEED)
    for _ in range(72):
        years = randomly.uniform(5, 390) / (365 * 1440)
        vol = randomly.uniform(0.05, 0.8)
        strike = round(690.37 + randomly.uniform(-25, 25))
        found.append((690.37, float(strike), randomly.random() < 0.5, years, vol))
    return found


def rows() -> list[tuple[str, ...]]:
    """Every case with its double price and the vol of that double; prices without a vol are "nan"."""
    table = []
    for forward, strike, is_call, years, vol in cases():
        price = float(black(forward, strike, is_call, mp.mpf(vol), years))
        intrinsic = max(forward - strike if is_call else strike - forward, 0.0)
        if price - intrinsic < 1e-12 * max(price, 1e-9):
            answer = "nan" if price <= intrinsic else None
        else:
            answer = mp.nstr(invert(price, forward, strike, is_call, years=years, start=vol), 20)
        if answer is not None:
            table.append((*map(repr, (price, forward, strike, int(is_call), years)), answer))
    for strike, is_call in ((680.0, True), (700.0, False), (690.37, True)):
        intrinsic = max(690.37 - strike if is_call else strike - 690.37, 0.0)
        bound = 690.37 if is_call else strike
        table.extend(
            (*map(repr, (price, 690.37, strike, int(is_call), 0.0005)), "nan")
            for price in (intrinsic, intrinsic - 0.01, bound, bound + 1.0, -1.0)
        )
    return table


def mills_coefficients(degree: int = 23, pole: str = "5.5") -> list[float]:
    """Powers of t of (u + 1) Y(u) on t = (u - pole)/(u + pole), from its Chebyshev series."""
    k, n = mp.mpf(pole), 80

    def scaled(t: mp.mpf) -> mp.mpf:
        u = k * (1 + t) / (1 - t)
        if u < 200:
            ratio = mp.sqrt(mp.pi / 2) * mp.exp(u * u / 2) * mp.erfc(u / mp.sqrt(2))
        else:
            ratio = sum((-1) ** j * mp.fac2(2 * j - 1) / u ** (2 * j + 1) for j in range(12))
        return (u + 1) * ratio

    angles = [mp.pi * (j + mp.mpf(1) / 2) / n for j in range(n)]
    values = [scaled(mp.cos(angle)) for angle in angles]
    series = [2 * sum(v * mp.cos(i * a) for v, a in zip(values, angles, strict=True)) / n for i in range(degree + 1)]
    series[0] /= 2
    chebyshev = [[mp.mpf(1)], [mp.mpf(0), mp.mpf(1)]]
    while len(chebyshev) <= degree:
        following = [mp.mpf(0)] + [2 * c for c in chebyshev[-1]]
        for i, c in enumerate(chebyshev[-2]):
            following[i] -= c
        chebyshev.append(following)
    powers = [mp.mpf(0)] * (degree + 1)
    for weight, polynomial in zip(series, chebyshev, strict=True):
        for i, c in enumerate(polynomial):
            powers[i] += weight * c
    return [float(p) for p in powers]


if __name__ == "__main__":
    with FILE.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("price", "forward", "strike", "is_call", "years", "vol"))
        writer.writerows(rows())
    print(*mills_coefficients(), sep="\n")
