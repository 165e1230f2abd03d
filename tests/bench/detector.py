"""What the detector adds to a scan: life cycle and anomalies, frames, and the wait from packet to detection."""

from __future__ import annotations

import asyncio
import itertools
import statistics
import time
from datetime import UTC, datetime

from apps.detector.cells import cells_of
from apps.detector.detection import Detection
from apps.detector.frames import FrameComposer
from apps.detector.scanner import Scanner
from apps.market.chain import Chain
from apps.market.contract_hours import ContractHours
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from tests.bench.row import ROUNDS, Budget, Rounds, Row, rounds_of, seconds_per_call
from tests.detector.helpers import OPEN_1005, STREAM, header, make_chain

CALLS = 60
HOURS = ContractHours(
    open=datetime(2025, 5, 19, 13, 30, tzinfo=UTC).timestamp(),
    close=datetime(2025, 5, 19, 20, tzinfo=UTC).timestamp(),
    expiry=datetime(2025, 5, 19, 20, tzinfo=UTC).timestamp(),
)
PACKETS_A_SECOND = 400
LATENCY_SECONDS = 3.0

STEP = Budget("scan, life cycle, anomalies, scores: 50 contracts, one open episode")
BEAT = Budget("a beat: 50 cells rounded, all changed, in frames of at most 2,048 bytes")
DETECTED = Budget(f"packet received to detected, {PACKETS_A_SECOND} packets/s, 20 scans/s")
BUDGETS = (STEP, BEAT, DETECTED)


def rows() -> list[Row]:
    """Scans a second, frames, and packet to detection at default settings."""
    return [_steps(), _frames(), _latency()]


def _chains() -> list[Chain]:
    """Consecutive chains with one open episode: what a working detector sees."""
    return [
        make_chain(OPEN_1005 + step / 20, forward=594 + step / 500, cheap={(596.0, True): -0.25}, updates=step)
        for step in range(CALLS)
    ]


def _steps() -> Row:
    chains, settings = _chains(), ScanSettings()

    def bare() -> float:
        memory, following = ScanMemory(), iter(chains)
        return seconds_per_call(lambda: scan(next(following), memory, settings, HOURS), calls=CALLS)

    def whole() -> float:
        detection, following = Detection(STREAM, settings), iter(chains)
        return seconds_per_call(
            lambda: detection.step(next(following), HOURS, t_recv=1.0, wall=lambda: 2.0), calls=CALLS
        )

    floor, steps = rounds_of(bare).median, rounds_of(whole)
    return Row(
        STEP,
        measured=f"{1 / steps.median:,.0f} scans/s ({steps.median * 1e3:.2f} ms)",
        against=f"{steps.median / floor:.2f}x the bare scan",
        span=f"{Rounds.of(value * 1e3 for value in steps.values).span('.2f')} ms",
        note="default coalescing asks for 20 a second",
    )


def _frames() -> Row:
    chain = make_chain(OPEN_1005)
    result = scan(chain, ScanMemory(), ScanSettings(), HOURS)
    composer, clock = FrameComposer(frames_per_beat=100), itertools.count()
    pictures = itertools.cycle(
        [cells_of(make_chain(OPEN_1005, forward=forward), result, {}) for forward in (594.0, 594.5)]
    )
    base = header()

    def beat() -> None:
        composer.update(next(pictures))
        composer.compose(lambda number: base.model_copy(update={"frame": number}), next(clock) * 0.05)

    def both() -> float:
        whole = seconds_per_call(beat, calls=100)
        return 1e3 * (whole + seconds_per_call(lambda: cells_of(chain, result, {}), calls=100))

    beats = rounds_of(both)
    return Row(
        BEAT,
        measured=f"{beats.median:.2f} ms",
        against=f"{beats.median / 50:.1%} of the default beat",
        span=f"{beats.span('.2f')} ms",
    )


def _latency() -> Row:
    p50, p99, floor = map(Rounds.of, zip(*(asyncio.run(_flow()) for _ in range(ROUNDS)), strict=True))
    return Row(
        DETECTED,
        measured=f"p50 {p50.median:.0f}, p99 {p99.median:.0f} ms",
        against=f"one scan alone {floor.median:.1f} ms",
        span=f"p50 {p50.span('.0f')}, p99 {p99.span('.0f')} ms",
        note="of every packet; coalescing itself is 0 to 50 ms, evenly",
    )


async def _flow() -> tuple[float, float, float]:
    """(p50, p99) of all packets and the median scan, milliseconds."""
    detection, step = Detection(STREAM, ScanSettings()), itertools.count()
    waits: list[float] = []
    scans: list[float] = []

    def look(arrivals: tuple[float, ...]) -> None:
        began = time.time() * 1000
        now = OPEN_1005 + next(step) / 20
        detected = detection.step(make_chain(now), HOURS, t_recv=arrivals[0], wall=lambda: time.time() * 1000).t_detect
        waits.extend(detected - arrival for arrival in arrivals)
        scans.append(detected - began)

    scanner = Scanner(look, per_second=20, longest_pause=2, on_error=print)
    end = time.monotonic() + LATENCY_SECONDS
    while time.monotonic() < end:
        scanner.packet(time.time() * 1000)
        await asyncio.sleep(1 / PACKETS_A_SECOND)
    cuts = statistics.quantiles(waits, n=100)
    return cuts[49], cuts[98], statistics.median(scans)
