"""The memory survives a restart, follows contracts through a recentring, and refuses what it cannot use."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta

import numpy as np
import pytest

from apps.market.chain import Chain
from apps.market.memory import CheckpointError, ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.simulator.families import generate, three_lognormals
from tests.market.chains import NOW, chain_from

CHAIN = chain_from(generate(three_lognormals, 3, seconds=3 * 3600, window=0.02))
SETTINGS = ScanSettings()


def at(seconds: float, chain: Chain = CHAIN, seed: int = 0) -> Chain:
    noise = np.random.default_rng([seed, round(seconds * 100)]).integers(0, 2, len(chain)) * 0.01
    now = NOW + seconds
    times = np.full(len(chain), now)
    live = replace(chain, market_time=now, last_packet_time=now, bid_time=times, ask_time=times)
    return replace(live, bid=chain.bid + noise, ask=chain.ask + noise)


def warmed(seconds: float = 40.0) -> ScanMemory:
    memory = ScanMemory()
    for tick in np.arange(0, seconds, 0.5).tolist():
        scan(at(tick), memory, SETTINGS)
    return memory


def only(chain: Chain, rows: np.ndarray) -> Chain:
    names = [name for name in chain.__slots__ if isinstance(getattr(chain, name), np.ndarray)]
    return replace(chain, **{name: getattr(chain, name)[rows] for name in names})


def test_a_checkpoint_through_json_continues_exactly_where_the_memory_was() -> None:
    memory = warmed()
    restored = ScanMemory.restore(json.loads(json.dumps(memory.checkpoint(), allow_nan=False)))
    for tick in (40.0, 40.5, 41.0):
        ours, theirs = scan(at(tick), memory, SETTINGS), scan(at(tick), restored, SETTINGS)
        assert np.array_equal(ours.z_temporal, theirs.z_temporal, equal_nan=True)
        assert np.isfinite(ours.z_temporal).sum() > 30
        assert [f.key for f in ours.findings] == [f.key for f in theirs.findings]


def test_an_empty_memory_can_be_kept_and_restored() -> None:
    restored = ScanMemory.restore(json.loads(json.dumps(ScanMemory().checkpoint(), allow_nan=False)))
    assert scan(at(0.0), restored, SETTINGS).forward > 0


def test_after_recentring_each_contract_keeps_its_own_past() -> None:
    memory = warmed()
    whole = scan(at(40.0), memory, SETTINGS).z_temporal
    rows = np.arange(len(CHAIN))[5:][::-1]
    memory = warmed()
    part = scan(only(at(40.0), rows), memory, SETTINGS).z_temporal
    assert np.isfinite(part).sum() == np.isfinite(whole[rows]).sum()
    assert memory.strike.tolist() == CHAIN.strike[rows].tolist()


def test_another_expiry_or_time_running_backwards_forgets_everything() -> None:
    for other in (replace(at(41.0), expiry=CHAIN.expiry + timedelta(days=1)), at(1.0)):
        memory = warmed()
        result = scan(other, memory, SETTINGS)
        assert np.isnan(result.z_temporal).all()


@pytest.mark.parametrize(
    "damage",
    [
        lambda saved: saved.update(version=2),
        lambda saved: saved.pop("temporal"),
        lambda saved: saved["temporal"]["mean"].pop(),
        lambda saved: saved.update(strike="x"),
        lambda saved: saved.update(is_call=[]),
        lambda saved: saved.update(trail=[[1]]),
        lambda saved: saved["spreads"].update(samples=[[1.0]]),
    ],
)
def test_a_damaged_checkpoint_is_refused_with_what_to_do(damage: object) -> None:
    saved = json.loads(json.dumps(warmed(2.0).checkpoint()))
    damage(saved)  # type: ignore[operator]
    with pytest.raises(CheckpointError, match="start afresh"):
        ScanMemory.restore(saved)
