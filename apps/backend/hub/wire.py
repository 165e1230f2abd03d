"""The hub's WebSocket under uvicorn: a frame's bytes are made once and written to every socket as they are.

Server frames are not masked, so one broadcast is the same bytes for everyone. Never compresses, never fragments.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, Protocol

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

EXTENSION: Final = "spy.wire"
WRITE_BUFFER_BYTES: Final = 64 * 1024
"""Above this much unsent, the peer is slow and the connection keeps its own bounded backlog."""


class Wire(Protocol):
    """What a connection needs of its socket."""

    on_writable: Callable[[], None] | None

    @property
    def can_write(self) -> bool:
        """Open, and its buffer is below the mark."""
        ...

    def write(self, data: bytes) -> None:
        """Hand bytes of whole WebSocket frames to the socket; never blocks."""
        ...

    def abort(self) -> None:
        """Drop the socket without a close frame."""
        ...


class HubProtocol(WebSocketsSansIOProtocol):
    """uvicorn's protocol, which also lends its socket to the application under scope extension `spy.wire`."""

    on_writable: Callable[[], None] | None = None

    async def run_asgi(self) -> None:
        """Lend the socket, then run the application as usual."""
        self.transport.set_write_buffer_limits(high=WRITE_BUFFER_BYTES)
        extensions = self.scope.get("extensions")
        if extensions is not None:
            extensions[EXTENSION] = {"wire": self}
        await super().run_asgi()

    def resume_writing(self) -> None:
        """The peer has caught up."""
        super().resume_writing()
        if self.on_writable is not None:
            self.on_writable()

    @property
    def can_write(self) -> bool:
        """See Wire."""
        return self.writable.is_set() and self.handshake_complete and not self.close_sent and not self.disconnected

    def write(self, data: bytes) -> None:
        """See Wire."""
        self.transport.write(data)

    def abort(self) -> None:
        """See Wire."""
        self.transport.abort()


def text_frame(text: str) -> bytes:
    """One unmasked, final text frame (RFC 6455, 5.2)."""
    payload = text.encode()
    size = len(payload)
    if size < 126:
        return bytes((0x81, size)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload
