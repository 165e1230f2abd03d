"""The sending side of one socket: bounded, and cut or joined where a fault says so. Never looks inside a frame."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable

HALF, JOINED, WHOLE = "half", "joined", "whole"
PIECE_SECONDS, JOIN_SECONDS = 0.001, 0.05
PIECES = 4


class Output:
    """Writes in order whatever the mode; calls `overflowed` once when the reader leaves too much unread."""

    def __init__(self, transport: asyncio.Transport, bytes_max: int, overflowed: Callable[[], None]) -> None:
        self._transport, self._bytes_max, self._overflowed = transport, bytes_max, overflowed
        self._held: deque[bytes] = deque()
        self._held_bytes = 0
        self._timer: asyncio.TimerHandle | None = None
        self._full = False
        self.mode = WHOLE
        self.bytes_sent = 0

    @property
    def unread(self) -> int:
        """Bytes not yet taken by the socket."""
        return self._transport.get_write_buffer_size() + self._held_bytes

    def write(self, data: bytes) -> None:
        """Send now, or in turn behind what is held."""
        if self._full or not data or self._transport.is_closing():
            return
        if self.mode == WHOLE and not self._held:
            self._transport.write(data)
        else:
            self._hold(data)
        self.bytes_sent += len(data)
        if self.unread > self._bytes_max:
            self._full = True
            self.stop()
            self._overflowed()

    def stop(self) -> None:
        """Forget what is held."""
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
        self._held.clear()
        self._held_bytes = 0

    def flush(self) -> None:
        """Send what is held, at once."""
        rest = b"".join(self._held)
        self.stop()
        if rest:
            self._transport.write(rest)

    def _hold(self, data: bytes) -> None:
        if self.mode == HALF:
            # The first cut falls into the length prefix, the others anywhere.
            size = max(1, (len(data) - 2) // (PIECES - 1))
            self._held.append(data[:2])
            self._held.extend(data[at : at + size] for at in range(2, len(data), size))
        else:
            self._held.append(data)
        self._held_bytes += len(data)
        if self._timer is None:
            self._later()

    def _later(self) -> None:
        delay = JOIN_SECONDS if self.mode == JOINED else PIECE_SECONDS
        self._timer = asyncio.get_running_loop().call_later(delay, self._pump)

    def _pump(self) -> None:
        self._timer = None
        if self._transport.is_closing():
            self.stop()
        elif self.mode == HALF and self._held:
            piece = self._held.popleft()
            self._held_bytes -= len(piece)
            self._transport.write(piece)
            if self._held:
                self._later()
        else:
            self.flush()
