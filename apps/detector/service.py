"""The detector as a process: standby, leader, standby again; probes that tell which. Decides nothing about quotes."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import socket
from collections.abc import Callable, Coroutine
from dataclasses import dataclass
from datetime import UTC, date, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any

import httpx
from pydantic import ValidationError

from apps.broker.feed import MarketFeed
from apps.contracts.api import Health, Ready, ScenarioAnswer
from apps.contracts.enums import GapReason, Source
from apps.contracts.events import Stream
from apps.contracts.names import Env
from apps.detector import checkpoint as checkpoints
from apps.detector.checkpoint import Checkpoint
from apps.detector.ingest_client import IngestClient
from apps.detector.leader import Leader, StreamEnded
from apps.detector.measures import Measures
from apps.detector.metrics import DetectorMetrics
from apps.detector.publisher import EpochRefused
from apps.detector.sessions import session_of
from apps.detector.settings import DetectorSettings
from apps.detector.spool import Line, Spool
from apps.detector.surroundings import Surroundings
from apps.market.calendar import ExchangeCalendar
from apps.service.clock import Clock, SimulatorClock, SystemClock
from apps.service.folder import require_writable
from apps.service.leadership import Leadership, LeadershipLost, leads, while_leading
from apps.service.leading import leadership_of
from apps.service.run import CannotStart
from apps.service.web import ProbeApp, bind, serve

log = logging.getLogger(__name__)

FENCED_SECONDS = 5.0
"""How long a leader that was fenced off waits before it is a standby again."""

MakeFeed = Callable[[DetectorSettings, Clock, ExchangeCalendar, tuple[str, ...]], MarketFeed]


@dataclass(frozen=True, slots=True)
class _Scene:
    """What the simulator says about itself: its symbol and its honest labels. Never what it does on purpose."""

    symbol: str | None = None
    labels: tuple[str, ...] = ()


class Detector:
    """One process. `run(stop)` returns after a graceful stop; CannotStart names what a person must change."""

    def __init__(self, settings: DetectorSettings, make_feed: MakeFeed, listener: socket.socket | None = None) -> None:
        self.settings = settings
        self._make_feed = make_feed
        self._listener = listener or bind(settings.bind_host, settings.detector_port, Env.DETECTOR_PORT)
        self._symbol: str = settings.symbol
        self._run = settings.run_id or datetime.now(UTC).strftime("%Y%m%dT%H%M%S")
        self.metrics = DetectorMetrics(settings.symbol)
        self.leader: Leader | None = None
        self._leadership: Leadership | None = None
        self._starting = True

    @property
    def port(self) -> int:
        """Where the probes answer."""
        port: int = self._listener.getsockname()[1]
        return port

    def health(self) -> Health:
        """Alive, and what is known of the data."""
        leader = self.leader
        status = leader.status if leader else None
        return Health(
            service="spy-detector",
            version=_version(),
            ibkr_connected=status.ibkr_connected if status else None,
            data_age_seconds=status.data_age_seconds if status else None,
            data=status.data if status else None,
        )

    def ready(self) -> Ready:
        """Able to take its role: a standby, a closed market and a logged-out gateway are ready too (D19)."""
        leader, leadership = self.leader, self._leadership
        problems = ["still starting: waiting for the clock"] if self._starting else []
        if leader is not None:
            problems += leader.problems
        elif leadership is not None and leadership.problem is not None:
            problems.append(leadership.problem[:400])
        return Ready(ready=not problems, role="leader" if leader else "standby", problems=tuple(problems))

    async def run(self, stop: asyncio.Event) -> None:
        """Serve the probes and lead whenever it is our turn, until `stop`."""
        try:
            require_writable(self.settings.data_dir, "locks", "spool", "checkpoints")
        except CannotStart:
            self._listener.close()
            raise
        async with asyncio.TaskGroup() as group:
            probes = group.create_task(
                serve(ProbeApp(self.metrics.registry, self.health, self.ready), self._listener), name="probes"
            )
            clock = await self._start_clock(stop)
            follow = None
            if isinstance(clock, SimulatorClock):
                follow = group.create_task(clock.follow(), name="clock")
            if clock is not None:
                await self._work(clock, stop)
            if follow is not None:
                follow.cancel()
            probes.cancel()
        if isinstance(clock, SimulatorClock):
            await clock.close()

    async def _work(self, clock: Clock, stop: asyncio.Event) -> None:
        settings = self.settings
        scene = await _scene(settings)
        self._symbol = settings.symbol if "symbol" in settings.model_fields_set else scene.symbol or settings.symbol
        today = datetime.fromtimestamp(clock.now(), UTC).date()
        calendar = await asyncio.to_thread(_calendar, today)
        self._starting = False
        self._leadership = leadership = leadership_of(settings, self._symbol, settings.data_dir / "locks")
        client = IngestClient(
            settings.backend_url, settings.publisher_client_id, settings.publisher_client_secret.get_secret_value()
        )
        around = Surroundings(
            settings=settings,
            scan_settings=settings.scan,
            clock=clock,
            calendar=calendar,
            feed=self._make_feed(settings.model_copy(update={"symbol": self._symbol}), clock, calendar, scene.labels),
            client=client,
            measures=Measures(self.metrics, self._symbol),
            checkpoint_path=settings.data_dir / "checkpoints" / f"{self._symbol}.json",
            labels=scene.labels,
            leads=partial(leads, leadership),
        )
        try:
            while not stop.is_set() and await _unless(stop, leadership.acquire()):
                try:
                    await while_leading(leadership, self._lead(around, leadership, stop))
                except* LeadershipLost as group:
                    log.error("the lead was lost: standing by (%s)", _leaf(group))  # noqa: TRY400
                await leadership.release()
        finally:
            await leadership.release()
            await leadership.close()
            await client.close()

    async def _lead(self, around: Surroundings, leadership: Leadership, stop: asyncio.Event) -> None:
        """Lead stream after stream until the stop, or until somebody else leads. Raises LeadershipLost."""
        above, source, waited = 0, self.settings.source, leadership.waited
        first = True
        while not stop.is_set():
            try:
                spool = Spool(self.settings.data_dir / "spool", self._symbol)
                if not first or above or leadership.epoch <= spool.highest_epoch:
                    await leadership.next_epoch(max(above, spool.highest_epoch))
                leader = await self._prepare(around, leadership.epoch, spool, source, waited=waited and first)
                first = False
                self.leader = leader
                around.measures.leading(leading=True)
                await leader.run(stop, waited=waited)
            except* StreamEnded as group:
                log.info("the stream ended: %s", group.exceptions[0])
                delayed = around.feed.status.delayed
                source = Source.DELAYED if delayed and self.settings.source is Source.LIVE else self.settings.source
            except* EpochRefused as group:
                refusal = _leaf(group)
                if isinstance(refusal, EpochRefused) and refusal.was_accepted:
                    log.error("another detector with a higher epoch is at work: standing by")  # noqa: TRY400
                    await _pause(stop, FENCED_SECONDS)
                    above = -1
                else:
                    above = 2 * leadership.epoch + 1000
                    known = leadership.epoch
                    log.warning("the backend knows a higher epoch than %d (was DATA_DIR lost?): going on", known)
                    await _pause(stop, 1.0)
            finally:
                self.leader = None
                around.measures.leading(leading=False)
            if above < 0:
                return

    async def _prepare(self, around: Surroundings, epoch: int, spool: Spool, source: Source, *, waited: bool) -> Leader:
        """Open the new epoch and read what earlier holders left. Reading happens in a thread."""
        session = session_of(around.calendar, around.clock.now())
        stream = Stream(
            source=source,
            run="" if source is Source.LIVE else self._run,
            symbol=self._symbol,
            day=session.day.isoformat(),
            epoch=epoch,
        )
        line = spool.open(stream)
        older = await asyncio.to_thread(spool.older, epoch)
        for _ in range(spool.damaged):
            around.measures.spool_failed("unreadable")
        past = await asyncio.to_thread(_past, around.checkpoint_path, stream, older)
        leader = Leader(around, line, older, past)
        leader.took_over(GapReason.TAKEOVER if waited else GapReason.RESTART)
        for each in older:
            for repair in each.log.repairs:
                around.measures.spool_failed("damaged")
                log.warning("epoch %d: %s", each.stream.epoch, repair)
        return leader

    async def _start_clock(self, stop: asyncio.Event) -> Clock | None:
        """The clock; None when the stop came first."""
        url = self.settings.simulator_control_url
        if url is None:
            return SystemClock()
        clock = SimulatorClock(url)
        while not stop.is_set():
            try:
                if await _unless(stop, clock.start()):
                    return clock
            except ConnectionError as error:
                log.warning("%s", error)
        await clock.close()
        return None


async def _unless(stop: asyncio.Event, work: Coroutine[Any, Any, object]) -> bool:
    """Await `work` unless `stop` comes first; whether the work was done."""
    task = asyncio.create_task(work)
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({task, waiting}, return_when=asyncio.FIRST_COMPLETED)
    waiting.cancel()
    if not task.done():
        task.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await task
        return False
    task.result()
    return True


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await stop.wait()


async def _scene(settings: DetectorSettings) -> _Scene:
    """The simulator's symbol and labels. Without an answer there are none, which is logged."""
    if settings.simulator_control_url is None:
        return _Scene()
    try:
        async with httpx.AsyncClient(base_url=settings.simulator_control_url, timeout=5, trust_env=False) as client:
            answer = ScenarioAnswer.model_validate_json((await client.get("/scenario")).content)
    except (httpx.HTTPError, ValidationError) as error:
        log.warning("the simulator does not say what it plays: %s", error)
        return _Scene()
    return _Scene(answer.symbol, answer.labels)


