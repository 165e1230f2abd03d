"""One line of a spool segment: a checksum, then the event as JSON. Encodes, checks and decodes; opens no file."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass
from datetime import datetime

_MARKET_TIME = re.compile(rb'"market_time":"([^"]+)"')
_SEQ = re.compile(rb'"seq":(\d+)')


@dataclass(frozen=True, slots=True)
class Record:
    """A durable event as it is sent: `body` is its compact JSON, which holds `seq`."""

    seq: int
    body: bytes


class Damaged(ValueError):
    """A line is not what was written: torn, altered or out of order."""


def market_time_of(record: Record) -> datetime | None:
    """The event's market time, read without parsing all of it; None when it has none."""
    found = _MARKET_TIME.search(record.body)
    try:
        return datetime.fromisoformat(found[1].decode()) if found else None
    except ValueError:
        return None


def encode(record: Record) -> bytes:
    """`crc32-in-hex SP json LF`."""
    return b"%08x %b\n" % (zlib.crc32(record.body), record.body)


def decode(line: bytes) -> Record:
    """The record of one line with its line feed. Raises Damaged."""
    if len(line) < 11 or line[-1:] != b"\n" or line[8:9] != b" ":
        raise Damaged("the line is torn")
    body = line[9:-1]
    try:
        expected = int(line[:8], 16)
    except ValueError as error:
        raise Damaged("the checksum is not a number") from error
    if zlib.crc32(body) != expected:
        raise Damaged("the checksum does not match")
    found = _SEQ.search(body)
    if found is None:
        raise Damaged("the line has no seq")
    return Record(int(found[1]), body)


def sound_prefix(content: bytes, first_seq: int) -> tuple[int, int, str | None]:
    """How far a segment can be trusted: (bytes, last seq, problem or None). `last seq` is first_seq - 1 when empty."""
    position, seq = 0, first_seq - 1
    while position < len(content):
        end = content.find(b"\n", position) + 1 or len(content)
        try:
            record = decode(content[position:end])
        except Damaged as error:
            return position, seq, str(error)
        if record.seq <= seq:
            return position, seq, f"seq {record.seq} follows {seq}"
        position, seq = end, record.seq
    return position, seq, None
