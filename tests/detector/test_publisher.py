"""The publisher against a real HTTP server in another process: order, acknowledgement, kills, refusals, tokens."""

from __future__ import annotations

import asyncio
import contextlib
import json
import random
from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.contracts.enums import GapReason, MarketState
from apps.contracts.events import EVENT_ADAPTER, Gap, Market
from apps.contracts.names import INGEST_BYTES_MAX, INGEST_EVENTS_MAX
from apps.detector.frame_queue import FrameTap
from apps.detector.frames import ComposedFrame, FrameComposer
from apps.detector.ingest_client import IngestClient
from apps.detector.journal import Journal
from apps.detector.publisher import EpochRefused, Publisher
from apps.detector.spool import BACKEND, Line, Spool
from tests.detector.helpers import STREAM, IngestProcess, cells, header, ingest_process, until
from tests.detector.ingest_server import SECRET

NOON = datetime(2025, 5, 19, 16, tzinfo=UTC)
MARKET = Market(price=594.0, state=MarketState.NORMAL)


@dataclass
class Bench:
    """A journal, its publisher and the server they talk to."""

    server: IngestProcess
    spool: Spool
    line: Line
    journal: Journal
    publisher: Publisher
    client: IngestClient
    composer: FrameComposer
    task: asyncio.Task[None] | None = None

    def start(self, older: list[Line] | None = None) -> None:
        self.task = asyncio.create_task(self.publisher.run(older or [], self.line))

    def tell(self, count: int) -> None:
        for _ in range(count):
            assert self.journal.tell(MARKET, NOON)

    async def delivered(self) -> None:
        def done() -> bool:
            if self.task and self.task.done():
                self.task.result()
            return self.line.log.pending(BACKEND) == 0

        await until(done, what="everything acknowledged")


@contextlib.asynccontextmanager
async def bench(
    folder: Path, *, epoch: int = 1, frames: bool = False, secret: str = SECRET, **fault
) -> AsyncIterator[Bench]:
    with ingest_process(folder, **fault) as server:
        spool = Spool(folder / "spool", "SPY")
        line = spool.open(STREAM.model_copy(update={"epoch": epoch}))
        composer = FrameComposer()

        def compose() -> list[ComposedFrame]:
            head = header(epoch=epoch)
            return composer.compose(lambda n: head.model_copy(update={"frame": n}), asyncio.get_running_loop().time())

        client = IngestClient(server.url, "detector-local", secret)
        tap = FrameTap(compose if frames else list, composer.lost, lambda: 0.02)
        publisher = Publisher(client, tap, backoff_first=0.01, backoff_most=0.2, jitter=random.Random(1))
        journal = Journal(line, publisher.appended)
        made = Bench(server, spool, line, journal, publisher, client, composer)
        try:
            yield made
        finally:
            if made.task:
                made.task.cancel()
                await asyncio.gather(made.task, return_exceptions=True)
            await client.close()
            line.log.close()


def seqs(made: Bench, epoch: int = 1) -> list[int]:
    return [event["seq"] for event in made.server.events(epoch)]


