"""Quote changes through the real wire into chain state, receive to detect under that load, memory; floor: decode alone.

The simulated gateway runs unsampled in a process of its own; the feed is the product's, on the unmodified library.
Every packet of the throughput rows is followed by a read of the chain, so a change counts only once it is visible.
"""

from __future__ import annotations

import asyncio
import gc
import logging
import statistics
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field

import psutil  # type: ignore[import-untyped]

from apps.broker.client import LIBRARY, ib_api
from apps.broker.feed import FeedStatus, Packet
from apps.broker.ib_feed import IBFeed
from apps.broker.settings import FeedSettings
from apps.detector.scanner import Scanner
from apps.market.calendar import ExchangeCalendar
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.simulator.server import Gateway
from apps.simulator.settings import Settings
from tests.bench.row import ROUNDS, Budget, Rounds, Row
from tests.simulator.worlds import FlatWorld

LINES = 60
SECONDS = 3.0
MUST, AIM = 20_000, 50_000
FLAT_OUT, PACED = 0.0005, 0.005
"""Seconds between the gateway's beats: every line's bid and ask change at each."""

MEMORY_SECONDS = 40.0
STRETCH_SECONDS = MEMORY_SECONDS / ROUNDS
GROWTH_MOST_MB = 2.0

VISIBLE = Budget(
    f"quote changes/s through the wire, each visible in chain state, {LINES} lines", f"≥ {MUST:,}", f"≥ {AIM:,}"
)
DETECTED = Budget("receive → detected under that load, 20 scans/s at most", "shown")
MEMORY = Budget(f"resident memory over {MEMORY_SECONDS:.0f} s of that load", "flat")
BUDGETS = (VISIBLE, DETECTED, MEMORY)


def serve(beat_seconds: float) -> None:
    """In a process of its own: the gateway on a free port, which it prints with its market time. Ends with stdin."""

    async def run() -> None:
        world = FlatWorld(count=LINES, step_seconds=0.0001, trades=False)
        settings = Settings(port=0, sampling="none", beat_seconds=beat_seconds, messages_per_second=1_000)
        gateway = Gateway(world, settings)
        await gateway.start()
        print(gateway.port, world.session.start, flush=True)
        beating = asyncio.create_task(gateway.run())
        await asyncio.to_thread(sys.stdin.read)
        beating.cancel()

    asyncio.run(run())


