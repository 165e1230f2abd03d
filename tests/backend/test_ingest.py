"""Ingest: kept once, acknowledged when kept, never above a hole, and fenced by epoch."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.backend.metrics import Metrics
from apps.backend.sqlite_store import SqliteStore
from apps.backend.store import Arrived, EpochRefused
from apps.contracts.enums import EpisodeStatus, Role, Severity
from tests.backend.running import batch, request_of, running, stream
from tests.contracts.builders import make_anomaly_event, make_frame


async def test_an_acknowledged_event_can_be_fetched_again(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        answer = await here.ingest(batch(1, 3, frame=make_frame(1, as_of_seq=3)))
        page = await here.read("/api/events", after=1)
    assert answer.json() == {"acked_seq": 3}
    assert [event["seq"] for event in page["events"]] == [2, 3]
    assert (page["last_seq"], page["newest_epoch"]) == (3, 1)


async def test_the_same_batch_again_doubles_nothing(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        first, again = [await here.ingest(batch(1, 5)) for _ in range(2)]
        events = await here.read("/api/events")
        anomalies = await here.read("/anomalies")
    assert first.json() == again.json() == {"acked_seq": 5}
    assert len(events["events"]) == anomalies["count"] == 5


async def test_a_hole_holds_the_acknowledgement_below_it(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        acks = [(await here.ingest(batch(first, 2))).json()["acked_seq"] for first in (1, 5, 3)]
    assert acks == [2, 2, 6]


async def test_a_frame_alone_answers_with_what_is_acknowledged(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        before = await here.ingest(batch(1, 0, frame=make_frame(1)))
        await here.ingest(batch(1, 2))
        after = await here.ingest(batch(3, 0, frame=make_frame(2)))
    assert (before.json()["acked_seq"], after.json()["acked_seq"]) == (0, 2)


async def test_a_lower_epoch_is_refused_except_for_what_is_lacking(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        await here.ingest(batch(1, 2, epoch=1))
        await here.ingest(batch(1, 1, epoch=2))
        known = await here.ingest(batch(1, 2, epoch=1))
        lacking = await here.ingest(batch(2, 2, epoch=1))
        page = await here.read("/api/events", epoch=1)
    assert known.status_code == 409
    assert known.json()["error"]["code"] == "epoch_refused"
    assert lacking.json() == {"acked_seq": 3}
    assert [event["seq"] for event in page["events"]] == [1, 2, 3]
    assert page["newest_epoch"] == 2


async def test_a_late_state_never_replaces_a_newer_one(tmp_path: Path) -> None:
    closed = make_anomaly_event(1, status=EpisodeStatus.CLOSED, severity=Severity.HIGH)
    async with running(tmp_path) as here:
        await here.ingest(request_of([closed], 1, stream(2)))
        await here.ingest(request_of([make_anomaly_event(1)], 1, stream(1)))
        (row,) = (await here.read("/anomalies"))["anomalies"]
    assert (row["status"], row["severity"]) == ("closed", "HIGH")


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"first_seq": 2}, "events.0.seq"),
        ({"v": 2}, "v"),
        ({"run": "other"}, "events.0.body"),
        ({"source": "external"}, "events.0.body"),
        ({"surprise": 1}, "surprise"),
        ({"events": [{"type": "nonsense", "seq": 1}]}, "events.0"),
    ],
)
async def test_a_batch_that_contradicts_itself_is_refused_whole(tmp_path: Path, change: dict, field: str) -> None:
    body = {**json.loads(batch(1, 1).model_dump_json()), **change}
    async with running(tmp_path) as here:
        answer = await here.client.post("/api/ingest", json=body, headers=here.bearer(Role.PUBLISHER))
        page = await here.read("/api/events")
    assert answer.status_code == 422
    assert answer.json()["error"]["field"] == field
    assert page["events"] == []


async def test_a_frame_of_another_stream_is_refused(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        answer = await here.ingest(batch(1, 1, frame=make_frame(1, epoch=9)))
    assert answer.json()["error"]["field"] == "frame"


async def test_sources_and_runs_are_kept_apart(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        await here.ingest(batch(1, 2, run="first"))
        await here.ingest(batch(1, 1, run="second"))
        latest = await here.read("/anomalies")
        first = await here.read("/anomalies", run="first")
        live = await here.read("/anomalies", source="live")
    assert (latest["count"], first["count"], live["count"]) == (1, 2, 0)


async def test_everything_answers_the_same_after_a_restart(tmp_path: Path) -> None:
    paths = ("/api/snapshot", "/api/events", "/anomalies", "/options/chain")
    async with running(tmp_path) as here:
        await here.ingest(batch(1, 3, frame=make_frame(7, as_of_seq=3)))
        before = [await here.read(path) for path in paths]
    async with running(tmp_path) as here:
        after = [await here.read(path) for path in paths]
        again = await here.ingest(batch(1, 3))
    for answer in (*before, *after):
        answer.pop("t_server", None)
        answer.pop("last_scan", None)
    assert after == before
    assert again.json() == {"acked_seq": 3}


async def test_third_party_anomalies_get_ids_of_their_own_source(tmp_path: Path) -> None:
    report = {
        "timestamp": 1_747_663_500,
        "strike": 597,
        "option_type": "CALL",
        "bid": 0.5,
        "ask": 0.52,
        "mid_price": 0.51,
        "expected_price": 0.54,
        "deviation_percent": -5.6,
        "volume": 10,
        "open_interest": 20,
        "severity": "LOW",
    }
    body = {"count": 2, "anomalies": [report, {**report, "strike": 598}]}
    async with running(tmp_path) as here:
        headers = here.bearer(Role.PUBLISHER)
        answers = [await here.client.post("/anomalies", json=body, headers=headers) for _ in range(2)]
        wrong = await here.client.post("/anomalies", json={**body, "count": 3}, headers=headers)
        ours = await here.read("/anomalies")
        theirs = await here.read("/anomalies", source="external")
    assert [answer.json() for answer in answers] == [{"status": "accepted", "count": 2}] * 2
    assert wrong.status_code == 422
    assert (ours["count"], theirs["count"]) == (0, 2)
    assert {row["id"].split(".")[0] for row in theirs["anomalies"]} == {"external"}


PIECES = st.lists(st.tuples(st.integers(1, 30), st.integers(0, 6)), min_size=1, max_size=12)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(pieces=PIECES)
def test_whatever_the_order_the_acknowledgement_is_the_contiguous_part(
    tmp_path_factory: pytest.TempPathFactory, pieces: list[tuple[int, int]]
) -> None:
    async def play() -> None:
        store = SqliteStore(
            tmp_path_factory.mktemp("store") / "db", bytes_max=10**9, retention_days={}, metrics=Metrics()
        )
        await store.start()
        kept: set[int] = set()
        for first, count in pieces:
            events = [make_anomaly_event(seq, episode=seq) for seq in range(first, first + count)]
            acked = await store.ingest(
                stream(), [Arrived(event, event.model_dump_json()) for event in events], late=False
            )
            kept |= set(range(first, first + count))
            expected = next(seq for seq in range(1, 100) if seq not in kept) - 1
            assert acked == expected
        texts = await store.events(stream(), 0, 1000, until_publish=None)
        assert [json.loads(text)["seq"] for text in texts] == sorted(kept)
        await store.stop()

    asyncio.run(play())


async def test_writes_that_come_together_share_a_transaction(tmp_path: Path) -> None:
    store = SqliteStore(tmp_path / "db", bytes_max=10**9, retention_days={}, metrics=Metrics())
    await store.start()
    events = [make_anomaly_event(seq, episode=seq) for seq in range(1, 201)]
    writes = [store.ingest(stream(), [Arrived(event, event.model_dump_json())], late=False) for event in events]
    acks = await asyncio.gather(*writes)
    assert max(acks) == 200
    assert store.commits < 20, f"{store.commits} transactions for 200 writes"
    with pytest.raises(EpochRefused):
        await store.ingest(stream(), [Arrived(events[0], events[0].model_dump_json())], late=True)
    await store.stop()