async def test_events_arrive_in_order_and_the_cursor_follows_the_acknowledgement(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        made.start()
        made.tell(1_234)
        await made.delivered()
        assert seqs(made) == list(range(1, 1_235))
        assert [EVENT_ADAPTER.validate_python(event).type for event in made.server.events()[:1]] == ["market"]


async def test_the_backend_killed_and_restarted_while_ten_thousand_events_flow_loses_and_doubles_none(
    tmp_path: Path,
) -> None:
    number = 20251121
    dice = random.Random(number)
    print(f"kills drawn from random number {number}")
    async with bench(tmp_path, frames=True) as made:
        made.composer.update(cells(40))
        made.start()
        kills = sorted(dice.sample(range(500, 9_500), 4))
        for seq in range(1, 10_001):
            made.tell(1)
            if seq in kills:
                made.server.kill()
                made.tell(0)
                await asyncio.to_thread(made.server.start)
            if seq % 50 == 0:
                await asyncio.sleep(0.001)
        await made.delivered()
        assert seqs(made) == list(range(1, 10_001))
        assert made.publisher.facts.failures["away"] >= 1


async def test_a_backend_that_is_away_gets_no_frames_made_and_then_the_changed_cells(tmp_path: Path) -> None:
    async with bench(tmp_path, frames=True) as made:
        made.server.kill()
        made.composer.update(cells(8))
        made.start()
        await until(lambda: made.publisher.facts.failures.get("away", 0) > 3, what="the backend is missed")
        assert made.composer.number == 0
        await asyncio.to_thread(made.server.start)
        await until(lambda: bool(made.server.seen()["frames"]), what="a frame")
        first = made.server.seen()["frames"][0]
        assert {(row[0], row[1]) for row in first["cells"]} == set(cells(8))


async def test_one_request_carries_one_frame_and_stays_within_its_bounds(tmp_path: Path) -> None:
    async with bench(tmp_path, frames=True) as made:
        made.composer.update(cells(200))
        made.tell(2_000)
        made.start()
        await made.delivered()
        await until(lambda: len(made.server.seen()["frames"]) > 16, what="frames")
        seen = made.server.seen()
        assert max(request["events"] for request in seen["requests"]) <= INGEST_EVENTS_MAX
        assert max(request["bytes"] for request in seen["requests"]) <= INGEST_BYTES_MAX
        assert [frame["frame"] for frame in seen["frames"]] == list(range(1, len(seen["frames"]) + 1))


async def test_a_hole_is_asked_again_from_the_acknowledged_event_on(tmp_path: Path) -> None:
    async with bench(tmp_path, drop_seq=[3, 7]) as made:
        made.tell(10)
        made.start()
        await made.delivered()
        assert seqs(made) == list(range(1, 11))
        assert made.publisher.facts.holes_asked >= 1


async def test_a_backend_that_lost_its_store_gets_everything_again(tmp_path: Path) -> None:
    async with bench(tmp_path) as made:
        made.start()
        made.tell(20)
        await made.delivered()
        made.server.kill()
        (tmp_path / "ingest.jsonl").unlink()
        await asyncio.to_thread(made.server.start)
        made.tell(1)
        await until(lambda: seqs(made) == list(range(1, 22)), what="all of it again")


async def test_one_refused_event_is_parked_and_never_blocks_the_line(tmp_path: Path) -> None:
    async with bench(tmp_path, refuse_seq=[137]) as made:
        made.tell(600)
        made.start()
        await made.delivered()
        events = made.server.events()
        assert [event["seq"] for event in events] == list(range(1, 601))
        substitute = Gap.model_validate(events[136]["body"])
        assert (events[136]["type"], substitute.reason) == ("gap", GapReason.STORAGE)
        parked = (made.line.log.folder / "dead-letter.jsonl").read_text().splitlines()
        assert [json.loads(line)["seq"] for line in parked] == [137]
        assert made.publisher.facts.parked == 1


async def test_refused_frames_do_not_hold_events_up(tmp_path: Path) -> None:
    async with bench(tmp_path, frames=True, refuse_frames=True) as made:
        made.composer.update(cells(8))
        made.start()
        made.tell(50)
        await made.delivered()
        assert made.publisher.facts.failures["frame_refused"] >= 1


@pytest.mark.parametrize(
    ("status", "code"), [(503, "unavailable"), (507, "storage_full"), (429, "rate_limited"), (500, "internal")]
)
async def test_whatever_the_backend_cannot_do_now_is_tried_again_until_it_can(tmp_path: Path, status, code) -> None:
    async with bench(tmp_path, status=status, code=code) as made:
        made.tell(5)
        made.start()
        await until(lambda: made.publisher.facts.failures.get(f"http_{status}", 0) > 2, what="refusals")
        assert made.line.log.pending(BACKEND) == 5
        made.server.fault({})
        await made.delivered()
        assert seqs(made) == [1, 2, 3, 4, 5]


async def test_while_the_backends_store_is_full_the_picture_goes_on_and_the_events_wait(tmp_path: Path) -> None:
    async with bench(tmp_path, frames=True, full=True) as made:
        made.composer.update(cells(60))
        made.tell(5)
        made.start()
        await until(lambda: made.publisher.facts.failures.get("http_507", 0) > 2, what="refusals")
        seen = len(made.server.seen()["frames"])
        await until(lambda: len(made.server.seen()["frames"]) > seen + 1, what="frames all the same")
        assert made.line.log.pending(BACKEND) == 5
        made.server.fault({})
        await made.delivered()
        assert seqs(made) == [1, 2, 3, 4, 5]


async def test_a_token_is_renewed_before_its_end_and_on_401(tmp_path: Path) -> None:
    async with bench(tmp_path, token_seconds=600, token_truly_seconds=0.3) as made:
        made.start()
        for _ in range(8):
            made.tell(1)
            await asyncio.sleep(0.1)
        await made.delivered()
        assert made.client.tokens_taken >= 2


async def test_a_wrong_secret_is_said_and_nothing_is_lost(tmp_path: Path) -> None:
    async with bench(tmp_path, secret="wrong") as made:
        made.tell(3)
        made.start()
        await until(lambda: made.publisher.facts.problem is not None, what="a problem")
        assert "PUBLISHER_CLIENT_SECRET" in (made.publisher.facts.problem or "")
        assert made.line.log.pending(BACKEND) == 3


async def test_lower_epochs_are_drained_before_ours_begins(tmp_path: Path) -> None:
    async with bench(tmp_path, epoch=3) as made:
        for epoch in (1, 2):
            older = made.spool.open(STREAM.model_copy(update={"epoch": epoch}))
            journal = Journal(older, lambda _: None)
            for _ in range(5):
                journal.tell(MARKET, NOON)
            older.log.close()
        made.tell(2)
        made.start(made.spool.older(3))
        await made.delivered()
        order = [key[4] for key, _ in made.server.seen()["streams"]]
        assert order == [1, 2, 3]
        assert all(seqs(made, epoch) == [1, 2, 3, 4, 5] for epoch in (1, 2))


async def test_an_epoch_with_a_parked_event_is_drained_like_any_other(tmp_path: Path) -> None:
    async with bench(tmp_path, epoch=2) as made:
        older = made.spool.open(STREAM)
        Journal(older, lambda _: None).tell(MARKET, NOON)
        older.log.close()
        (older.log.folder / "dead-letter.jsonl").write_bytes(b"{}\n")
        made.start(made.spool.older(2))
        made.tell(1)
        await made.delivered()
        assert seqs(made, 1) == [1]


async def test_what_a_damaged_spool_lost_is_reported_in_its_place(tmp_path: Path) -> None:
    async with bench(tmp_path, epoch=2) as made:
        older = made.spool.open(STREAM)
        journal = Journal(older, lambda _: None)
        for _ in range(9_000):
            journal.tell(MARKET, NOON)
        older.log.close()
        first = min(older.log.folder.glob("*.jsonl"))
        content = bytearray(first.read_bytes())
        content[len(content) // 2] ^= 0xFF
        first.write_bytes(bytes(content))
        made.start(made.spool.older(2))
        made.tell(1)
        await made.delivered()
        events = made.server.events(1)
        assert [event["seq"] for event in events] == list(range(1, 9_001))
        gaps = [event for event in events if event["type"] == "gap"]
        assert gaps
        assert all(event["body"]["reason"] == "storage" for event in gaps)
        assert made.publisher.facts.failures["lost"] >= 1


async def test_a_refused_epoch_ends_the_publisher_and_says_whether_it_had_been_accepted(tmp_path: Path) -> None:
    async with bench(tmp_path, epoch=4) as made:
        made.start()
        made.tell(1)
        await made.delivered()
        made.server.fault({"epoch": 9})
        made.tell(1)
        with pytest.raises(EpochRefused) as refused:
            await made.task  # type: ignore[misc]
        assert refused.value.was_accepted


async def test_a_stop_sends_what_is_there_and_returns(tmp_path: Path) -> None:
    async with bench(tmp_path, delay=0.05) as made:
        made.start()
        made.tell(700)
        made.publisher.stop()
        await asyncio.wait_for(made.task, 150)  # type: ignore[arg-type]
        assert seqs(made) == list(range(1, 701))


async def test_a_cancelled_publisher_ends_whatever_moment_it_is_cancelled_at(tmp_path: Path) -> None:
    """A cancellation that met the beat's time-out used to be swallowed, and the service never stopped."""
    async with bench(tmp_path) as made:
        dice = random.Random(7)
        for _ in range(150):
            task = asyncio.create_task(made.publisher.run([], made.line))
            await asyncio.sleep(0.02 + dice.uniform(0, 0.004))
            task.cancel()
            await asyncio.wait({task}, timeout=60)
            assert task.cancelled()
