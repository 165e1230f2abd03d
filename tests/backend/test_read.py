"""Reads: pages that meet, times that bound, samples thinned, and an honest account of freshness."""

from __future__ import annotations

import time
from datetime import timedelta
from pathlib import Path

from apps.backend.examples import FLOW, MARKET, SIGNAL, STATUS
from apps.contracts.api import Snapshot
from apps.contracts.enums import EpisodeStatus, Role
from apps.contracts.events import (
    Event,
    FlowEvent,
    Gap,
    GapEvent,
    MarketEvent,
    SignalEvent,
    StatusEvent,
)
from tests.backend.running import Running, batch, request_of, running, stream
from tests.contracts.builders import DAY, MARKET_TIME, make_anomaly_event, make_cell, make_frame


def _opened(seq: int, minutes: int) -> Event:
    at = MARKET_TIME + timedelta(minutes=minutes)
    return make_anomaly_event(seq, episode=seq, opened_at=at, timestamp=at)


async def _pages(here: Running, path: str, key: str, limit: int) -> list[dict]:
    rows, cursor = [], None
    while True:
        query = {"limit": limit, **({"cursor": cursor} if cursor else {})}
        page = await here.read(path, **query)
        assert len(page[key]) <= limit
        rows += page[key]
        cursor = page["cursor"]
        if cursor is None:
            return rows


