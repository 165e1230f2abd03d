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
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.market.states import SessionHours
from tests.bench.row import Row, median_of_five, seconds_per_call
from tests.detector.helpers import OPEN_1005, STREAM, header, make_chain

CALLS = 60
HOURS = SessionHours(
    open=datetime(2025, 5, 19, 13, 30, tzinfo=UTC).timestamp(),
    close=datetime(2025, 5, 19, 20, tzinfo=UTC).timestamp(),
    expiry=datetime(2025, 5, 19, 20, tzinfo=UTC).timestamp(),
)
PACKETS_A_SECOND = 400
LATENCY_SECONDS = 2.0


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

    floor, step = median_of_five(bare), median_of_five(whole)
    return Row(
        "scan, life cycle, anomalies, scores: 50 contracts, one open episode",
        must="",
        aim="",
        measured=f"{1 / step:,.0f} scans/s ({step * 1e3:.2f} ms)",
        ratio_to=f"{step / floor:.2f}x the bare scan",
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

    whole = median_of_five(lambda: seconds_per_call(beat, calls=100))
    cells = median_of_five(lambda: seconds_per_call(lambda: cells_of(chain, result, {}), calls=100))
    return Row(
        "a beat: 50 cells rounded, all changed, in frames of at most 2,048 bytes",
        must="",
        aim="",
        measured=f"{(whole + cells) * 1e3:.2f} ms",
        ratio_to=f"{(whole + cells) / 0.05:.1%} of the default beat",
    )


def _latency() -> Row:
    measured = [asyncio.run(_flow()) for _ in range(5)]
    p50, p99 = (statistics.median(one[index] for one in measured) for index in (0, 1))
    floor = statistics.median(one[2] for one in measured)
    return Row(
        f"packet received to detected, {PACKETS_A_SECOND} packets/s, 20 scans/s",
        must="",
        aim="",
        measured=f"p50 {p50:.0f} ms, p99 {p99:.0f} ms",
        ratio_to=f"one scan alone {floor:.1f} ms",
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
