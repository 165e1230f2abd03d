"""The embedded hub under load: N clients at 20 Hz of full-size frames over the real path, ingest included."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import psutil  # type: ignore[import-untyped]

from apps.contracts.api import IngestRequest
from apps.contracts.frames import Frame
from apps.contracts.live import frame_bytes
from apps.contracts.names import FRAME_BYTES_MAX, Env
from tests.backend.process import BackendProcess
from tests.bench.row import ROUNDS, Budget, Rounds, Row
from tests.contracts.builders import DAY, make_cell, make_frame

HZ = 20
SECONDS = 5
FRAMES = HZ * SECONDS
MUST, AIM = 200, 500
CLIENTS = {
    MUST: Budget(f"embedded hub, {MUST} clients × {HZ} Hz", "no loss", "no loss"),
    AIM: Budget(f"embedded hub, {AIM} clients × {HZ} Hz", "", "no loss"),
}
BUDGETS = tuple(CLIENTS.values())


@dataclass(frozen=True)
class Load:
    """One round's outcome."""

    received: int
    lost: int
    p50_ms: float
    p99_ms: float
    cpu_share: float
    """Of one core, the backend's own."""


def full_frame(number: int) -> Frame:
    """As many cells as fit the limit."""
    cells = [make_cell(580.0 + place) for place in range(40)]
    frame = make_frame(number, cells=cells, t_publish=round(time.time() * 1000, 3), strike_low=580, strike_high=620)
    while frame_bytes(frame) > FRAME_BYTES_MAX:
        cells.pop()
        frame = frame.model_copy(update={"cells": cells})
    return frame


async def publish(url: str, token: str) -> None:
    """FRAMES frames at HZ on one connection, as the detector does."""
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=url, headers=headers, timeout=10) as http:
        began = time.monotonic()
        for number in range(1, FRAMES + 1):
            await asyncio.sleep(max(0.0, began + number / HZ - time.monotonic()))
            batch = IngestRequest(
                source="simulated",
                run="test",
                symbol="SPY",
                day=DAY,
                epoch=1,
                first_seq=1,
                events=[],
                frame=full_frame(number),
            )
            (await http.post("/api/ingest", content=batch.model_dump_json())).raise_for_status()


def one_round(clients: int) -> Load:
    """A fresh backend, `clients` clients in a process of their own."""
    keys: dict[str, Any] = {
        "HUB_CONNECTIONS_MAX": "2000",
        "RATE_READER": "10000",
        "RATE_ADDRESS": "10000",
        Env.RUN_ID: "",
    }
    with tempfile.TemporaryDirectory() as folder, BackendProcess(Path(folder), **keys) as backend:
        command = [sys.executable, "-m", "tests.bench.hub_clients", backend.url, str(clients), str(FRAMES)]
        with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as listeners:
            assert listeners.stdout is not None
            assert listeners.stdout.readline().strip() == "ready"
            process = psutil.Process(backend.pid)
            before, began = sum(process.cpu_times()[:2]), time.monotonic()
            asyncio.run(publish(backend.url, backend.publisher_token()))
            share = (sum(process.cpu_times()[:2]) - before) / (time.monotonic() - began)
            outcome = json.loads(listeners.stdout.readline())
    return Load(**outcome, cpu_share=share)


def rows() -> list[Row]:
    """Median of five rounds; a round with a loss is not met, whatever the others say."""
    found = []
    for clients, budget in CLIENTS.items():
        loads = [one_round(clients) for _ in range(ROUNDS)]
        lost = max(load.lost for load in loads)
        p50 = Rounds.of(load.p50_ms for load in loads)
        p99 = Rounds.of(load.p99_ms for load in loads)
        share = Rounds.of(load.cpu_share for load in loads).median
        found.append(
            Row(
                budget,
                measured=f"{lost} lost; p50 {p50.median:.0f}, p99 {p99.median:.0f} ms",
                against=f"{share:.0%} of one core for {clients * HZ:,} messages/s",
                span=f"p50 {p50.span('.0f')}, p99 {p99.span('.0f')} ms",
                met=lost == 0 if budget.must else None,
                note=(
                    f"of {clients * FRAMES:,} frames of {frame_bytes(full_frame(FRAMES)):,} B, the worst of {ROUNDS}; "
                    f"delay from publisher to every client's socket, load {os.getloadavg()[0]:.1f}"
                ),
            )
        )
    return found
