"""The store when the disk is full, the file is wrecked, or time has passed."""

from __future__ import annotations

import asyncio
import sqlite3
import time
from pathlib import Path

import pytest

from apps.backend.metrics import Metrics
from apps.backend.sqlite_schema import inverted, open_database, partition_key
from apps.backend.sqlite_store import SqliteStore
from apps.backend.store import Arrived, StorageFull, StoreCorrupt, Wanted
from apps.contracts.enums import Source
from apps.contracts.events import Flow, FlowEvent
from apps.contracts.names import Table
from tests.backend.running import batch, running, stream
from tests.contracts.builders import MARKET_TIME, make_anomaly_event, make_frame


def _store(path: Path, *, bytes_max: int = 10**9, **days: int) -> SqliteStore:
    return SqliteStore(path / "db", bytes_max=bytes_max, retention_days=days, metrics=Metrics())


def _arrived(first: int, count: int) -> list[Arrived]:
    events = [make_anomaly_event(seq, episode=seq) for seq in range(first, first + count)]
    return [Arrived(event, event.model_dump_json()) for event in events]


async def _fill(store: SqliteStore) -> None:
    for first in range(1, 10_000, 50):
        await store.ingest(stream(), _arrived(first, 50), late=False)


async def test_a_full_disk_acknowledges_nothing_and_recovers(tmp_path: Path) -> None:
    async with running(tmp_path, store_bytes_max=400_000) as here:
        acked, answer = 0, None
        while answer is None or answer.status_code == 200:
            assert acked < 5_000, "the limit is not enforced"
            answer = await here.ingest(batch(acked + 1, 50))
            acked = answer.json().get("acked_seq", acked)
        again = await here.ingest(batch(acked + 1, 50))
        picture = await here.ingest(batch(acked + 1, 0, frame=make_frame(1)))
        ready = await here.client.get("/ready")
        kept = (await here.read("/api/events", limit=1000))["events"]
        snapshot = await here.read("/api/snapshot")
    assert (answer.status_code, again.status_code) == (507, 507)
    assert (picture.status_code, picture.json()) == (200, {"acked_seq": acked})
    assert snapshot["header"]["storage"] == "waiting", "nobody who looks is told that all is kept"
    assert answer.json()["error"]["code"] == "storage_full"
    assert "retry-after" in answer.headers
    assert (ready.status_code, ready.json()["ready"]) == (503, False)
    assert [event["seq"] for event in kept] == list(range(1, acked + 1)), "half a batch was kept"
    assert snapshot["seq"] == acked
    async with running(tmp_path) as here:  # somebody made room
        after = await here.ingest(batch(acked + 1, 50))
        await here.ingest(batch(acked + 51, 0, frame=make_frame(2)))
        assert (await here.read("/api/snapshot"))["header"]["storage"] == "ok"
        assert (await here.client.get("/ready")).status_code == 200
    assert after.json() == {"acked_seq": acked + 50}


async def test_writes_succeed_again_as_soon_as_there_is_room(tmp_path: Path) -> None:
    store = _store(tmp_path, bytes_max=200_000)
    await store.start()
    with pytest.raises(StorageFull):
        await _fill(store)
    assert store.problem
    acked = await store.ingest(stream(), [], late=False)
    await store._write("test", lambda db: db.execute("PRAGMA max_page_count = 100000").fetchone())
    assert await store.ingest(stream(), _arrived(acked + 1, 50), late=False) == acked + 50
    assert store.problem is None
    await store.stop()


@pytest.mark.parametrize("wreck", [b"not a database" * 1000, b"SQLite format 3\x00" + b"\xff" * 8000])
def test_a_wrecked_file_is_refused_and_left_as_it_is(tmp_path: Path, wreck: bytes) -> None:
    (tmp_path / "db").write_bytes(wreck)
    with pytest.raises(StoreCorrupt, match="left as it is"):
        _store(tmp_path).open()
    assert (tmp_path / "db").read_bytes() == wreck


def test_a_bad_page_is_found_at_the_start(tmp_path: Path) -> None:
    async def fill() -> None:
        store = _store(tmp_path)
        await store.start()
        await store.ingest(stream(), _arrived(1, 300), late=False)
        await store.stop()

    asyncio.run(fill())
    data = bytearray((tmp_path / "db").read_bytes())
    data[40_960:45_056] = b"\xa5" * 4096
    (tmp_path / "db").write_bytes(data)
    with pytest.raises(StoreCorrupt):
        _store(tmp_path).open()


def test_a_database_of_another_version_is_not_touched(tmp_path: Path) -> None:
    with sqlite3.connect(tmp_path / "db") as database:
        database.execute("CREATE TABLE theirs (a)")
        database.execute("PRAGMA user_version = 7")
    with pytest.raises(StoreCorrupt, match="version 7"):
        open_database(tmp_path / "db", 10**9)


async def test_retention_removes_what_is_old_by_the_wall_and_keeps_the_rest(tmp_path: Path) -> None:
    days = {Table.EVENTS: 30, Table.FLOW: 30, Table.ANOMALIES: 0}
    store = SqliteStore(tmp_path / "db", bytes_max=10**9, retention_days=days, metrics=Metrics())
    await store.start()
    old_ms = (time.time() - 40 * 86_400) * 1000
    flow = Flow(cum_call_flow=1, cum_put_flow=1, net_flow=0, spy_price=594)
    for run, published in (("old", old_ms), ("new", time.time() * 1000)):
        event = FlowEvent(seq=1, market_time=MARKET_TIME, t_publish=published, body=flow)
        anomaly = make_anomaly_event(2, run=run)
        arrived = [Arrived(item, item.model_dump_json()) for item in (event, anomaly)]
        await store.ingest(stream(run=run), arrived, late=False)
    await store._write("test", lambda db: db.execute("UPDATE streams SET created_ms = ? WHERE run = 'old'", (old_ms,)))
    assert await store.purge() == 3
    kept = {}
    for run in ("old", "new"):
        events = await store.events(stream(run=run), 0, 10, until_publish=None)
        flows = await store.samples(Wanted(Source.SIMULATED, run), Table.FLOW, 10, until_publish=None)
        found = await store.snapshot(Wanted(Source.SIMULATED, run), until_publish=None)
        assert found is not None
        kept[run] = (len(events), len(flows), len(found.anomalies), found.known.acked)
    assert kept == {"old": (0, 0, 1, 2), "new": (2, 1, 1, 2)}
    assert await store.ingest(stream(run="old"), [], late=False) == 2, "what was acknowledged stays so"
    await store.stop()


def test_keys_are_those_of_the_contract() -> None:
    assert partition_key("SPY", "2025-05-19") == "SPY_20250519"
    early, late = (inverted(seconds * 1000) for seconds in (1_747_663_500, 1_747_663_501))
    assert late < early
    assert (len(early), int(early)) == (19, 10**19 - 1 - 1_747_663_500 * 10**7)


async def test_rows_of_the_file_have_the_contracts_keys(tmp_path: Path) -> None:
    store = _store(tmp_path)
    await store.start()
    await store.ingest(stream(), _arrived(1, 1), late=False)
    await store.stop()
    with sqlite3.connect(tmp_path / "db") as database:
        (row,) = database.execute("SELECT source, run, partition_key, row_key FROM anomalies").fetchall()
        tables = {name for (name,) in database.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert row[:3] == ("simulated", "test", "SPY_20250519")
    assert row[3].split("_", 1)[1] == "00594000_C_RESIDUAL_1"
    assert {vars(Table)[name] for name in vars(Table) if name.isupper()} <= tables
