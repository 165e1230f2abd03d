"""Sends the spool to the backend in order, for ever, and the newest frame beside it (D8). Loses and doubles nothing.

The cursor moves only on `acked_seq`. While the backend is away frames are not made at all: the next one carries what
changed. What the backend refuses for its content is parked in a dead-letter file and its place in the sequence is
taken by a zero-length gap event, so that one bad event never blocks the line.
"""

from __future__ import annotations

import asyncio
import contextlib
import logging
import random
import time
from collections import deque

from apps.contracts.enums import ErrorCode
from apps.contracts.names import INGEST_BYTES_MAX, INGEST_EVENTS_MAX
from apps.detector.frame_queue import FrameQueue, FrameTap
from apps.detector.frames import ComposedFrame
from apps.detector.ingest_client import BackendAway, IngestClient, IngestReply
from apps.detector.ingest_request import placeholder, request_of
from apps.detector.publisher_facts import PublisherFacts
from apps.detector.spool import BACKEND, Line
from apps.service.spool_record import Record

log = logging.getLogger(__name__)

_ENVELOPE_ROOM = 4_096
"""Bytes of a request besides its events: stream fields and one frame."""

_CONTENT_REFUSED = frozenset({400, 413, 415, 422})


class EpochRefused(Exception):
    """The backend knows a higher epoch. `was_accepted`: it took events of ours before, so another holder is at work."""

    def __init__(self, *, was_accepted: bool) -> None:
        super().__init__("the backend refused this epoch")
        self.was_accepted = was_accepted


