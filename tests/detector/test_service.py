"""The detector around its leaders: new days, refused epochs, a lost lock, settings; with a feed driven by hand."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.contracts.enums import Source
from apps.detector import service
from apps.detector.service import Detector
from apps.detector.settings import DetectorSettings
from apps.service.clock import Clock
from apps.service.run import CONFIGURATION, CannotStart, run_service
from apps.service.settings import SettingsError, load_settings
from tests.detector.helpers import OPEN_1005, HandClock, HandFeed, IngestProcess, ingest_process, until
from tests.detector.ingest_server import SECRET


@dataclass
class Running:
    """A whole detector in this process."""

    detector: Detector
    feeds: list[HandFeed]
    stop: asyncio.Event
    task: asyncio.Task[None]

    @property
    def epoch(self) -> int:
        return self.detector.leader.stream.epoch if self.detector.leader else 0


@contextlib.asynccontextmanager
async def running(
    folder: Path,
    server: IngestProcess,
    monkeypatch: pytest.MonkeyPatch,
    *,
    start: float = OPEN_1005,
    source: str = "live",
) -> AsyncIterator[Running]:
    clock, feeds = HandClock(start), []
    monkeypatch.setattr(service, "SystemClock", lambda: clock)

    def make_feed(settings: DetectorSettings, clock: Clock, calendar: object, labels: object) -> HandFeed:
        feeds.append(HandFeed(clock))
        return feeds[-1]

    settings = DetectorSettings(
        data_dir=folder / "data",
        source=Source.LIVE,
        backend_url=server.url,
        publisher_client_secret=SECRET,
        detector_port=0,
        beat_seconds=0.05,
    )
    detector, stop = Detector(settings, make_feed), asyncio.Event()
    made = Running(detector, feeds, stop, asyncio.create_task(detector.run(stop)))
    try:
        yield made
    finally:
        stop.set()
        await made.task


@pytest.fixture
def server(tmp_path: Path):
    with ingest_process(tmp_path) as process:
        yield process


async def test_live_data_has_an_empty_run_and_epoch_one(tmp_path: Path, server, monkeypatch) -> None:
    async with running(tmp_path, server, monkeypatch) as made:
        await until(lambda: made.epoch == 1, what="leading")
        assert made.detector.leader is not None
        stream = made.detector.leader.stream
        assert (stream.source, stream.run, stream.day) == (Source.LIVE, "", "2025-05-19")
        await until(lambda: bool(server.events()), what="events")


async def test_midnight_in_new_york_begins_a_new_stream(tmp_path: Path, server, monkeypatch) -> None:
    async with running(tmp_path, server, monkeypatch, start=OPEN_1005 + 13 * 3600 + 55 * 60 - 2) as made:
        await until(lambda: made.epoch == 2, what="the next day's stream")
        await until(lambda: len(server.seen()["streams"]) == 2, what="both streams")
        assert [key[3] for key, _ in server.seen()["streams"]] == ["2025-05-19", "2025-05-20"]


async def test_delayed_quotes_are_never_published_as_live(tmp_path: Path, server, monkeypatch) -> None:
    async with running(tmp_path, server, monkeypatch) as made:
        await until(lambda: bool(made.feeds) and made.feeds[0].running, what="the feed runs")
        feed = made.feeds[0]
        feed.status = type(feed.status)(feed.status.state, True, True, 51, 80, "2025-05-19")
        feed.connect = lambda: feed._on_status(feed.status)  # type: ignore[method-assign]
        feed.connect()
        await until(lambda: made.epoch == 2, what="another stream")
        await until(lambda: any(key[0] == "delayed" for key, _ in server.seen()["streams"]), what="the delayed stream")


async def test_after_losing_its_data_folder_a_detector_goes_on_above_the_epoch_the_backend_knows(
    tmp_path: Path, server, monkeypatch
) -> None:
    server.fault({"epoch": 500})
    async with running(tmp_path, server, monkeypatch) as made:
        await until(lambda: made.epoch > 500, what="a higher epoch")
        await until(lambda: bool(server.seen()["streams"]), what="events under it")


async def test_a_replaced_lock_file_makes_a_standby_of_the_leader(tmp_path: Path, server, monkeypatch) -> None:
    async with running(tmp_path, server, monkeypatch) as made:
        await until(lambda: made.epoch == 1, what="leading")
        lock = tmp_path / "data" / "locks" / "SPY.lock"
        lock.unlink()
        await until(lambda: made.epoch == 2, what="leading again under a new epoch")


async def test_the_probes_know_the_role(tmp_path: Path, server, monkeypatch) -> None:
    async with running(tmp_path, server, monkeypatch) as made:
        await until(lambda: made.epoch == 1, what="leading")
        assert made.detector.ready().role == "leader"
        assert made.detector.health().service == "spy-detector"


def test_a_control_port_makes_the_source_simulated_and_never_live(monkeypatch: pytest.MonkeyPatch) -> None:
    for key in ("SOURCE", "RUN_ID"):
        monkeypatch.delenv(key, raising=False)
    monkeypatch.setenv("SIMULATOR_CONTROL_URL", "http://127.0.0.1:1")
    assert load_settings(DetectorSettings).source is Source.SIMULATED
    monkeypatch.setenv("SOURCE", "live")
    with pytest.raises(SettingsError, match="must not be called live"):
        load_settings(DetectorSettings)


def test_what_a_person_must_change_is_exit_code_two(capsys: pytest.CaptureFixture[str]) -> None:
    async def cannot(_stop: asyncio.Event) -> None:
        raise CannotStart("Port 1 is taken.")

    assert run_service(cannot) == CONFIGURATION
    assert capsys.readouterr().err == "Port 1 is taken.\n"
