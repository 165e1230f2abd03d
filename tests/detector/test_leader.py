"""One leader with a feed driven by hand and a real backend process: gaps, data states, status, takeover, full disk."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any

import pytest

from apps.contracts.enums import DataState, GapReason, Kind, MarketState
from apps.detector import checkpoint as checkpoints
from apps.detector.ingest_client import IngestClient
from apps.detector.leader import Leader, StreamEnded
from apps.detector.measures import Measures
from apps.detector.metrics import CounterFeed, DetectorMetrics
from apps.detector.settings import DetectorSettings
from apps.detector.spool import Spool
from apps.detector.surroundings import Surroundings
from apps.market.calendar import ExchangeCalendar
from apps.market.settings import ScanSettings
from tests.detector.helpers import OPEN_1005, STREAM, HandClock, HandFeed, IngestProcess, ingest_process, until
from tests.detector.ingest_server import SECRET

CALENDAR = ExchangeCalendar.around(date(2025, 5, 19))


@dataclass
class Stage:
    """A leader at work."""

    leader: Leader
    feed: HandFeed
    clock: HandClock
    server: IngestProcess
    stop: asyncio.Event
    task: asyncio.Task[None]
    metrics: DetectorMetrics
    quoting: asyncio.Task[None] | None = field(default=None)

    def quote(self) -> None:
        """Quotes flow from now on, a packet every 20 ms."""

        async def flow() -> None:
            while True:
                self.feed.quote()
                await asyncio.sleep(0.02)

        self.quoting = asyncio.create_task(flow())

    def silence(self) -> None:
        if self.quoting:
            self.quoting.cancel()

    async def sees(self, what: Callable[[dict[str, Any]], bool], name: str, seconds: float = 150) -> dict[str, Any]:
        """Wait until the backend has an event for which `what` is true."""
        found: list[dict[str, Any]] = []

        def look() -> bool:
            if self.task.done():
                self.task.result()
            found[:] = [event for event in self.server.events(self.leader.stream.epoch) if what(event)]
            return bool(found)

        await until(look, what=name, seconds=seconds)
        return found[-1]


@contextlib.asynccontextmanager
async def stage(
    folder: Path,
    server: IngestProcess,
    *,
    start: float = OPEN_1005,
    rate: float = 1.0,
    epoch: int = 1,
    past: checkpoints.Checkpoint | None = None,
    reason: GapReason = GapReason.RESTART,
) -> AsyncIterator[Stage]:
    settings = DetectorSettings(data_dir=folder, source="simulated", run_id="test")
    clock = HandClock(start, rate)
    feed = HandFeed(clock)
    spool = Spool(folder / "spool", "SPY")
    client = IngestClient(server.url, "detector-local", SECRET)
    metrics = DetectorMetrics("SPY")
    around = Surroundings(
        settings=settings,
        scan_settings=ScanSettings(),
        clock=clock,
        calendar=CALENDAR,
        feed=feed,
        client=client,
        measures=Measures(metrics, "SPY"),
        checkpoint_path=folder / "checkpoint.json",
        labels=("CALIBRATED",),
    )
    line = spool.open(STREAM.model_copy(update={"epoch": epoch}))
    leader = Leader(around, line, spool.older(epoch), past)
    leader.took_over(reason)
    stop = asyncio.Event()
    made = Stage(leader, feed, clock, server, stop, asyncio.create_task(leader.run(stop, waited=False)), metrics)
    try:
        yield made
    finally:
        made.silence()
        stop.set()
        with contextlib.suppress(StreamEnded):
            await made.task
        await client.close()


def gap(event: dict[str, Any]) -> bool:
    return bool(event["type"] == "gap")


def opened(event: dict[str, Any]) -> bool:
    return bool(
        event["type"] == "anomaly" and event["body"]["status"] == "open" and event["body"]["kind"] == Kind.RESIDUAL
    )


@pytest.fixture
def server(tmp_path: Path):
    with ingest_process(tmp_path) as running:
        yield running


async def test_quotes_become_frames_samples_and_an_episode(tmp_path: Path, server: IngestProcess) -> None:
    async with stage(tmp_path, server) as made:
        made.quote()
        await made.sees(lambda event: event["type"] == "market", "a market sample")
        made.feed.cheap = {(596.0, True): -0.25}
        event = await made.sees(opened, "the episode")
        assert (
            event["body"]["times"]["t_publish"]
            >= event["body"]["times"]["t_detect"]
            >= event["body"]["times"]["t_recv"]
        )
        await made.sees(lambda e: e["type"] == "signal", "its signal")

        def cells() -> dict[tuple[float, str], Any]:
            return {(row[0], row[1]): row for frame in server.seen()["frames"] for row in frame["cells"]}

        await until(lambda: cells()[596.0, "C"][18] is not None, what="the contract marked in the chain")
        assert len(cells()) == 50
        assert {event["type"] for event in server.events()} >= {"market", "flow", "gamma", "smile", "status", "anomaly"}


async def test_a_stop_sends_what_is_spooled_before_it_ends(
    tmp_path: Path, server: IngestProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit of three seconds is tested with a backend that does not answer; here a busy machine gets its time."""
    monkeypatch.setattr("apps.detector.leader.DRAIN_SECONDS", 120)
    async with stage(tmp_path, server) as made:
        made.quote()
        await made.sees(lambda event: event["type"] == "market", "a market sample")
        server.fault({"delay": 0.5})
        log = made.leader.line.log
        await until(lambda: log.pending("backend") > 0, what="events wait")
    assert log.pending("backend") == 0
    assert [event["seq"] for event in server.events()] == list(range(1, log.last_seq + 1))


