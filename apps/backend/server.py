"""The server: uvicorn with the hub's own WebSocket protocol, stopped by the service's signal."""

from __future__ import annotations

import asyncio
import logging
import socket

import uvicorn
from starlette.types import ASGIApp

from apps.backend.hub.hub import Hub
from apps.backend.hub.wire import HubProtocol
from apps.service.web import HostedServer

STOP_SECONDS = 2
CLIENT_BYTES_MAX = 64 * 1024
"""No client has anything longer to say on the live channel."""


class _Server(HostedServer):
    """The hub says goodbye before sockets are closed."""

    def __init__(self, config: uvicorn.Config, hub: Hub) -> None:
        super().__init__(config)
        self._hub = hub

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        """Tell live channels to reconnect, then stop."""
        await self._hub.stop()
        await super().shutdown(sockets)


def make_server(app: ASGIApp, hub: Hub) -> uvicorn.Server:
    """A server that has not started."""
    # At INFO uvicorn writes the whole address of every WebSocket, and a browser's holds its token.
    logging.getLogger("uvicorn.error").setLevel(logging.WARNING)
    config = uvicorn.Config(
        app,
        log_config=None,
        access_log=False,
        server_header=False,
        proxy_headers=False,
        lifespan="on",
        ws=HubProtocol,
        ws_per_message_deflate=False,
        ws_ping_interval=None,
        ws_max_size=CLIENT_BYTES_MAX,
        timeout_graceful_shutdown=STOP_SECONDS,
        timeout_keep_alive=20,
        h11_max_incomplete_event_size=32 * 1024,
    )
    return _Server(config, hub)


async def serve(app: ASGIApp, hub: Hub, listener: socket.socket, stop: asyncio.Event) -> None:
    """Serve on a socket of `service.web.bind` until `stop` is set, then end within STOP_SECONDS and a little."""
    server = make_server(app, hub)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="server")
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({running, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    server.should_exit = True
    await running
