"""What the detector's tests share: streams, cells, a real tiny backend as a process, a feed driven by hand."""

from __future__ import annotations

import asyncio
import contextlib
import json
import os
import random
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import httpx
import numpy as np

from apps.broker.feed import FeedCounts, FeedStatus, Packet
from apps.contracts.enums import DataState, FeedState, MarketState, SmileQuality, Source
from apps.contracts.events import Stream
from apps.contracts.frames import Cell, Frame
from apps.market.black import black_price
from apps.market.chain import Chain, Underlying
from tests.detector.ingest_server import SECRET

ROOT = Path(__file__).parent.parent.parent
OPEN_1005 = datetime(2025, 5, 19, 14, 5, tzinfo=UTC).timestamp()
STREAM = Stream(source=Source.SIMULATED, run="test", symbol="SPY", day="2025-05-19", epoch=1)


def header(number: int = 1, **changes: Any) -> Frame:
    """A frame without cells."""
    facts: dict[str, Any] = {
        **STREAM.model_dump(),
        "frame": number,
        "as_of_seq": 7,
        "market_time": datetime(2025, 5, 19, 14, 5, tzinfo=UTC),
        "t_recv": 1_763_708_000_123.1,
        "t_detect": 1_763_708_000_124.1,
        "t_publish": 1_763_708_000_125.1,
        "state": MarketState.NORMAL,
        "data": DataState.LIVE,
        "data_age": 0.05,
        "smile": SmileQuality.GOOD,
        "expiry": "2025-05-19",
        "seconds_to_expiry": 21_300.0,
        "beat": 0.05,
        "spot": 594.01,
        "forward": 594.0123,
        "atm_vol": 0.1423,
        "strike_low": 583.0,
        "strike_high": 606.0,
        "cells": [],
        **changes,
    }
    return Frame(**facts)


def cell(strike: float, right: str = "C", **changes: Any) -> Cell:
    """A cell with every field known."""
    known = Cell(
        strike, right, 1.23, 1.25, 10, 12, 1.24, 0.1234, 0.12, 0.125, 0.1233, 0.512, 12345, 54321, 1.231, 0.009, 1.2, 0,
        None, 0.4,
    )  # fmt: skip
    return known._replace(**changes)