async def test_a_lost_gateway_is_a_gap_and_no_frame_says_live_meanwhile(tmp_path: Path, server: IngestProcess) -> None:
    async with stage(tmp_path, server) as made:
        made.feed.cheap = {(596.0, True): -0.25}
        made.quote()
        await made.sees(opened, "the episode")
        made.silence()
        made.feed.drop()
        begun = await made.sees(gap, "the gap")
        assert (begun["body"]["reason"], begun["body"]["ended_at"]) == ("no_gateway", None)
        assert made.leader.status.data is DataState.NO_GATEWAY
        closed = await made.sees(lambda e: e["type"] == "anomaly" and e["body"]["status"] == "closed", "the end")
        assert closed["body"]["close_reason"] == "gap"
        lost_at = datetime.fromisoformat(begun["market_time"])

        def frames(*, since: bool) -> list[dict[str, Any]]:
            """Made after the loss, or before it: one that was made before may still be on its way."""
            seen: list[dict[str, Any]] = server.seen()["frames"]
            return [frame for frame in seen if (datetime.fromisoformat(frame["market_time"]) > lost_at) is since]

        await until(lambda: len(frames(since=True)) > 1, what="heartbeats")
        assert {(frame["data"], frame["smile"]) for frame in frames(since=True)} == {("no_gateway", "none")}
        assert "good" in {frame["smile"] for frame in frames(since=False)}
        told = await made.sees(lambda e: e["type"] == "status" and e["body"]["data"] == "no_gateway", "the status")
        assert (told["body"]["smile"], told["body"]["strikes_subscribed"], told["body"]["lines_used"]) == ("none", 0, 0)
        assert 'data_state{state="no_gateway"} 1.0' in _text(made.metrics)
        made.feed.connect()
        made.quote()
        ended = await made.sees(lambda e: gap(e) and e["body"]["ended_at"] is not None, "the gap's end")
        assert ended["body"]["started_at"] == begun["body"]["started_at"]
        assert ended["body"]["reason"] == "no_gateway"


async def test_a_silent_chain_is_stale_after_three_seconds(tmp_path: Path, server: IngestProcess) -> None:
    async with stage(tmp_path, server, rate=3.0) as made:
        made.quote()
        await made.sees(lambda event: event["type"] == "market", "quotes")
        made.silence()
        event = await made.sees(gap, "the gap")
        assert event["body"]["reason"] == "stale"
        status = await made.sees(lambda e: e["type"] == "status" and e["body"]["data"] == "stale", "the status")
        assert status["body"]["ibkr_connected"]
        assert (status["body"]["smile"], status["body"]["strikes_subscribed"]) == ("none", 25)


async def test_the_first_start_of_all_reports_no_gap(tmp_path: Path, server: IngestProcess) -> None:
    async with stage(tmp_path, server) as made:
        made.quote()
        await made.sees(lambda event: event["type"] == "smile", "quotes")
        assert not [event for event in server.events() if gap(event) and event["body"]["reason"] != "stale"]


