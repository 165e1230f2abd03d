"""The holder of a symbol at work: quotes in, events and frames out, for one stream (source, run, day, epoch).

Wires the parts and owns their tasks. What a part does stands in that part's own module.
"""

from __future__ import annotations

import asyncio
import logging
import time
from dataclasses import dataclass
from pathlib import Path

from apps.broker.feed import FeedStatus, MarketFeed, Packet
from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import (
    CloseReason,
    DataState,
    EpisodeStatus,
    FeedState,
    GapReason,
    MarketState,
    SmileQuality,
    Source,
)
from apps.contracts.events import Signal, Status, Stream
from apps.detector import checkpoint as checkpoints
from apps.detector.anomaly_record import instant
from apps.detector.checkpoint import CHECKPOINT_SECONDS, Checkpoint
from apps.detector.data_watch import DataWatch
from apps.detector.detection import PARITY_RATE_MOST, Detection, Step
from apps.detector.episodes import OPEN_SAMPLES
from apps.detector.ingest_client import IngestClient
from apps.detector.journal import Journal
from apps.detector.measures import Measures
from apps.detector.picture import Picture, Seen, Truth
from apps.detector.publisher import FrameTap, Publisher
from apps.detector.sampler import Sampler
from apps.detector.scanner import Scanner
from apps.detector.sessions import clock_says, is_open, scan_hours, session_of
from apps.detector.settings import DetectorSettings
from apps.detector.spool import KEEP_SECONDS, Line
from apps.market.calendar import ExchangeCalendar
from apps.market.chain import Chain
from apps.market.flow import SignedFlow
from apps.market.memory import CheckpointError, ScanMemory
from apps.market.settings import ScanSettings
from apps.service.clock import Clock, wall_ms
from apps.service.tasks import every

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
STATUS_SECONDS = 10.0
DRAIN_SECONDS = 3.0
ORPHAN_SECONDS = 30.0
"""Open episodes taken up from another holder are closed when no quotes come for so many market seconds."""


class StreamEnded(Exception):
    """This stream cannot go on: a new day, or a source that is no longer what it was. Start the next one."""


@dataclass(frozen=True, slots=True)
class Surroundings:
    """What a leader is given. `labels`: origin labels of the source, shown beside the watermark."""

    settings: DetectorSettings
    scan_settings: ScanSettings
    clock: Clock
    calendar: ExchangeCalendar
    feed: MarketFeed
    client: IngestClient
    measures: Measures
    checkpoint_path: Path
    labels: tuple[str, ...] = ()


@dataclass(slots=True)
class _Now:
    """The newest chain facts that status and frames repeat."""

    state: MarketState
    smile: SmileQuality = SmileQuality.NONE
    expiry: str | None = None
    contracts: int = 0
    told: Status | None = None
    told_at: float = float("-inf")
    generation: int = -1


