"""The holder of a symbol at work: quotes in, events and frames out, for one stream (source, run, day, epoch).

Wires the parts and owns their tasks. What a part does stands in that part's own module.
"""

from __future__ import annotations

import asyncio
import logging
import time

from apps.broker.feed import FeedStatus, Packet
from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import CloseReason, DataState, EpisodeStatus, GapReason, Source
from apps.contracts.events import Signal, Status, Stream
from apps.detector import checkpoint as checkpoints
from apps.detector.anomaly_record import instant
from apps.detector.checkpoint import CHECKPOINT_SECONDS, Checkpoint
from apps.detector.data_watch import DataWatch
from apps.detector.detection import Detection, Step
from apps.detector.frame_queue import FrameTap
from apps.detector.handover import take_up, written_down
from apps.detector.journal import Journal
from apps.detector.measures import Levels
from apps.detector.picture import Picture, Seen, Truth
from apps.detector.publisher import Publisher
from apps.detector.sampler import Sampler
from apps.detector.scanner import Scanner
from apps.detector.sessions import is_open, scan_hours, session_of
from apps.detector.spool import BACKEND, Line, keep_on_disk
from apps.detector.standing import Standing
from apps.detector.surroundings import Surroundings
from apps.market.chain import Chain
from apps.market.flow import SignedFlow
from apps.service.clock import wall_ms
from apps.service.tasks import every

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.2
DRAIN_SECONDS = 3.0
"""How long one that stops waits for its backend: meanwhile nobody watches, and the next leader sends what is left."""
ORPHAN_SECONDS = 30.0
"""Open episodes taken up from another holder are closed when no quotes come for so many market seconds."""


class StreamEnded(Exception):
    """This stream cannot go on: a new day, or a source that is no longer what it was. Start the next one."""


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
        self.standing = Standing(around, self.watch, self.journal, self._session)
        self._generation = -1
        self._ended: str | None = None
        self._started_at = around.clock.now()
        self._blind_since: float | None = None
        if past is not None:
            self._take_up(past)

    @property
    def status(self) -> Status:
        """What the detector knows about itself now."""
        return self.standing.status

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
                group.create_task(keep_on_disk(self.line.log, measures.spool_failed), name="sync"),
            ]
            await self._until(stop)
            for task in helpers:
                task.cancel()
            if self._around.leads():
                self.standing.tell(force=True)
            self.publisher.stop()
            await asyncio.wait({publishing}, timeout=DRAIN_SECONDS)
            publishing.cancel()
        if left := self.line.log.pending(BACKEND):
            log.warning("stopping with %d events for the next leader to send", left)

    def checkpoint(self) -> None:
        """Write down what a successor needs, unless one may be at work. A full disk is counted; the old one stays."""
        if not self._around.leads():
            return
        now = self._around.clock.now()
        last_quote = self.watch.last_market
        content = written_down(
            self.stream, self.journal.last_seq, self.detection, self.flow, now=now, last_quote=last_quote
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

    def _take_up(self, past: Checkpoint) -> None:
        """Continue an earlier holder's episodes and memory; the blind interval becomes a gap when quotes come."""
        now = self._around.clock.now()
        self.flow = take_up(past, self.detection, now)
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
        if not self._around.leads():  # a loop that was held up may come here before it is told
            return
        t_recv = arrivals[0]
        now = self._around.clock.now()
        chain = self._around.feed.chain(now)
        if chain is None or not len(chain) or self.watch.state is not DataState.LIVE:
            return
        if self._around.feed.generation != self._generation:
            self._generation = self._around.feed.generation
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
        self.standing.scanned(chain, result)
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
        if not self._around.leads():
            return
        clock, feed = self._around.clock, self._around.feed.status
        now = clock.now()
        opened = is_open(self._session, now)
        before = self.watch.state
        gaps = self.watch.look(now, time.monotonic(), rate=clock.rate, connected=feed.connected, is_open=opened)
        state = self.watch.state
        if state is not DataState.LIVE:
            self._interrupt(before, state, now)
            self.standing.unseen(now)
        for gap in gaps:
            self.journal.tell(gap, instant(now))
        self.standing.tell(force=before is not state)
        if session_of(self._around.calendar, now).day != self._session.day:
            self._ended = "a new session day"
        self._around.measures.looked(self._levels(now))
        self._around.measures.fed(self._around.feed.counts)

    def _levels(self, now: float) -> Levels:
        """What the metrics show of this moment."""
        log_ = self.line.log
        return Levels(
            data=self.watch.state,
            data_age=self.watch.age(now),
            spool_pending=log_.pending(BACKEND),
            spool_write_errors=log_.write_errors,
            lost=self.journal.lost,
            net_flow=self.flow.totals.net,
            severities=[episode.severity for episode in self.detection.episodes.open],
            publisher=self.publisher.facts,
        )

    def _interrupt(self, before: DataState, state: DataState, now: float) -> None:
        orphaned = now - (self.watch.last_market or self._started_at) > ORPHAN_SECONDS
        if before is DataState.LIVE or orphaned or state is DataState.CLOSED:
            reason = CloseReason.SESSION if state is DataState.CLOSED else CloseReason.GAP
            wall = wall_ms()
            for anomaly in self.detection.interrupt(now, reason, t_recv=wall, t_detect=wall):
                self._tell(anomaly, now)

    def _truth(self) -> Truth:
        return self.standing.truth()