async def test_a_successor_continues_under_the_same_id_and_tells_the_blind_interval(
    tmp_path: Path, server: IngestProcess
) -> None:
    async with stage(tmp_path, server) as first:
        first.feed.cheap = {(596.0, True): -0.25}
        first.quote()
        event = await first.sees(opened, "the episode")
    past = checkpoints.load(tmp_path / "checkpoint.json")
    assert past is not None
    assert event["body"]["id"] in {anomaly.id for anomaly in past.open}
    async with stage(tmp_path, server, start=OPEN_1005 + 20, epoch=2, past=past, reason=GapReason.TAKEOVER) as second:
        second.feed.cheap = {(596.0, True): -0.25}
        second.quote()
        blind = await second.sees(lambda e: gap(e) and e["body"]["ended_at"] is not None, "the blind interval")
        assert blind["body"]["reason"] == "takeover"
        update = await second.sees(lambda e: e["type"] == "anomaly" and e["body"]["id"] == event["body"]["id"], "it")
        assert update["body"]["status"] == "update"
        assert not [e for e in server.events(2) if opened(e)]


@pytest.mark.parametrize(
    ("start", "state", "data"),
    [
        (OPEN_1005 - 3600, MarketState.PRE_OPEN, DataState.CLOSED),
        (OPEN_1005 + 6.5 * 3600, MarketState.CLOSED, DataState.CLOSED),
    ],
)
async def test_a_closed_market_is_said_and_is_no_gap(tmp_path: Path, server, start, state, data) -> None:
    async with stage(tmp_path, server, start=start) as made:
        event = await made.sees(lambda e: e["type"] == "status" and e["body"]["data"] == data, "the status")
        assert event["body"]["state"] == state
        assert not [event for event in server.events() if gap(event)]
        assert made.leader.problems == []


async def test_a_new_session_day_ends_the_stream(tmp_path: Path, server: IngestProcess) -> None:
    midnight = OPEN_1005 + 14 * 3600 - 5 * 60
    async with stage(tmp_path, server, start=midnight - 1) as made:
        with pytest.raises(StreamEnded, match="new session day"):
            await asyncio.wait_for(asyncio.shield(made.task), 150)


async def test_a_full_disk_is_said_in_status_and_readiness_and_recovers(tmp_path: Path, server: IngestProcess) -> None:
    async with stage(tmp_path, server) as made:
        made.quote()
        await made.sees(lambda event: event["type"] == "market", "quotes")
        log = made.leader.line.log
        written = log._write

        def full(_record: object) -> None:
            raise OSError(28, "No space left on device")

        log._write = full  # type: ignore[method-assign]
        event = await made.sees(lambda e: e["type"] == "status" and e["body"]["message"] is not None, "the status")
        assert "the disk is full" in event["body"]["message"]
        assert "spool writable: no" in made.leader.problems[0]
        log._write = written  # type: ignore[method-assign]
        await until(lambda: made.leader.problems == [], what="recovery")
        last = made.leader.journal.last_seq
        await until(lambda: len(server.events()) >= last, what="all events")
        assert [event["seq"] for event in server.events()][:last] == list(range(1, last + 1))


async def test_a_failing_scan_is_counted_and_outlived(tmp_path: Path, server, monkeypatch: pytest.MonkeyPatch) -> None:
    async with stage(tmp_path, server) as made:
        whole = made.feed.chain

        def broken(_time: float) -> None:
            raise ZeroDivisionError

        monkeypatch.setattr(made.feed, "chain", broken)
        made.quote()
        await until(
            lambda: 'scan_errors_total{error_type="ZeroDivisionError"}' in _text(made.metrics), what="the count"
        )
        monkeypatch.setattr(made.feed, "chain", whole)
        await made.sees(lambda event: event["type"] == "market", "life goes on")


async def test_what_the_feed_could_not_use_is_in_the_metrics(tmp_path: Path, server) -> None:
    async with stage(tmp_path, server) as made:
        made.feed.counts.malformed = 3
        made.feed.counts.codes[2105] = 2
        made.feed.counts.handler_errors["packet"] = 1
        wanted = (
            'ibkr_dropped_total{reason="malformed"} 3.0',
            'ibkr_errors_total{code="2105"} 2.0',
            'handler_errors_total{handler="feed_packet"} 1.0',
        )
        await until(lambda: all(line in _text(made.metrics) for line in wanted), what="the counts")


def test_a_new_stream_s_totals_are_added_to_the_old_one_s() -> None:
    metrics = DetectorMetrics("SPY")
    totals = CounterFeed(metrics.publish_failures)
    for total in (2, 5, 0, 1):
        totals.set("away", total)

    assert 'publish_failures_total{reason="away"} 6.0' in _text(metrics)


def _text(metrics: DetectorMetrics) -> str:
    from prometheus_client import generate_latest

    return generate_latest(metrics.registry).decode()
