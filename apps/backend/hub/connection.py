"""One live channel: handshake, what it hears, what it is sent, and a bounded backlog while its peer is slow."""

from __future__ import annotations

import asyncio
import time
from collections import deque
from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from apps.backend.hub import records
from apps.backend.hub.tickets import Guest
from apps.backend.hub.wire import Wire, text_frame
from apps.backend.metrics import Metrics

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]

CLOSE_SECONDS = 1.0
_PING = text_frame(records.PING)


class Connection:
    """Life: accepted, handshaken, fed, closed. `offer` and `finish` are called by the hub on the loop."""

    def __init__(self, guest: Guest, wire: Wire, send: Send, metrics: Metrics, backlog_max: int) -> None:
        self.guest = guest
        self.heard_at = self.written_at = time.monotonic()
        self._wire, self._send, self._metrics, self._backlog_max = wire, send, metrics, backlog_max
        self._backlog: deque[bytes] = deque()
        self._frame: bytes | None = None
        self._finishing: asyncio.Task[None] | None = None
        wire.on_writable = self._flush

    @property
    def finishing(self) -> bool:
        """Being closed: gets nothing more."""
        return self._finishing is not None

    async def handshake(self, receive: Receive) -> list[str] | None:
        """Read and answer the client's first record. The records that came with it, or None when refused or gone."""
        message = await receive()
        if message["type"] != "websocket.receive":
            return None
        try:
            first, *rest = records.split(message.get("text") or "")
            records.read_handshake(first)
        except records.ProtocolError as error:
            self._wire.write(text_frame(records.handshake_refused(str(error))))
            await self._close_socket()
            return None
        self._wire.write(text_frame(records.HANDSHAKE_OK))
        return rest

    async def listen(self, receive: Receive, already: list[str]) -> None:
        """Hear the client until it leaves or must be closed."""
        pending = already
        while True:
            for record in pending:
                if not self._hear(record):
                    return
            message = await receive()
            if message["type"] != "websocket.receive":
                return
            self.heard_at = time.monotonic()
            try:
                pending = records.split(message.get("text") or "")
            except records.ProtocolError as error:
                self.finish(str(error), allow_reconnect=False)
                return

    def _hear(self, record: str) -> bool:
        """False when the connection ends with this record."""
        try:
            kind = records.read_type(record)
        except records.ProtocolError as error:
            self.finish(str(error), allow_reconnect=False)
            return False
        if kind in records.CLIENT_CALLS:
            self.finish(records.CALL_REFUSED, allow_reconnect=False)
            return False
        return kind != records.Type.CLOSE

    def offer(self, data: bytes, *, durable: bool) -> None:
        """Send, or keep for later: every durable message, but only the newest frame.

        A peer that falls too far behind is closed and told to reconnect: it then reads what it missed.
        """
        if self.finishing:
            return
        if self._wire.can_write and not self._backlog and self._frame is None:
            self._wire.write(data)
            self.written_at = time.monotonic()
        elif not durable:
            if self._frame is not None:
                self._metrics.dropped.labels("frame_conflated").inc()
            self._frame = data
        elif len(self._backlog) < self._backlog_max:
            self._backlog.append(data)
        else:
            self._metrics.dropped.labels("closed_too_slow").inc()
            self.finish("This client reads too slowly.", allow_reconnect=True)

    def ping(self) -> None:
        """Keep the client from giving up; needless while data flow."""
        if self._wire.can_write and not self.finishing:
            self._wire.write(_PING)
            self.written_at = time.monotonic()

    def finish(self, error: str | None, *, allow_reconnect: bool) -> None:
        """Say why with a type 7 record if the peer can still be told, then close; the waiting is in the background."""
        if self._finishing is None:
            self._finishing = asyncio.create_task(self._finish(error, allow_reconnect), name="hub-close")

    def abort(self) -> None:
        """Drop the socket without a word."""
        self._wire.abort()

    async def settled(self) -> None:
        """Wait for a finish that is under way."""
        if self._finishing is not None:
            await self._finishing

    async def _finish(self, error: str | None, allow_reconnect: bool) -> None:
        if self._wire.can_write:
            self._wire.write(text_frame(records.close(error, allow_reconnect=allow_reconnect)))
        await self._close_socket()

    async def _close_socket(self) -> None:
        try:
            async with asyncio.timeout(CLOSE_SECONDS):
                await self._send({"type": "websocket.close", "code": 1000})
        except (TimeoutError, OSError, RuntimeError):
            self._wire.abort()  # it does not read; a close frame would wait for ever

    def _flush(self) -> None:
        """The peer has caught up: durable messages first, in order, then the newest frame."""
        while self._backlog and self._wire.can_write:
            self._wire.write(self._backlog.popleft())
        if self._frame is not None and not self._backlog and self._wire.can_write:
            frame, self._frame = self._frame, None
            self._wire.write(frame)
        self.written_at = time.monotonic()