async def test_pages_of_anomalies_meet_without_overlap_or_hole(tmp_path: Path) -> None:
    events = [_opened(seq, seq // 3) for seq in range(1, 24)]
    async with running(tmp_path) as here:
        await here.ingest(request_of(events, 1, stream()))
        for limit in (1, 4, 23, 100):
            rows = await _pages(here, "/anomalies", "anomalies", limit)
            assert sorted(row["episode"] for row in rows) == list(range(1, 24)), limit
            assert [row["opened_at"] for row in rows] == sorted((row["opened_at"] for row in rows), reverse=True)


async def test_anomalies_are_bounded_by_their_opening(tmp_path: Path) -> None:
    events = [_opened(seq, minutes) for seq, minutes in ((1, 0), (2, 10), (3, 20))]
    low = (MARKET_TIME + timedelta(minutes=5)).isoformat()
    high = (MARKET_TIME + timedelta(minutes=15)).isoformat()
    async with running(tmp_path) as here:
        await here.ingest(request_of(events, 1, stream(), make_frame(1)))
        bounded = await here.read("/anomalies", **{"from": low, "to": high})
        recent = await here.read("/anomalies", hours=1)
    assert [row["episode"] for row in bounded["anomalies"]] == [2]
    assert recent["count"] == 0, "hours count back from the market's now, which is years later here"
    assert bounded["last_scan"] == "2025-05-19T14:05:00Z"


async def test_signals_and_decisions_are_paged_newest_first(tmp_path: Path) -> None:
    signals: list[Event] = [
        SignalEvent(
            seq=seq,
            market_time=MARKET_TIME + timedelta(seconds=seq),
            t_publish=3,
            body=SIGNAL.model_copy(update={"signal_id": f"s{seq}"}),
        )
        for seq in range(1, 8)
    ]
    async with running(tmp_path) as here:
        await here.ingest(request_of(signals, 1, stream()))
        rows = await _pages(here, "/signals", "signals", 3)
        for number in range(1, 8):
            decision = {
                "decision_id": f"d{number}",
                "signal_id": f"s{number}",
                "timestamp": (MARKET_TIME + timedelta(seconds=number)).isoformat(),
                "accepted": False,
                "rule": "expired",
                "text": "too late",
                "source": "simulated",
            }
            for _ in range(2):
                answer = await here.client.post("/api/decisions", json=decision, headers=here.bearer(Role.PUBLISHER))
                assert answer.status_code == 200, answer.text
        decisions = await _pages(here, "/api/decisions", "decisions", 2)
    assert [row["signal_id"] for row in rows] == [f"s{seq}" for seq in range(7, 0, -1)]
    assert [row["decision_id"] for row in decisions] == [f"d{number}" for number in range(7, 0, -1)]


async def test_history_is_ascending_thinned_and_has_each_gap_once(tmp_path: Path) -> None:
    events: list[Event] = []
    for place in range(60):
        at = {"market_time": MARKET_TIME + timedelta(seconds=place), "t_publish": 3.0}
        events.append(MarketEvent(seq=2 * place + 1, body=MARKET.model_copy(update={"price": 594.0 + place}), **at))
        events.append(FlowEvent(seq=2 * place + 2, body=FLOW, **at))
    ended = MARKET_TIME + timedelta(seconds=5)
    for ends in (None, ended):
        gap = Gap(started_at=MARKET_TIME, ended_at=ends, reason="no_gateway")
        events.append(GapEvent(seq=len(events) + 1, market_time=MARKET_TIME, t_publish=3, body=gap))
    async with running(tmp_path) as here:
        await here.ingest(request_of(events, 1, stream()))
        whole = await here.read("/api/history")
        thin = await here.read("/api/history", limit=10)
        flow = await here.read("/api/flow", limit=7)
    assert [sample["market"]["price"] for sample in whole["market"]] == [594.0 + place for place in range(60)]
    times = [sample["market_time"] for sample in thin["market"]]
    assert len(times) == 10
    assert times == sorted(times)
    assert times[-1] == "2025-05-19T14:05:59Z", "the newest is always there"
    assert flow["count"] == len(flow["history"]) <= 7
    assert [gap["ended_at"] for gap in whole["gaps"]] == ["2025-05-19T14:05:05Z"]


async def test_the_snapshot_holds_every_open_anomaly_and_forgets_cells_outside_the_window(tmp_path: Path) -> None:
    closed = [make_anomaly_event(seq, episode=seq, status=EpisodeStatus.CLOSED) for seq in range(1, 230)]
    still_open = [make_anomaly_event(seq, episode=seq) for seq in range(230, 240)]
    wide = make_frame(1, cells=[make_cell(strike) for strike in (583.0, 594.0, 605.0)])
    moved = make_frame(2, cells=[make_cell(595.0)], strike_low=590.0, strike_high=610.0)
    async with running(tmp_path) as here:
        await here.ingest(request_of([*closed, *still_open], 1, stream(), wide))
        await here.ingest(batch(240, 0, frame=moved))
        late = await here.ingest(batch(240, 0, frame=wide))
        raw = await here.read("/api/snapshot")
    shown = Snapshot.model_validate(raw)
    assert late.status_code == 200
    assert len(shown.anomalies) == 200
    assert sum(anomaly.status is EpisodeStatus.OPEN for anomaly in shown.anomalies) == 10
    assert [cell.strike for cell in shown.cells] == [594.0, 595.0, 605.0]
    assert (shown.seq, shown.frame, shown.watermark) == (239, 2, "simulated")


async def test_reads_default_to_the_latest_run_and_to_the_one_set(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        for run in ("r1", "r2"):
            await here.ingest(batch(1, 1, run=run))
        await here.ingest(batch(2, 1, run="r1"))
        latest = await here.read("/api/snapshot")
    async with running(tmp_path, run_id="r3") as here:
        fresh = await here.read("/api/snapshot")
        older = await here.read("/api/snapshot", run="r1", day=DAY)
    assert latest["stream"]["run"] == "r2"
    assert fresh["stream"] is None
    assert (older["stream"]["run"], older["seq"]) == ("r1", 2)


async def test_health_tells_the_detectors_last_word_and_does_not_call_it_live_for_ever(tmp_path: Path) -> None:
    status = StatusEvent(seq=1, market_time=MARKET_TIME, t_publish=time.time() * 1000, body=STATUS)
    async with running(tmp_path) as here:
        unknown = (await here.client.get("/health")).json()
        await here.ingest(request_of([status], 1, stream(), make_frame(1, t_publish=time.time() * 1000)))
        live = (await here.client.get("/health")).json()
        here.backend.truth._heard_ms -= 20_000
        stale = (await here.client.get("/health")).json()
        metrics = (await here.client.get("/metrics")).text
    assert (unknown["ibkr_connected"], unknown["data"], unknown["data_age_seconds"]) == (None, None, None)
    assert (live["ibkr_connected"], live["data"]) == (True, "live")
    assert stale["data"] == "stale"
    assert stale["data_age_seconds"] >= 20
    assert 'data_state{state="stale"} 1.0' in metrics


async def test_a_snapshot_of_an_old_word_calls_neither_data_live_nor_its_smile_good(tmp_path: Path) -> None:
    long_ago = time.time() * 1000 - 20_000
    status = StatusEvent(seq=1, market_time=MARKET_TIME, t_publish=long_ago, body=STATUS)
    async with running(tmp_path) as here:
        await here.ingest(request_of([status], 1, stream(), make_frame(1, t_publish=long_ago)))
        snapshot = await here.read("/api/snapshot")
    assert (STATUS.data, STATUS.smile) == ("live", "good")
    for said in (snapshot["header"], snapshot["status"]):
        assert (said["data"], said["smile"]) == ("stale", "none")


async def test_metrics_count_what_happened(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        await here.ingest(batch(1, 2))
        await here.read("/api/events")
        await here.client.get("/no/such/path")
        text = (await here.client.get("/metrics")).text
    assert 'http_requests_total{endpoint="/api/ingest",method="POST",status="200"} 1.0' in text
    assert 'storage_operations_total{operation="ingest",status="ok"} 1.0' in text
    assert 'anomalies_current{severity="LOW"} 2.0' in text
    assert "/no/such/path" not in text