@contextmanager
def served(beat_seconds: float) -> Iterator[tuple[int, float]]:
    """Port and market time of a gateway that beats this fast."""
    command = [sys.executable, "-m", "tests.bench.feed", str(beat_seconds)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdout is not None
        assert server.stdin is not None
        port, start = server.stdout.readline().split()
        try:
            yield int(port), float(start)
        finally:
            server.stdin.close()
            server.wait(10)


class FixedClock:
    """Market time that began at `start` with this object."""

    rate = 1.0
    ends_at = None

    def __init__(self, start: float) -> None:
        self._offset = start - time.time()

    def now(self) -> float:
        return time.time() + self._offset


@dataclass
class Load:
    """What one run of the feed saw."""

    feed: IBFeed
    clock: FixedClock
    detect: bool
    changes: int = 0
    latencies: list[float] = field(default_factory=list)
    subscribed: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self._memory, self._settings = ScanMemory(), ScanSettings()
        self.scanner = Scanner(self._scan, per_second=20, longest_pause=2, on_error=self._failed)

    def on_status(self, status: FeedStatus) -> None:
        if status.expiry:
            self.subscribed.set()

    def on_packet(self, packet: Packet) -> None:
        self.changes += packet.quote_changes
        if self.detect:
            self.scanner.packet(packet.t_recv)
        else:
            assert self.feed.chain(packet.market_time) is not None or packet.underlying_changed

    def _scan(self, arrivals: tuple[float, ...]) -> None:
        chain = self.feed.chain(self.clock.now())
        if chain is not None:
            scan(chain, self._memory, self._settings)
            now = time.time() * 1000
            self.latencies.extend(now - arrival for arrival in arrivals)

    @staticmethod
    def _failed(name: str) -> None:
        raise AssertionError(f"the scan failed: {name}")


async def through_the_feed(port: int, start: float, seconds: float, *, detect: bool) -> tuple[float, Load, list[float]]:
    """Quote changes a second, the load, and resident megabytes each second."""
    clock = FixedClock(start)
    settings = FeedSettings(port=port, strikes_range_percent=3.0, data_lines=LINES + 1, reserved_lines=0)
    feed = IBFeed(settings, clock, ExchangeCalendar.around(FlatWorld().session.day))
    load = Load(feed, clock, detect)
    task = asyncio.create_task(feed.run(load.on_packet, load.on_status))
    try:
        async with asyncio.timeout(20):
            await load.subscribed.wait()
        await asyncio.sleep(2)  # the library sends 45 requests a second
        load.latencies.clear()
        process, resident = psutil.Process(), []
        ticks, changes, began = feed.counts.ticks, load.changes, time.perf_counter()
        while (passed := time.perf_counter() - began) < seconds:
            resident.append(process.memory_info().rss / 1e6)
            await asyncio.sleep(min(1.0, seconds - passed))
        # A message changes a price, a size or both; messages are the smaller, more honest count.
        seen = min(feed.counts.ticks - ticks, load.changes - changes)
        return seen / (time.perf_counter() - began), load, resident
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task


async def library_alone(port: int, seconds: float) -> float:
    """Price and size ticks a second that the plain library decodes into its own tickers, nobody listening."""
    ib = ib_api.IB()
    await ib.connectAsync("127.0.0.1", port, 1, readonly=True)
    try:
        details = await ib.reqContractDetailsAsync(ib_api.Option("SPY", "20250519", 0.0, "", "SMART"))
        for detail in details[:LINES]:
            detail.contract.exchange = "SMART"
            ib.reqMktData(detail.contract)
        await asyncio.sleep(2)
        before, began = ib.client._numMsgRecv, time.perf_counter()
        await asyncio.sleep(seconds)
        return float(ib.client._numMsgRecv - before) / (time.perf_counter() - began)
    finally:
        ib.disconnect()


def percentile(values: list[float], share: float) -> float:
    """Of a non-empty list."""
    return sorted(values)[min(len(values) - 1, int(share * len(values)))]


def rows() -> list[Row]:
    """Throughput, then latency and memory under the must's load."""
    logging.getLogger("apps").setLevel(logging.ERROR)
    rates, floors = [], []
    for _ in range(ROUNDS):
        with served(FLAT_OUT) as (port, start):
            rates.append(asyncio.run(through_the_feed(port, start, SECONDS, detect=False))[0])
        with served(FLAT_OUT) as (port, _):
            floors.append(asyncio.run(library_alone(port, SECONDS)))
    return [_visible(Rounds.of(rates), Rounds.of(floors)), *_under_load()]


def _visible(rates: Rounds, floors: Rounds) -> Row:
    return Row(
        VISIBLE,
        measured=f"{rates.median:,.0f}",
        against=(
            f"{rates.median / floors.median:.2f}x {LIBRARY} decoding into its own tickers alone "
            f"({floors.median:,.0f} messages/s)"
        ),
        span=rates.span(",.0f"),
        met=rates.median >= MUST,
    )


def _under_load() -> list[Row]:
    """One connection: five stretches of latency in succession, and memory over all of them."""
    gc.collect()
    with served(PACED) as (port, start):
        paced, load, resident = asyncio.run(through_the_feed(port, start, MEMORY_SECONDS, detect=True))
    size = len(load.latencies) // ROUNDS
    stretches = [load.latencies[number * size : (number + 1) * size] for number in range(ROUNDS)]
    p50, p99 = (Rounds.of(percentile(stretch, share) for stretch in stretches) for share in (0.5, 0.99))
    growth = statistics.median(resident[-5:]) - statistics.median(resident[2:7])
    return [
        Row(
            DETECTED,
            measured=f"p50 {p50.median:.0f}, p99 {p99.median:.0f} ms at {paced:,.0f} changes/s",
            against="one scan interval is 50 ms",
            span=f"p50 {p50.span('.0f')}, p99 {p99.span('.0f')} ms",
            note=f"{load.scanner.scans} scans; stretches of {STRETCH_SECONDS:.0f} s, {size:,} packets each",
        ),
        Row(MEMORY, f"{growth:+.1f} MB", f"of {resident[-1]:.0f} MB", met=growth < GROWTH_MOST_MB),
    ]


if __name__ == "__main__":
    serve(float(sys.argv[1]))
