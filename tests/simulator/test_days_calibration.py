"""The calibrated day is what the files say: its figures, one by one."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from apps.simulator import calibrated
from apps.simulator.calibration import calibrate, otm_quotes
from apps.simulator.day_files import CHAIN_FILE, read_chain
from apps.simulator.paths import CELLS_PER_MINUTE, PRE_OPEN_MINUTES, quote_noise, u_shape, variance_left
from tests.simulator.days import world


def minute_moves(number: int) -> np.ndarray:
    """Log-moves of the day's forward from minute to minute, 09:30 to 16:14."""
    path = np.log(calibrated.model(number).forward)[PRE_OPEN_MINUTES * CELLS_PER_MINUTE :: CELLS_PER_MINUTE]
    return np.diff(path[:405])


def test_the_session_has_the_chains_total_deviation() -> None:
    calibration = calibrate()
    assert calibration.total_sd == pytest.approx(0.0077, abs=0.0001)
    assert calibration.forward == pytest.approx(594.06, abs=0.01)
    realised = float(np.sqrt(np.sum(minute_moves(1) ** 2)))
    assert realised == pytest.approx(calibration.total_sd, rel=1e-9)


def test_the_path_is_the_files_whatever_the_number() -> None:
    drive = calibrate().drive
    expected = np.diff(drive.log_forward) * calibrate().total_sd / drive.session_sd
    assert drive.log_forward.size == 405
    for number in (1, 2):
        np.testing.assert_allclose(minute_moves(number), expected, atol=1e-12)


def test_the_bridge_inside_the_minute_varies_with_the_number_and_as_much_as_the_minutes() -> None:
    first, second = calibrated.model(1).forward, calibrated.model(2).forward
    assert not np.array_equal(first, second)
    session = slice(PRE_OPEN_MINUTES * CELLS_PER_MINUTE, (PRE_OPEN_MINUTES + 404) * CELLS_PER_MINUTE)
    fine = float(np.sqrt(np.sum(np.diff(np.log(first[session])) ** 2)))
    assert fine == pytest.approx(calibrate().total_sd, rel=0.03)


def test_the_day_starts_at_594() -> None:
    day = world("open")
    assert day.forward(day.session.open) == pytest.approx(594.0, abs=1e-9)


def test_the_level_of_vol_is_one_at_10_05_and_variance_runs_out_evenly() -> None:
    calibration = calibrate()
    ten_five = calibrated.OPEN + 35 * 60
    assert calibration.drive.vol_level[35] == 1
    assert 0.8 < calibration.drive.vol_level.min() < calibration.drive.vol_level.max() < 1.6
    sd = calibrated.remaining_sd(calibration, np.array([ten_five, calibrated.CLOSE, calibrated.CLOSE + 60]))
    assert sd[0] == pytest.approx(calibration.total_sd * np.sqrt(355 / 390))
    assert (sd[1:] == 0).all()
    halfway = variance_left(np.array([calibrated.OPEN + 195 * 60]), calibrated.OPEN)
    assert float(halfway[0]) == pytest.approx(0.5)


def test_the_smile_passes_through_the_files_quotes() -> None:
    calibration = calibrate()
    strike, bid, ask = otm_quotes(calibration.chain, calibration.forward)
    call = calibration.smile.call(np.array([calibration.forward]), strike, np.array([calibration.total_sd]))[0]
    fair = call - np.where(strike < calibration.forward, calibration.forward - strike, 0)
    near = np.abs(np.log(strike / calibration.forward)) < 4 * calibration.total_sd
    inside = (fair >= bid) & (fair <= ask)
    assert near.sum() >= 35
    assert inside[near].mean() >= 0.7
    assert (fair[near] >= bid[near] - 0.005).all()
    assert (fair[near] <= ask[near] + 0.005).all()


def test_spreads_grow_with_the_premium_as_in_the_file() -> None:
    curve = calibrate().spread
    premium = np.array([0.03, 0.5, 2.4, 6.0, 10.0])
    spread = curve(premium)
    assert (np.diff(curve.spread) >= 0).all()
    assert spread[0] == pytest.approx(0.01)
    assert spread[1] == pytest.approx(0.01, abs=0.005)
    assert spread[2] == pytest.approx(0.02, abs=0.005)
    assert 0.06 <= spread[3] <= 0.11
    assert 0.10 <= spread[4] <= 0.20


def test_sizes_come_from_the_spxw_file_and_say_that_they_are_assumed() -> None:
    day = world()
    board = day.board(day.session.start)
    known = set(calibrate().drive.sizes)
    quoted = board.bid_size[board.bid > 0]
    assert set(quoted) <= known
    assert set(day.labels) == {"CALIBRATED", "ASSUMED-SIZES"}


def test_open_interest_and_volume_are_the_files() -> None:
    day, chain = world(), read_chain()
    board = day.board(calibrated.CLOSE)
    rows = [i for i, listing in enumerate(day.listings) if listing.right == "C"]
    at = np.searchsorted(chain.strike, [day.listings[i].strike for i in rows])
    np.testing.assert_array_equal(board.open_interest[rows], chain.call_open_interest[at])
    assert board.volume[rows].sum() == pytest.approx(chain.call_volume[at].sum(), rel=0.02)


def test_a_chain_file_without_the_expiry_is_refused_by_name(tmp_path: Path) -> None:
    short = tmp_path / "chain.csv"
    short.write_text("\n".join(CHAIN_FILE.read_text().splitlines()[:6]))
    with pytest.raises(ValueError, match="holds no row of Mon May 19 2025"):
        read_chain(short)


def test_quote_noise_has_a_half_life_of_thirty_seconds() -> None:
    noise = quote_noise(20_000, 40, np.random.default_rng(5)).astype(float)
    assert noise.std() == pytest.approx(1, abs=0.03)
    for lag, expected in ((30, 0.5), (60, 0.25)):
        correlation = float(np.mean(noise[lag:] * noise[:-lag])) / float(np.mean(noise**2))
        assert correlation == pytest.approx(expected, abs=0.05)


def test_volume_is_heavy_at_both_ends() -> None:
    share = u_shape(np.linspace(0, 1, 14))
    halves = np.diff(share)
    assert share[0] == 0
    assert share[-1] == pytest.approx(1)
    assert halves[0] > 2 * halves[6] < halves[-1]
