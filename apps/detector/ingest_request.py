"""One request to the backend as bytes, from parts that are JSON already, and what stands in for an event. No socket."""

from __future__ import annotations

from datetime import UTC, datetime

from apps.contracts.enums import GapReason
from apps.contracts.events import Gap, GapEvent
from apps.detector.frames import ComposedFrame
from apps.detector.spool import BACKEND, Line
from apps.service.clock import wall_ms
from apps.service.spool_record import Record, market_time_of


def request_of(line: Line, batch: list[Record], frame: ComposedFrame | None) -> bytes:
    """An IngestRequest from parts that are JSON already."""
    first = batch[0].seq if batch else line.log.cursors[BACKEND].seq + 1
    head = line.stream.model_dump_json().encode()[1:-1]
    events = b",".join(record.body for record in batch)
    return b'{"v":1,%b,"first_seq":%d,"events":[%b],"frame":%b}' % (
        head,
        first,
        events,
        frame.body if frame else b"null",
    )


def placeholder(seq: int, near: Record) -> Record:
    """A gap of no length in the place of an event that cannot be sent; its market time is taken from a neighbour."""
    at = market_time_of(near) or datetime.now(UTC)
    gap = Gap(started_at=at, ended_at=at, reason=GapReason.STORAGE)
    event = GapEvent(seq=seq, market_time=at, t_publish=round(wall_ms(), 3), body=gap)
    return Record(seq, event.model_dump_json().encode())
