"""TCP reads of the broker's socket, cut at message ends so that no quote is taken half. Decodes no message itself."""

from __future__ import annotations

import struct
from dataclasses import dataclass
from typing import Final

MESSAGE_MAX: Final = 16 * 2**20
"""A longer length prefix is a broken stream, not a message."""

PIECE: Final = 8_192
"""The library copies its whole buffer once a message; pieces of this size keep that cost flat for large reads."""

_LENGTH = struct.Struct(">I")
_REQUEST_FIELD: Final = {b"1": 2, b"2": 2, b"45": 2, b"46": 2, b"58": 2, b"21": 1, b"81": 1}
"""Tick messages: where the request number stands among the NUL-separated fields."""


class BadFrame(ConnectionError):
    """The byte stream makes no sense any more; only a new connection can help."""


@dataclass(frozen=True, slots=True)
class Cut:
    """Whole messages to decode now, in pieces of at most about PIECE bytes, each ending with a message."""

    pieces: tuple[bytes, ...]
    held: bool
    """The read ended inside a quote: its messages wait for the rest (or for `ReadBuffer.release`)."""


class ReadBuffer:
    """Collects reads; gives out whole messages.

    A read that ends in the middle of a message may have cut a quote in two (bid in, ask not yet). Then the last
    messages of the same line are held back until the next read. A cut exactly between two messages cannot be seen.
    """

    def __init__(self) -> None:
        self._rest = b""

    def clear(self) -> None:
        """A new connection starts."""
        self._rest = b""

    def take(self, data: bytes) -> Cut:
        """Add a read. Raises BadFrame for an impossible length prefix."""
        stream = self._rest + data if self._rest else data
        starts, end = _message_starts(stream)
        cut = end
        if end < len(stream) and starts:
            cut = _before_last_line(stream, starts, end)
        self._rest = stream[cut:]
        return Cut(tuple(_pieces(stream, starts, cut)), held=cut < end)

    def release(self) -> Cut:
        """The rest did not come: give out the held messages; half a message still waits."""
        starts, end = _message_starts(self._rest)
        stream, self._rest = self._rest, self._rest[end:]
        return Cut(tuple(_pieces(stream, starts, end)), held=False)


def _message_starts(stream: bytes) -> tuple[list[int], int]:
    """Offsets of the whole messages, and where the last of them ends."""
    starts: list[int] = []
    at, size, length_at = 0, len(stream), _LENGTH.unpack_from
    while at + 4 <= size:
        length = length_at(stream, at)[0]
        if length > MESSAGE_MAX:
            raise BadFrame(f"The gateway announced a message of {length} bytes; the stream is broken.")
        if at + 4 + length > size:
            break
        starts.append(at)
        at += 4 + length
    return starts, at


def _before_last_line(stream: bytes, starts: list[int], end: int) -> int:
    """Where the trailing run of messages of one line begins; `end` when the last message is not a tick."""
    line = _line_of(stream, starts[-1])
    if line is None:
        return end
    for start in reversed(starts):
        if _line_of(stream, start) != line:
            break
        end = start
    return end


def _line_of(stream: bytes, start: int) -> bytes | None:
    fields = stream[start + 4 : start + 64].split(b"\0", 4)
    where = _REQUEST_FIELD.get(fields[0])
    return fields[where] if where is not None and where < len(fields) else None


def _pieces(stream: bytes, starts: list[int], end: int) -> list[bytes]:
    """`stream[:end]` cut at message starts into pieces of about PIECE bytes."""
    pieces: list[bytes] = []
    begin = 0
    for start in starts:
        if start >= end:
            break
        if start - begin >= PIECE:
            pieces.append(stream[begin:start])
            begin = start
    if begin < end:
        pieces.append(stream[begin:end])
    return pieces