def cells(count: int, **changes: Any) -> dict[tuple[float, str], Cell]:
    """`count` contracts from strike 560 on, calls and puts."""
    keys = [(560.0 + index // 2, "CP"[index % 2]) for index in range(count)]
    return {key: cell(*key, **changes) for key in keys}


def free_port() -> int:
    """A loopback port that nothing listens on now, below the range that outgoing connections are given.

    From that range a client that retries while its server is down would in time be given the very port it calls, be
    connected to itself, and keep the server from coming back.
    """
    dice = random.SystemRandom()
    while True:
        port = dice.randrange(20_000, 32_000)
        with socket.socket() as probe, contextlib.suppress(OSError):
            probe.bind(("127.0.0.1", port))
            return port


class IngestProcess:
    """The tiny backend as a process that can be killed and started again on its file."""

    def __init__(self, folder: Path) -> None:
        self.port = free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._file = folder / "ingest.jsonl"
        self._process: subprocess.Popen[bytes] | None = None

    def start(self, fault: dict[str, Any] | None = None) -> None:
        command = [sys.executable, "-m", "tests.detector.ingest_server", str(self.port), str(self._file)]
        self._process = process = subprocess.Popen(command, cwd=ROOT)

        def up() -> bool:
            assert process.poll() is None, "the tiny backend ended by itself"
            return self._answers()

        wait_until(up, what="the tiny backend answers")
        if fault:
            self.fault(fault)

    def kill(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.wait()
            self._process = None

    def fault(self, fault: dict[str, Any]) -> None:
        httpx.post(f"{self.url}/test", content=json.dumps(fault), timeout=20).raise_for_status()

    def seen(self) -> dict[str, Any]:
        """Streams, frames, requests as the backend has them."""
        return dict(httpx.get(f"{self.url}/test", timeout=20).json())

    def events(self, epoch: int = 1) -> list[dict[str, Any]]:
        """Events of the stream with this epoch, by seq."""
        return [event for key, events in self.seen()["streams"] if key[4] == epoch for event in events]

    def _answers(self) -> bool:
        with contextlib.suppress(httpx.HTTPError):
            return httpx.get(f"{self.url}/test", timeout=1).status_code == 200
        return False


@contextlib.contextmanager
def ingest_process(folder: Path, **fault: Any) -> Iterator[IngestProcess]:
    """A started tiny backend, killed at the end."""
    server = IngestProcess(folder)
    server.start(fault)
    try:
        yield server
    finally:
        server.kill()


def wait_until(condition: Callable[[], bool], *, what: str, seconds: float = 150) -> None:
    """Poll; fails with `what` after a generous time that only a hang reaches."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        time.sleep(0.02)


async def until(condition: Callable[[], bool], *, what: str, seconds: float = 150) -> None:
    """The same inside a loop."""
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, f"never: {what}"
        await asyncio.sleep(0.01)


def make_chain(
    market_time: float,
    *,
    forward: float = 594.0,
    cheap: dict[tuple[float, bool], float] | None = None,
    updates: int = 1,
) -> Chain:
    """A fair chain of 25 strikes with a 14 % smile; `cheap` moves both sides of a contract, dollars."""
    strike = np.repeat(np.arange(582.0, 607.0), 2)
    is_call = np.tile([True, False], 25)
    left = datetime(2025, 5, 19, 20, tzinfo=UTC).timestamp() - market_time
    vol = 0.14 + 6.0 * np.log(strike / forward) ** 2
    fair = black_price(forward, strike, is_call, vol, max(left, 60) / (365 * 86_400))
    half = np.maximum(0.01, 0.008 * fair)
    shift = np.array([(cheap or {}).get(key, 0.0) for key in zip(strike.tolist(), is_call.tolist(), strict=True)])
    n = strike.size
    times = np.full(n, market_time - 0.02)
    return Chain(
        symbol="SPY",
        trading_class="SPY",
        expiry=date(2025, 5, 19),
        market_time=market_time,
        seconds_to_expiry=left,
        strike=strike,
        is_call=is_call,
        bid=np.maximum(np.round(fair - half + shift, 2), 0.0),
        ask=np.maximum(np.round(fair + half + shift, 2), 0.01),
        bid_size=np.full(n, 20.0),
        ask_size=np.full(n, 20.0),
        last=np.round(fair, 2),
        volume=np.full(n, 1000.0),
        open_interest=np.full(n, 5000.0),
        bid_time=times,
        ask_time=times.copy(),
        updates=np.full(n, updates, dtype=np.int64),
        bid_exchange=np.zeros(n, dtype=np.int64),
        ask_exchange=np.zeros(n, dtype=np.int64),
        halted=np.zeros(n, dtype=np.bool_),
        stale=np.zeros(n, dtype=np.bool_),
        underlying=Underlying(forward - 0.01, forward + 0.01, forward, market_time, market_time),
        last_packet_time=market_time,
    )


class HandFeed:
    """A MarketFeed driven by the test: `quote()` is one packet, `drop()` loses the gateway."""

    def __init__(self, clock: Any) -> None:
        self.clock = clock
        self.generation = 1
        self.status = FeedStatus(FeedState.STARTING, False, False, 0, 80, None)
        self.cheap: dict[tuple[float, bool], float] = {}
        self.updates = 1
        self.counts = FeedCounts()
        self.running = False
        self._on_packet: Callable[[Packet], None] = lambda _: None
        self._on_status: Callable[[FeedStatus], None] = lambda _: None

    def chain(self, market_time: float) -> Chain | None:
        return make_chain(market_time, cheap=self.cheap, updates=self.updates) if self.status.connected else None

    async def run(self, on_packet: Callable[[Packet], None], on_status: Callable[[FeedStatus], None]) -> None:
        self._on_packet, self._on_status, self.running = on_packet, on_status, True
        try:
            self.connect()
            await asyncio.Event().wait()
        finally:
            self.running = False

    def connect(self) -> None:
        self.status = FeedStatus(FeedState.CONNECTED, True, False, 51, 80, "2025-05-19")
        self._on_status(self.status)

    def drop(self) -> None:
        self.status = FeedStatus(FeedState.RECONNECTING, False, False, 0, 80, None, message="the gateway is away")
        self._on_status(self.status)

    def quote(self) -> None:
        self.updates += 1
        self._on_packet(Packet(time.time() * 1000, self.clock.now(), tuple(range(50)), True, 50))


class HandClock:
    """Market time runs with the wall from 10:05 ET of the calibrated day, at a rate."""

    def __init__(self, start: float = OPEN_1005, rate: float = 1.0) -> None:
        self.rate = rate
        self._start, self._began = start, time.monotonic()

    def now(self) -> float:
        return self._start + (time.monotonic() - self._began) * self.rate


def detector_environment(folder: Path, backend_url: str, **more: str) -> dict[str, str]:
    """The environment of a detector process of the tests."""
    return {
        "PATH": os.environ["PATH"],
        "SOURCE": "simulated",
        "RUN_ID": "test",
        "DATA_DIR": str(folder / "data"),
        "BACKEND_URL": backend_url,
        "DETECTOR_PORT": "0",
        "PUBLISHER_CLIENT_SECRET": SECRET,
        **more,
    }
