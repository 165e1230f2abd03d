"""The temporal z: the same in seconds at every rate, slow to learn an anomaly, blank after a gap or a jump."""

from __future__ import annotations

import numpy as np
import pytest

from apps.market.temporal import TemporalState, advance


def run(times: np.ndarray, residual: np.ndarray) -> tuple[TemporalState, np.ndarray]:
    state, z = TemporalState.empty(1), np.full(1, np.nan)
    for now, value in zip(times.tolist(), residual.tolist(), strict=True):
        state, z = advance(state, np.array([value]), now, jumped=False)
    return state, z


def held(times: np.ndarray, seed: int) -> np.ndarray:
    """A residual that changes once a second, whatever the rate it is looked at."""
    noise = np.random.default_rng(seed).normal(0.1, 0.3, 400)
    return noise[np.floor(times).astype(int)]


@pytest.mark.parametrize("seed", range(4))
def test_twice_the_scans_make_the_same_memory(seed: int) -> None:
    slow, fast = np.arange(0, 300, 1.0), np.arange(0, 300, 0.05)
    a, _ = run(slow, held(slow, seed))
    b, _ = run(fast, held(fast, seed))
    assert a.mean[0] == pytest.approx(b.mean[0], abs=0.03)
    assert np.sqrt(a.variance[0]) == pytest.approx(np.sqrt(b.variance[0]), rel=0.12)


def test_a_contract_always_off_by_the_same_amount_is_no_temporal_anomaly_but_a_change_of_it_is() -> None:
    times = np.arange(0, 200, 0.5)
    state, z = run(times, np.full(times.size, 1.0))
    assert abs(z[0]) < 0.1
    _, z = advance(state, np.array([2.5]), 200.0, jumped=False)
    assert z[0] > 3.5


def test_an_anomaly_of_a_minute_does_not_become_its_own_norm() -> None:
    times = np.arange(0, 200, 0.5)
    state, _ = run(times, np.zeros(times.size))
    for now in np.arange(200, 260, 0.5).tolist():
        state, z = advance(state, np.array([3.0]), now, jumped=False)
    assert z[0] > 3.5


def test_a_gap_a_jump_and_time_running_backwards_start_anew() -> None:
    times = np.arange(0, 100, 0.5)
    state, z = run(times, np.zeros(times.size))
    assert np.isfinite(z[0])
    for now, jumped in ((99.6, True), (111.0, False), (50.0, False)):
        fresh, z = advance(state, np.array([1.0]), now, jumped=jumped)
        assert np.isnan(z[0])
        assert fresh.mean[0] == 1.0


def test_there_is_no_temporal_z_in_the_first_twenty_seconds() -> None:
    state = TemporalState.empty(1)
    for now in np.arange(0, 19.9, 0.5).tolist():
        state, z = advance(state, np.array([0.0]), now, jumped=False)
        assert np.isnan(z[0])


def test_a_missing_residual_leaves_the_past_as_it_was() -> None:
    times = np.arange(0, 100, 0.5)
    state, _ = run(times, np.full(times.size, 0.4))
    after, z = advance(state, np.array([np.nan]), 100.0, jumped=False)
    assert after.mean[0] == state.mean[0]
    assert np.isnan(z[0])
