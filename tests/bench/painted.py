"""What a page in real Chromium shows, how late, and what it costs it: sampled quotes, a burst, a whole session.

The burst is the session itself at 60x: five stretches of it are timed, the heap is read before and after.
"""

from __future__ import annotations

import json
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
from playwright.sync_api import Browser

from apps.cli.local_platform import LocalPlatform
from apps.contracts.names import Metric
from tests.bench.row import ROUNDS, Budget, Rounds, Row
from tests.browser import chromium
from tests.e2e.dashboard import Dashboard
from tests.local_platform import api, running_platform

P50_MUST_MS, P99_MUST_MS = 50.0, 100.0
LATENCY_MUST = f"p50 ≤ {P50_MUST_MS:.0f}, p99 ≤ {P99_MUST_MS:.0f} ms"
HEAP_MUST_MB = 5.0
SAMPLED = Budget("receive → painted, 60 lines sampled", LATENCY_MUST, "30 / 70")
BURST = Budget("the same under a burst of 500 changes/s and more, values after 5 s", f"{LATENCY_MUST}, all", "30 / 70")
HEAP = Budget("heap growth over a session replayed at 60×", f"≤ {HEAP_MUST_MB:.0f} MB")
BUDGETS = (SAMPLED, BURST, HEAP)

SAMPLED_SECONDS = 55.0
"""A stretch of about a thousand packets: the default beat paints at most twenty a second."""

BURST_SECONDS = 60.0
RATE = 60
SETTLE_SECONDS = 5.0
SESSION_SECONDS = 6.5 * 3600 / RATE
HEAP_FROM = 0.18
"""Share of the session after which the first heap reading is taken: views are built and lists are full."""

PACKETS_LEAST = 300
"""A stretch that painted fewer says nothing of a 99th percentile."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """Latency of the packets painted in one stretch, and how many quote changes came a second."""

    p50_ms: float
    p99_ms: float
    packets: int
    changes_per_second: float


@dataclass(frozen=True, slots=True)
class Watched:
    """A page on a platform of its own."""

    platform: LocalPlatform
    browser: Browser
    dashboard: Dashboard
    client: httpx.Client

    def stretch(self, seconds: float) -> Stretch:
        """What is painted in the next `seconds`. Raises RuntimeError when that is too little to judge."""
        before, ticks, began = self._samples(), self._ticks(), time.monotonic()
        time.sleep(seconds)
        packets, lasted = self._samples() - before, time.monotonic() - began
        if packets < PACKETS_LEAST:
            raise RuntimeError(f"only {packets} packets were painted in {lasted:.0f} s")
        p50, p99 = json.loads(self.dashboard.page.evaluate(f"JSON.stringify(window.__spy.latencyOfLast({packets}))"))
        return Stretch(p50, p99, packets, (self._ticks() - ticks) / lasted)

    def set_rate(self, rate: float) -> None:
        """Of the simulated clock."""
        self.client.post("/api/simulation/clock", json={"rate": rate}).raise_for_status()

    def kept(self) -> tuple[int, int]:
        """How many bid and ask cells on screen equal the server's of the same instant, and how many there are.

        The market moves on while both are read, so a cell counts when it equals the server's before or after.
        """
        before, page, after = self._server(), self._screen(), self._server()
        return sum(1 for key, text in page.items() if text in {before.get(key), after.get(key)}), len(page)

    def heap_and_nodes(self) -> tuple[float, int]:
        """Megabytes of the page's heap and its DOM nodes, after garbage collection."""
        session = self.dashboard.page.context.new_cdp_session(self.dashboard.page)
        session.send("HeapProfiler.collectGarbage")
        session.send("Performance.enable")
        metrics = {each["name"]: each["value"] for each in session.send("Performance.getMetrics")["metrics"]}
        session.detach()
        return metrics["JSHeapUsedSize"] / 2**20, int(metrics["Nodes"])

    def _samples(self) -> int:
        return int(self.dashboard.counters()["latencySamples"])

    def _ticks(self) -> float:
        url = f"http://127.0.0.1:{self.platform.plan.ports.detector}/metrics"
        lines = httpx.get(url, trust_env=False).raise_for_status().text.splitlines()
        return sum(float(line.rsplit(" ", 1)[1]) for line in lines if line.startswith(f"{Metric.IBKR_TICKS}{{"))

    def _server(self) -> dict[str, str]:
        cells: list[list[Any]] = self.client.get("/api/snapshot").raise_for_status().json()["cells"]
        return {
            f"cell-{cell[1]}-{cell[0]:g}-{side}": "—" if price is None else f"{price:.2f}"
            for cell in cells
            for side, price in (("bid", cell[2]), ("ask", cell[3]))
        }

    def _screen(self) -> dict[str, str]:
        script = """JSON.stringify(Object.fromEntries([...document.querySelectorAll('[data-testid^="cell-"]')]
            .map(cell => [cell.dataset.testid, cell.textContent]).filter(([name]) => /-(bid|ask)$/.test(name))))"""
        found: dict[str, str] = json.loads(self.dashboard.page.evaluate(script))
        return found


