"""The whole scan of 60 contracts, arbitrage included, against implied vol of the same quotes in the same run."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import replace
from functools import partial

import numpy as np

from apps.market.arbitrage import executable, find_claims
from apps.market.chain import Chain
from apps.market.grid import grid_of
from apps.market.implied_vol import implied_vol
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.simulator.families import generate, three_lognormals
from tests.bench.row import ROUNDS, Budget, Rounds, Row
from tests.market.chains import chain_from

REPEATS = 200
SEED = 3
MUST_MS = 1.0
SCAN = Budget("scan of 60 contracts, arbitrage included", "≤ 1 ms", "≤ 0.4 ms")
BUDGETS = (SCAN,)


def middle(work: Callable[[Chain], object], chains: list[Chain]) -> float:
    """Median seconds of one call over the chains: a call that the machine took time from does not count."""
    times = []
    for chain in chains:
        started = time.perf_counter()
        work(chain)
        times.append(time.perf_counter() - started)
    return statistics.median(times)


def rows() -> list[Row]:
    """Median of five rounds of two hundred scans, each at a new instant with some quotes moved."""
    generated = generate(three_lognormals, SEED, seconds=3 * 3600, window=0.0217)
    chain = chain_from(generated)
    assert len(chain) == 60
    settings = ScanSettings()
    rng = np.random.default_rng(SEED)
    moves = rng.integers(-1, 2, (REPEATS, len(chain))) * 0.01 * (rng.random((REPEATS, len(chain))) < 0.1)
    chains = [
        replace(
            chain,
            market_time=chain.market_time + 0.05 * i,
            last_packet_time=chain.market_time + 0.05 * i,
            bid=np.maximum(chain.bid + move, 0.0),
            ask=np.maximum(chain.ask + move, 0.01),
        )
        for i, move in enumerate(moves)
    ]
    scans, crossings, vols = [], [], []
    grid = grid_of(chain.strike, chain.is_call)
    for _ in range(ROUNDS):
        memory = ScanMemory()
        scans.append(middle(partial(scan, memory=memory, settings=settings), chains))
        crossings.append(middle(lambda one: find_claims(one, grid, executable(one), settings), chains))
        vols.append(
            middle(
                lambda one: implied_vol((one.bid + one.ask) / 2, generated.forward, one.strike, one.is_call, 3 / 8760),
                chains,
            )
        )
    whole, crossing, floor = (Rounds.of(1000 * value for value in values) for values in (scans, crossings, vols))
    return [
        Row(
            SCAN,
            measured=f"{whole.median:.2f} ms",
            against=f"{whole.median / floor.median:.1f}x the implied vols of the same 60 mids ({floor.median:.3f} ms)",
            span=f"{whole.span('.2f')} ms",
            met=whole.median <= MUST_MS,
            note=f"of it the search for crossings {crossing.median:.2f} ms; seed {SEED}",
        )
    ]
