"""Two real SPXW strikes through 6 January 2021: the forwards of both agree, and no box can be done."""

from __future__ import annotations

import zipfile
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from apps.market.arbitrage import executable, find_claims
from apps.market.forward import parity_forward
from apps.market.grid import grid_of
from apps.market.settings import ScanSettings
from apps.market.terms import Kind
from tests.market.chains import chain_of

ZIP = Path(__file__).parents[2] / "apps/simulator/data/indexoption_usa_minute_spxw_20210106_quote_european.zip"
CLOSE_MS = 16 * 3_600_000
LEGS = ((3700, True), (3700, False), (3800, True), (3800, False))


@pytest.fixture(scope="module")
def minutes() -> list[tuple[int, np.ndarray, np.ndarray]]:
    """(ms since midnight, bid, ask) of the four legs that expire that day, for every minute where all are two-sided."""
    legs: list[dict[int, tuple[float, float]]] = []
    with zipfile.ZipFile(ZIP) as archive:
        for strike, is_call in LEGS:
            right = "call" if is_call else "put"
            name = f"20210106_spxw_minute_quote_european_{right}_{strike * 10_000}_20210106.csv"
            bars = (line.split(",") for line in archive.read(name).decode().splitlines())
            legs.append({int(b[0]): (float(b[4] or 0) / 1e4, float(b[9] or 0) / 1e4) for b in bars})
    common = sorted(set.intersection(*(set(leg) for leg in legs)))
    table = [(ms, *np.array([leg[ms] for leg in legs]).T) for ms in common if ms < CLOSE_MS]
    return [(ms, bid, ask) for ms, bid, ask in table if (bid > 0).all() and (ask > bid).all()]


def columns(rows: slice) -> tuple[np.ndarray, np.ndarray]:
    strikes, rights = zip(*LEGS[rows], strict=True)
    return np.array(strikes, dtype=float), np.array(rights)


def test_the_two_strikes_forwards_agree_through_the_day(minutes: list[tuple[int, np.ndarray, np.ndarray]]) -> None:
    assert len(minutes) > 200
    gaps = []
    for _, bid, ask in minutes:
        low, high = (parity_forward(*columns(part), bid[part], ask[part]).value for part in (slice(0, 2), slice(2, 4)))
        gaps.append(high - low)
    gap = np.array(gaps)
    print(f"{gap.size} minutes: median {np.median(gap):+.3f}, 95 % within {np.quantile(np.abs(gap), 0.95):.3f} points")
    assert abs(np.median(gap)) <= 0.05
    assert np.quantile(np.abs(gap), 0.95) <= 0.4 + 1e-9


def test_no_box_of_the_day_could_be_done(minutes: list[tuple[int, np.ndarray, np.ndarray]]) -> None:
    strike, is_call = columns(slice(None))
    settings = ScanSettings(tick=0.05)
    boxes = 0
    for ms, bid, ask in minutes:
        seconds = (CLOSE_MS - ms) / 1000
        chain = chain_of(strike, is_call, bid, ask, seconds=seconds, american=False, expiry=date(2021, 1, 6))
        claims = find_claims(chain, grid_of(strike, is_call), executable(chain), settings)
        boxes += sum(claim.kind is Kind.BOX for claim in claims)
    assert boxes == 0