@contextmanager
def watched(scenario: str, rate: float) -> Iterator[Watched]:
    """A platform and a page that is live; both ended afterwards."""
    with (
        tempfile.TemporaryDirectory() as folder,
        running_platform(Path(folder), scenario=scenario, rate=rate) as platform,
        chromium() as browser,
        api(platform) as client,
    ):
        dashboard = Dashboard(browser, platform.plan.page_url)
        dashboard.wait_until_live()
        yield Watched(platform, browser, dashboard, client)
        dashboard.close()


def rows() -> list[Row]:
    """Five stretches sampled; then one session with five stretches of burst in it."""
    with watched("quiet", 1) as page:
        page.stretch(SAMPLED_SECONDS / 2)  # the page's first seconds are its start, which has a row of its own
        sampled = [page.stretch(SAMPLED_SECONDS) for _ in range(ROUNDS)]
    with watched("open", RATE) as page:
        time.sleep(SESSION_SECONDS * HEAP_FROM)
        first = page.heap_and_nodes()
        began = time.monotonic()
        burst = [page.stretch(BURST_SECONDS) for _ in range(ROUNDS)]
        page.set_rate(1)
        time.sleep(SETTLE_SECONDS)
        kept = page.kept()
        page.set_rate(RATE)
        time.sleep(max(0.0, SESSION_SECONDS * (1 - HEAP_FROM) + SETTLE_SECONDS - (time.monotonic() - began)))
        last = page.heap_and_nodes()
        frames = page.dashboard.counters()["frames"]
    return [
        _painted(SAMPLED, sampled, SAMPLED_SECONDS),
        _painted(BURST, burst, BURST_SECONDS, kept),
        _heap(first, last, frames),
    ]


def _painted(budget: Budget, stretches: list[Stretch], seconds: float, kept: tuple[int, int] | None = None) -> Row:
    p50, p99 = Rounds.of(each.p50_ms for each in stretches), Rounds.of(each.p99_ms for each in stretches)
    changes = Rounds.of(each.changes_per_second for each in stretches)
    shown = f"; {kept[0]} of {kept[1]} cells equal the server's" if kept else ""
    return Row(
        budget,
        measured=f"p50 {p50.median:.0f}, p99 {p99.median:.0f} ms at {changes.median:,.0f} changes/s{shown}",
        against="a screen's frame is 17 ms",
        span=f"p50 {p50.span('.0f')}, p99 {p99.span('.0f')} ms",
        met=p50.median <= P50_MUST_MS and p99.median <= P99_MUST_MS and (kept is None or kept[0] == kept[1] > 0),
        note=(
            f"stretches of {seconds:.0f} s, {min(each.packets for each in stretches):,} packets and "
            f"{seconds * min(changes.values):,.0f} values or more each"
        ),
    )


def _heap(first: tuple[float, int], last: tuple[float, int], frames: int) -> Row:
    grown = last[0] - first[0]
    return Row(
        HEAP,
        measured=f"{grown:+.1f} MB over {frames:,} frames",
        against=f"of {first[0]:.1f} MB; DOM nodes {first[1]:,} to {last[1]:,}",
        met=grown <= HEAP_MUST_MB,
        note="one session, after garbage collection",
    )
