"""Beside the detection table: days on which nothing is wrong, and errors planted in a real chain."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import numpy as np

from apps.cli.chain_files import build_chain, read_chain_file
from apps.market.chain import Chain
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.market.terms import SEVERITY_ORDER, Flag, Severity
from apps.simulator.families import FAMILIES, generate, lagged_neighbours, plant, two_lumps
from tests.bench.quality_detection import Tally
from tests.market.chains import chain_from

REAL_FILE = Path(__file__).parents[2] / "apps" / "simulator" / "data" / "spy_quotedata_20250516.csv"
REAL_EXPIRY = date(2025, 5, 19)
REAL_INSTANT = datetime(2025, 5, 16, 20, 15, tzinfo=UTC)
REAL_EXPIRY_INSTANT = datetime(2025, 5, 19, 20, 0, tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class WShaped:
    """Event days: chains on which a finding was above LOW, and those marked LOW_CONFIDENCE."""

    chains: int
    above_low: int
    low_confidence: int


def w_shaped(chains: int, seed: int) -> WShaped:
    """Two-lump chains with 1 to 6 hours left, windows of 1 to 3 %, nothing planted. The seed repeats them.

    Executable crossings are not statistics: none exists in an untouched chain, so they would count as well.
    """
    rng = np.random.default_rng(seed)
    above = unsure = 0
    for _ in range(chains):
        generated = generate(
            two_lumps,
            int(rng.integers(2**62)),
            seconds=float(rng.uniform(1, 6)) * 3600,
            window=float(rng.choice((0.01, 0.02, 0.03))),
        )
        result = scan(chain_from(generated), ScanMemory(), ScanSettings())
        above += any(SEVERITY_ORDER[found.severity] > SEVERITY_ORDER[Severity.LOW] for found in result.findings)
        unsure += result.low_confidence
        marked = all(Flag.LOW_CONFIDENCE in found.flags for found in result.findings)
        assert marked or not result.low_confidence, "a finding of an unsure chain hides that it is unsure"
    return WShaped(chains, above, unsure)


@dataclass(frozen=True, slots=True)
class Lagged:
    """Three neighbours that still show the old quotes after the forward moved: chains, and those with a flag on one."""

    chains: int
    flagged: int
    elsewhere: int


def lagged(family: str, chains: int, seed: int) -> Lagged:
    """Scan before the move, then after it: only the memory of the forward can tell late from wrong.

    The forward moves by 5 to 30 cents. 50 ms later every line but three has answered; a scan then must not blame the
    three, nor anyone else.
    """
    rng = np.random.default_rng(seed)
    flagged = elsewhere = 0
    for _ in range(chains):
        generated = generate(
            FAMILIES[family], int(rng.integers(2**62)), seconds=float(rng.uniform(1, 6)) * 3600, window=0.02
        )
        move = float(rng.uniform(0.05, 0.30)) * float(rng.choice((-1, 1)))
        moved, late = lagged_neighbours(generated, int(rng.integers(2**62)), move=move)
        memory = ScanMemory()
        before = chain_from(generated)
        scan(before, memory, ScanSettings())
        settled = replace(before, market_time=before.market_time + 1.0)
        scan(replace(settled, last_packet_time=settled.market_time), memory, ScanSettings())
        now = settled.market_time + 0.05
        times = np.full(len(before), now)
        times[late] = before.market_time
        after = chain_from(moved, market_time=now, last_packet_time=now, bid_time=times, ask_time=times)
        rows = {found.row for found in scan(after, memory, ScanSettings()).findings}
        flagged += bool(rows & set(late.tolist()))
        elsewhere += bool(rows - set(late.tolist()))
    return Lagged(chains, flagged, elsewhere)


def real_chain(window: float = 0.02) -> Chain:
    """The real SPY chain of 16 May 2025, expiry 19 May, at its own time to expiry, strikes within `window`."""
    file = read_chain_file(REAL_FILE)
    seconds = (REAL_EXPIRY_INSTANT - REAL_INSTANT) / timedelta(seconds=1)
    chain = build_chain(file, REAL_EXPIRY, REAL_INSTANT.timestamp(), seconds, stock=False)
    forward = scan(chain, ScanMemory(), ScanSettings()).forward
    return _only(chain, np.flatnonzero(np.abs(chain.strike / forward - 1) <= window))


def _only(chain: Chain, rows: np.ndarray) -> Chain:
    arrays = {
        name: getattr(chain, name)[rows] for name in chain.__slots__ if isinstance(getattr(chain, name), np.ndarray)
    }
    return replace(chain, **arrays)


def real_injections(chains: int, seed: int) -> Tally:
    """1, 3 or 5 errors planted in the real chain, again and again; its own flags count as false."""
    chain = real_chain()
    fair = scan(chain, ScanMemory(), ScanSettings()).fair
    rng = np.random.default_rng(seed)
    tally = Tally()
    for index in range(chains):
        bid, ask, injected = plant(rng, chain.bid, chain.ask, np.nan_to_num(fair), (1, 3, 5)[index % 3])
        rows = {f.row for f in scan(replace(chain, bid=bid, ask=ask), ScanMemory(), ScanSettings()).findings}
        tally.count(rows, injected)
    return tally