class Leader:
    """One stream from its first event to its end. `run` returns when `stop` is set and what could be sent was sent."""

    def __init__(self, around: Surroundings, line: Line, older: list[Line], past: Checkpoint | None) -> None:
        self._around = around
        self._older = older
        self.stream: Stream = line.stream
        self.line = line
        settings = around.settings
        self.watch = DataWatch()
        self.picture = Picture(line.stream, around.clock, settings.beat_seconds, self._truth)
        self.publisher = Publisher(
            around.client, FrameTap(self.picture.compose, self.picture.composer.lost, lambda: settings.beat_seconds)
        )
        self.journal = Journal(line, self.publisher.appended)
        self.detection = Detection(line.stream, around.scan_settings)
        self.flow = SignedFlow()
        self._sampler = Sampler()
        self.scanner = Scanner(
            self._scan,
            per_second=settings.scans_per_second,
            longest_pause=settings.scan_interval_seconds,
            on_error=around.measures.scan_failed,
        )
        self._session = session_of(around.calendar, around.clock.now())
        self._now = _Now(clock_says(self._session, around.clock.now()))
        self._ended: str | None = None
        self._started_at = around.clock.now()
        self._blind_since: float | None = None
        if past is not None:
            self._take_up(past)

    @property
    def status(self) -> Status:
        """What the detector knows about itself now."""
        feed = self._around.feed.status
        age = self.watch.age(self._around.clock.now())
        return Status(
            state=self._now.state,
            data=self.watch.state,
            feed=FeedState(feed.state),
            ibkr_connected=feed.connected,
            data_age_seconds=None if age is None else round(age, 3),
            expiry=feed.expiry or self._now.expiry,
            smile=self._now.smile if self.watch.state is DataState.LIVE else SmileQuality.NONE,
            strikes_subscribed=(self._now.contracts + 1) // 2 if feed.connected else 0,
            lines_used=feed.lines_used,
            lines_budget=feed.lines_budget,
            labels=self._around.labels[:8],
            message=self._message(feed),
        )

    @property
    def problems(self) -> list[str]:
        """Why this process could not do its work now, for /ready."""
        log_ = self.line.log
        return [] if log_.writable else [f"spool writable: no, {log_.problem}; {len(self.journal.lost)} kinds lost"]

    async def run(self, stop: asyncio.Event, *, waited: bool) -> None:
        """Work until `stop`. Raises StreamEnded, and EpochRefused from the publisher."""
        log.info("leading %s epoch %d%s", self.stream.symbol, self.stream.epoch, " after a takeover" if waited else "")
        try:
            await self._work(stop)
        finally:
            self.checkpoint()
            self.line.log.close()
        if self._ended is not None:
            raise StreamEnded(self._ended)

    async def _work(self, stop: asyncio.Event) -> None:
        measures = self._around.measures
        async with asyncio.TaskGroup() as group:
            publishing = group.create_task(self.publisher.run(self._older, self.line), name="publisher")
            helpers = [
                group.create_task(self._around.feed.run(self._on_packet, self._on_status), name="feed"),
                group.create_task(self.scanner.run(self._may_scan), name="scanner"),
                group.create_task(every(lambda: LOOK_SECONDS, self._look, measures.failed), name="look"),
                group.create_task(every(lambda: CHECKPOINT_SECONDS, self.checkpoint, measures.failed), name="saving"),
                group.create_task(self._keep_on_disk(), name="sync"),
            ]
            await self._until(stop)
            for task in helpers:
                task.cancel()
            self._tell_status(force=True)
            self.publisher.stop()
            await asyncio.wait({publishing}, timeout=DRAIN_SECONDS)
            publishing.cancel()

    def checkpoint(self) -> None:
        """Write down what a successor needs. A full disk is counted; the old checkpoint then stays."""
        now = self._around.clock.now()
        content = Checkpoint(
            stream=self.stream,
            seq=self.journal.last_seq,
            market_time=now,
            last_quote=self.watch.last_market,
            numbers=self.detection.episodes.numbers,
            resting_until=self.detection.episodes.resting(now),
            open=list(self.detection.bodies.values()),
            memory=self.detection.memory.checkpoint(),
            flow=self.flow.to_dict(),
            followed=self.detection.afterwards.saved(),
        )
        try:
            checkpoints.save(self._around.checkpoint_path, content)
        except OSError as error:
            self._around.measures.spool_failed("checkpoint")
            log.warning("no checkpoint could be written: %s", error)

    async def _until(self, stop: asyncio.Event) -> None:
        while not stop.is_set() and self._ended is None:
            waiting = asyncio.create_task(stop.wait())
            await asyncio.wait({waiting}, timeout=LOOK_SECONDS)
            waiting.cancel()

    async def _keep_on_disk(self) -> None:
        """fsync about once a second, in a thread; a full disk is tried again."""
        while True:
            await asyncio.sleep(1)
            self.line.log.flush()
            try:
                await asyncio.to_thread(self.line.log.sync)
            except OSError as error:
                self._around.measures.spool_failed("sync")
                log.warning("the spool could not be put on the disk: %s", error)
            self.line.log.prune(older_than_seconds=KEEP_SECONDS)

    def _take_up(self, past: Checkpoint) -> None:
        """Continue an earlier holder's episodes and memory; the blind interval becomes a gap when quotes come."""
        now = self._around.clock.now()
        if past.memory is not None:
            try:
                self.detection.memory = ScanMemory.restore(past.memory)
            except CheckpointError as error:
                log.warning("%s", error)
        if past.flow is not None:
            try:
                self.flow = SignedFlow.from_dict(past.flow)
            except ValueError as error:
                log.warning("%s", error)
        self.detection.episodes.numbers.update(past.numbers)
        self.detection.episodes.rest(past.resting_until)
        self.detection.restore(past.open, now)
        self.detection.afterwards.restore(past.followed)
        if past.last_quote is not None and past.last_quote <= now and is_open(self._session, past.last_quote):
            self._blind_since = past.last_quote

    def took_over(self, reason: GapReason) -> None:
        """Say why there was nobody watching since the last holder's newest quote."""
        if self._blind_since is not None:
            self.watch.blind_since(self._blind_since, reason)

    def _on_packet(self, packet: Packet) -> None:
        if packet.rows:
            self.watch.packet(packet.market_time, time.monotonic())
            if self.watch.state is not DataState.LIVE:
                self._look()
        self._around.measures.ticks(packet.quote_changes)
        self.scanner.packet(packet.t_recv)

    def _on_status(self, status: FeedStatus) -> None:
        if status.delayed and self.stream.source is Source.LIVE:
            self._ended = "the broker serves delayed data, which must not be called live"
        self._around.measures.link(connected=status.connected)
        self._look()

    def _may_scan(self) -> bool:
        return self.watch.state is DataState.LIVE

    def _scan(self, arrivals: tuple[float, ...]) -> None:
        t_recv = arrivals[0]
        now = self._around.clock.now()
        chain = self._around.feed.chain(now)
        if chain is None or not len(chain) or self.watch.state is not DataState.LIVE:
            return
        if self._around.feed.generation != self._now.generation:
            self._now.generation = self._around.feed.generation
            self.flow.forget()
        started = time.perf_counter()
        step = self.detection.step(
            chain, scan_hours(self._session, chain), t_recv=t_recv, wall=wall_ms, rate=self._around.clock.rate
        )
        for body in step.bodies:
            self._tell(body, now)
        self._after(chain, step, arrivals, now)
        self._around.measures.scanned(chain, step, arrivals, time.perf_counter() - started)

    def _after(self, chain: Chain, step: Step, arrivals: tuple[float, ...], now: float) -> None:
        result = step.result
        totals = self.flow.observe(self._session.day, chain)
        for sample in self._sampler.take(chain, result, totals, now=now, wall=time.monotonic()):
            self.journal.tell(sample, instant(now))
        self._now.state, self._now.smile = MarketState(result.state), SmileQuality(result.smile)
        self._now.expiry, self._now.contracts = chain.expiry.isoformat(), len(chain)
        severities = self.detection.episodes.severities()
        self.picture.show(Seen(chain, result, severities, arrivals, step.t_detect, totals.net))
        self.publisher.nudge()

    def _tell(self, body: Anomaly | Signal, now: float) -> None:
        self.journal.tell(body, instant(now))
        self._around.measures.told(body)
        if isinstance(body, Anomaly) and body.status is not EpisodeStatus.UPDATE:
            log.info("%s %s %s %g %s %s", body.status, body.severity, body.kind, body.strike, body.option_type, body.id)

    def _look(self) -> None:
        """Judge the data, tell gaps and status, notice the end of the day."""
        clock, feed = self._around.clock, self._around.feed.status
        now = clock.now()
        opened = is_open(self._session, now)
        before = self.watch.state
        gaps = self.watch.look(now, time.monotonic(), rate=clock.rate, connected=feed.connected, is_open=opened)
        state = self.watch.state
        if state is not DataState.LIVE:
            self._interrupt(before, state, now)
            self._now.state = self._unseen_state(now, feed)
        for gap in gaps:
            self.journal.tell(gap, instant(now))
        self._tell_status(force=before is not state)
        if session_of(self._around.calendar, now).day != self._session.day:
            self._ended = "a new session day"
        self._around.measures.looked(self, now)
        self._around.measures.fed(self._around.feed.counts)

    def _interrupt(self, before: DataState, state: DataState, now: float) -> None:
        orphaned = now - (self.watch.last_market or self._started_at) > ORPHAN_SECONDS
        if before is DataState.LIVE or orphaned or state is DataState.CLOSED:
            reason = CloseReason.SESSION if state is DataState.CLOSED else CloseReason.GAP
            wall = wall_ms()
            for anomaly in self.detection.interrupt(now, reason, t_recv=wall, t_detect=wall):
                self._tell(anomaly, now)

    def _unseen_state(self, now: float, feed: FeedStatus) -> MarketState:
        """The state while no scan says it: the clock's, or a halt that was known."""
        state = clock_says(self._session, now)
        running = state not in {MarketState.PRE_OPEN, MarketState.CLOSED}
        return MarketState.HALTED if running and (feed.halted or self._now.state is MarketState.HALTED) else state

    def _tell_status(self, *, force: bool) -> None:
        status, wall = self.status, time.monotonic()
        told = self._now.told
        changed = told is None or _without_age(status) != _without_age(told)
        if (changed and (force or wall - self._now.told_at >= 1)) or wall - self._now.told_at >= STATUS_SECONDS:
            self._now.told, self._now.told_at = status, wall
            self.journal.tell(status, instant(self._around.clock.now()))

    def _message(self, feed: FeedStatus) -> str | None:
        lost = sum(self.journal.lost.values())
        parts = [
            f"The spool cannot be written: {self.line.log.problem}." if self.line.log.problem else None,
            f"{lost} events were lost for want of space." if lost else None,
            _pace_note(self._around.clock.rate),
            feed.message,
        ]
        return " ".join(part for part in parts if part)[:400] or None

    def _truth(self) -> Truth:
        age, journal = self.watch.age(self._around.clock.now()), self.journal
        return Truth(self.watch.state, age, self._now.state, journal.last_seq, journal.storage)


def _without_age(status: Status) -> Status:
    return status.model_copy(update={"data_age_seconds": None})


def _pace_note(rate: float) -> str | None:
    """What a fast simulated clock costs: the gateway samples by the wall, so samples lie apart in market time."""
    if rate <= PARITY_RATE_MOST:
        return None
    return (
        f"At {rate:g}x the gateway samples every {0.1 * rate:.0f} market seconds: "
        f"parity is off and anomalies must last {max(0.5, OPEN_SAMPLES * 0.1 * rate):g} s."
    )
