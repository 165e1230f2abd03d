"""Frames of the wire: a length prefix and NUL-ended fields, both ways. Never knows what a message means."""

from __future__ import annotations

import struct
from collections.abc import Iterator

PREAMBLE = b"API\0"
FRAME_BYTES_MAX = 65_536
"""No request of the protocol comes near it; more is a client out of step, or hostile."""

FIELDS_MAX = 2_000

_LENGTH = struct.Struct(">I")
_SHORT_LENGTHS = tuple(_LENGTH.pack(size) for size in range(512))


class FramingError(Exception):
    """The byte stream is not the protocol; the connection cannot be read any further."""


def length_prefix(size: int) -> bytes:
    """Four bytes, big-endian."""
    return _SHORT_LENGTHS[size] if size < len(_SHORT_LENGTHS) else _LENGTH.pack(size)


def frame(body: bytes) -> bytes:
    """`body` behind its length."""
    return length_prefix(len(body)) + body


class FrameReader:
    """Turns any split of a client's byte stream into the same messages. Holds at most one unfinished frame."""

    def __init__(self) -> None:
        self._buffer = bytearray()
        self._greeted = False

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Bodies of the frames completed by `data`, in order; exhaust it. Raises FramingError after the good ones."""
        self._buffer += data
        if not self._greeted and not self._greet():
            return
        position = 0
        try:
            while len(self._buffer) - position >= _LENGTH.size:
                size = _LENGTH.unpack_from(self._buffer, position)[0]
                if not 0 < size <= FRAME_BYTES_MAX:
                    raise FramingError(f"frame length {size} is outside 1..{FRAME_BYTES_MAX}")
                end = position + _LENGTH.size + size
                if len(self._buffer) < end:
                    return
                body = bytes(self._buffer[position + _LENGTH.size : end])
                position = end
                yield body
        finally:
            del self._buffer[:position]

    @property
    def pending(self) -> int:
        """Bytes held of an unfinished frame."""
        return len(self._buffer)

    def _greet(self) -> bool:
        start = bytes(self._buffer[: len(PREAMBLE)])
        if not PREAMBLE.startswith(start):
            raise FramingError("a client begins with API and a NUL")
        if len(start) < len(PREAMBLE):
            return False
        del self._buffer[: len(PREAMBLE)]
        self._greeted = True
        return True


def fields_of(body: bytes) -> list[str]:
    """The fields of one message. Bytes that are not UTF-8 are kept as escapes, so that nothing is guessed."""
    if not body.endswith(b"\0"):
        raise FramingError("the last field of a message is ended by a NUL too")
    if body.count(b"\0") > FIELDS_MAX:
        raise FramingError(f"a message has at most {FIELDS_MAX} fields")
    return body[:-1].decode("utf-8", errors="backslashreplace").split("\0")