def _past(path: Path, stream: Stream, older: list[Line]) -> Checkpoint | None:
    """What earlier holders of this session left: the checkpoint, and the spool's newer events on top of it."""
    saved = checkpoints.load(path)
    past = saved if saved and saved.same_session(stream.source, stream.run, stream.symbol, stream.day) else None
    for line in older:
        theirs = line.stream
        if (theirs.source, theirs.run, theirs.day) != (stream.source, stream.run, stream.day):
            continue
        if past is None:
            past = Checkpoint(theirs, 0, 0.0, None)
        after = 0 if theirs.epoch > past.stream.epoch else past.seq
        if theirs.epoch >= past.stream.epoch:
            _replay(past, line, after)
    return past


def _replay(past: Checkpoint, line: Line, after: int) -> None:
    while records := line.log.read(after, limit=500, limit_bytes=4_000_000):
        past.apply(records)
        after = records[-1].seq


def _calendar(today: date) -> ExchangeCalendar:
    """The calendar, read now: its package takes a quarter of a second and more."""
    calendar = ExchangeCalendar.around(today)
    calendar.session(today)
    return calendar


def _leaf(error: BaseException) -> BaseException:
    return _leaf(error.exceptions[0]) if isinstance(error, BaseExceptionGroup) else error


def _version() -> str:
    try:
        return version("spy-options")
    except PackageNotFoundError:
        return "0"