class Publisher:
    """One line of requests to one backend. `appended()` after each new event; `run` until cancelled or stopped."""

    def __init__(
        self,
        client: IngestClient,
        frames: FrameTap,
        *,
        backoff_first: float = 0.1,
        backoff_most: float = 5.0,
        jitter: random.Random | None = None,
    ) -> None:
        self._client = client
        self._frames = FrameQueue(frames)
        self._backoff_first = backoff_first
        self._backoff_most = backoff_most
        self._jitter = jitter or random.Random()  # noqa: S311  spreads retries, guards nothing
        self._wake = asyncio.Event()
        self._stopping = False
        self._held_until, self._refused_full = 0.0, 0
        """Until when events wait because the backend's store is full, and how often it said so in a row."""

        self._appended: deque[tuple[int, float]] = deque(maxlen=5000)
        self.facts = PublisherFacts()

    def appended(self, seq: int) -> None:
        """A durable event was appended: send it now, not at the next beat."""
        self._appended.append((seq, time.monotonic()))
        self._wake.set()

    def nudge(self) -> None:
        """The picture changed: if the beat is free, use it now."""
        if self._frames.free:
            self._wake.set()

    async def run(self, older: list[Line], current: Line) -> None:
        """Drain lower epochs, then publish the current one until `stop`. Raises EpochRefused for the current one."""
        for line in older:
            if line.log.pending(BACKEND):
                await self._drain_older(line)
        await self._publish(current, live=True)

    def stop(self) -> None:
        """Return from `run` as soon as nothing is pending."""
        self._stopping = True
        self._wake.set()

    async def _drain_older(self, line: Line) -> None:
        log.info("draining epoch %d: %d events", line.stream.epoch, line.log.pending(BACKEND))
        await self._publish(line, live=False)

    def _has_it_all(self, line: Line, batch: list[Record]) -> bool:
        """A lower epoch is refused only when it brings nothing that the backend lacks (D8): go past what was sent."""
        if batch:
            line.log.advance(BACKEND, batch[-1].seq)
        return True

    async def _publish(self, line: Line, *, live: bool) -> None:
        attempt, limit, accepted = 0, INGEST_EVENTS_MAX, False
        asked = False
        self._held_until, self._refused_full = 0.0, 0
        while True:
            held = time.monotonic() < self._held_until and not self._stopping
            batch = self._batch(line, limit) if asked and not held else []
            frame = self._frames.take() if live and asked and not self._stopping else None
            if asked and not batch and frame is None:
                if not live or self._stopping:
                    return
                await self._wait_for_work()
                continue
            reply = await self._send(line, batch, frame)
            if reply is not None and reply.status == 200:
                progress = self._acknowledge(line, batch, reply.acked_seq or 0, asked=asked)
                asked = accepted = True
                self._refused_full = 0 if batch else self._refused_full
                attempt, limit = (0, INGEST_EVENTS_MAX) if progress else (attempt + 1, limit)
                if not progress:
                    await self._pause(attempt, None)
                continue
            if reply is not None and reply.status == 409:
                if live:
                    raise EpochRefused(was_accepted=accepted)
                asked = self._has_it_all(line, batch)
                continue
            if reply is not None and reply.status in _CONTENT_REFUSED and asked and (frame or batch):
                limit = await self._content_refused(line, batch, frame, reply)
                continue
            if reply is not None and reply.code is ErrorCode.STORAGE_FULL and live and asked and not self._stopping:
                self._refused_full += 1
                self._held_until = time.monotonic() + self._backoff(self._refused_full, reply)
                continue  # the events wait, the picture goes on: frames need no room
            attempt += 1
            await self._pause(attempt, reply)

    def _batch(self, line: Line, limit: int) -> list[Record]:
        """The next records without a hole: what the spool lost is replaced by gap events of no length."""
        after = line.log.cursors[BACKEND].seq
        records = line.log.read(after, limit=limit, limit_bytes=INGEST_BYTES_MAX - _ENVELOPE_ROOM)
        if records and records[0].seq > after + 1:
            last = min(records[0].seq - 1, after + limit)
            self._count_failure("lost", f"events {after + 1} to {last} of epoch {line.stream.epoch} are not kept")
            return [placeholder(seq, records[0]) for seq in range(after + 1, last + 1)]
        for index in range(1, len(records)):
            if records[index].seq != records[index - 1].seq + 1:
                return records[:index]
        return records

    async def _wait_for_work(self) -> None:
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(
                self._frames.pause
            ):  # wait_for can swallow a cancellation that meets its time-out (3.11)
                await self._wake.wait()
        self._wake.clear()

    async def _send(self, line: Line, batch: list[Record], frame: ComposedFrame | None) -> IngestReply | None:
        """The backend's answer; None when there was none. A frame that did not arrive is given back."""
        try:
            reply = await self._client.post(request_of(line, batch, frame))
        except BackendAway as error:
            self.facts.failed("away", str(error))
            reply = None
        except asyncio.CancelledError:
            self._frames.give_back(frame)
            raise
        if reply is not None and reply.status == 200:
            self.facts.reachable, self.facts.problem = True, None
            return reply
        self._frames.give_back(frame)
        if reply is not None:
            self.facts.failed(f"http_{reply.status}", f"the backend answered {reply.status}: {reply.message}")
        return reply

    def _acknowledge(self, line: Line, batch: list[Record], acked: int, *, asked: bool) -> bool:
        """Move the cursor to what the backend has; False when events were sent and none of them was taken."""
        log_, before = line.log, line.log.cursors[BACKEND].seq
        if acked > log_.last_seq:
            self._count_failure("ack_beyond", f"the backend acknowledged {acked}, our last event is {log_.last_seq}")
            acked = log_.last_seq
        if acked < before:
            self.facts.holes_asked += 1
            log.warning("the backend has events up to %d, had said %d: sending again", acked, before)
            log_.rewind(BACKEND, acked)
            return not batch
        log_.advance(BACKEND, acked)
        if asked and batch and acked < batch[-1].seq:
            self.facts.holes_asked += 1
        self._measure(acked)
        return acked > before or not batch

    def _measure(self, acked: int) -> None:
        now = time.monotonic()
        while self._appended and self._appended[0][0] <= acked:
            self.facts.publish_seconds.append(now - self._appended.popleft()[1])

    async def _content_refused(
        self, line: Line, batch: list[Record], frame: ComposedFrame | None, reply: IngestReply
    ) -> int:
        """Find out what the backend does not take; the next batch limit. Parks a single event that is refused alone."""
        if frame is not None:  # given back already; the events go alone
            self._count_failure("frame_refused", f"frame {frame.number} was refused: {reply.message}")
            self._frames.hold(1)
            return INGEST_EVENTS_MAX if not batch else len(batch)
        if len(batch) > 1:
            return (len(batch) + 1) // 2
        await self._park(line, batch[0], reply)
        return INGEST_EVENTS_MAX

    async def _park(self, line: Line, record: Record, reply: IngestReply) -> None:
        """Keep the event beside the spool and put a gap event in its place. Waits if even that is refused."""
        substitute = await self._send(line, [placeholder(record.seq, record)], None)
        if substitute is None or substitute.status != 200:
            self._count_failure("refused_all", "the backend refuses even an empty event: do the versions differ?")
            await self._pause(6, substitute)
            return
        self.facts.parked += 1
        log.error("event %d of epoch %d was refused and parked: %s", record.seq, line.stream.epoch, reply.message)
        try:
            with (line.log.folder / "dead-letter.jsonl").open("ab") as file:
                file.write(record.body + b"\n")
        except OSError:
            log.exception("the refused event could not be kept; it was %s", record.body.decode(errors="replace"))
        self._acknowledge(line, [record], substitute.acked_seq or 0, asked=True)

    async def _pause(self, attempt: int, reply: IngestReply | None) -> None:
        """Back off; a stop request does not wait longer than it must."""
        seconds = self._backoff(attempt, reply)
        await asyncio.sleep(min(seconds, 0.2) if self._stopping else seconds)

    def _backoff(self, attempt: int, reply: IngestReply | None) -> float:
        """Seconds before the next attempt, with jitter; as many as the backend asks for, within reason."""
        most = min(self._backoff_most, self._backoff_first * 2.0 ** min(attempt, 16))
        seconds = most * self._jitter.uniform(0.5, 1)
        if reply is not None and reply.retry_after is not None:
            seconds = max(seconds, min(reply.retry_after, 30.0))
        return seconds

    def _count_failure(self, reason: str, problem: str) -> None:
        self.facts.failures[reason] = self.facts.failures.get(reason, 0) + 1
        log.error("publisher: %s", problem)
