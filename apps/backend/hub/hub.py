"""The hub: who is connected in which audience, broadcast, pings, limits. Knows nothing of markets or stores."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from urllib.parse import parse_qs

from apps.backend.hub.connection import Connection, Message, Receive, Send
from apps.backend.hub.tickets import TicketRefused, Tickets
from apps.backend.hub.wire import EXTENSION, text_frame
from apps.backend.metrics import Metrics
from apps.backend.policy import Audience
from apps.contracts.live import record
from apps.contracts.names import FRAME_BYTES_MAX, HUB

log = logging.getLogger(__name__)

Scope = dict[str, Any]
Render = Callable[[Audience], str | None]
"""A payload's JSON for one audience; None when that audience gets nothing now."""


@dataclass(frozen=True, slots=True)
class HubLimits:
    """Wall seconds and counts, as the settings say."""

    connections_max: int = 1_000
    ping_seconds: float = 15.0
    handshake_seconds: float = 15.0
    silence_seconds: float = 30.0
    connect_seconds: float = 5.0
    backlog_events: int = 1_000


class Hub:
    """Life: run() while the service lives; stop() closes everyone kindly; cut() drops all, as a broken line would."""

    def __init__(self, limits: HubLimits, metrics: Metrics) -> None:
        self.limits, self._metrics = limits, metrics
        self.tickets = Tickets(limits.connect_seconds, limits.connections_max)
        self._groups: dict[Audience, set[Connection]] = {audience: set() for audience in Audience}
        self._count = 0
        self._cut = self._stopped = False

    @property
    def available(self) -> bool:
        """Clients may connect."""
        return not (self._cut or self._stopped)

    @property
    def full(self) -> bool:
        """No place left."""
        return self._count >= self.limits.connections_max

    @property
    def connections(self) -> int:
        """How many are connected."""
        return self._count

    def publish(self, target: str, render: Render, *, durable: bool, arrived: float | None = None) -> None:
        """Send to every audience that has someone in it; each audience's bytes are made once."""
        for audience, group in self._groups.items():
            if not group:
                continue
            payload = render(audience)
            if payload is None:
                continue
            data = text_frame(record(target, payload))
            for connection in tuple(group):
                connection.offer(data, durable=durable)
            self._metrics.units.inc(len(group) * -(-len(data) // FRAME_BYTES_MAX))
        if arrived is not None:
            self._metrics.broadcast_seconds.labels(target).observe(time.perf_counter() - arrived)

    def cut(self) -> None:
        """Drop every channel and admit nobody until mend()."""
        self._cut = True
        for connection in self._everyone():
            connection.abort()

    def mend(self) -> None:
        """Admit clients again."""
        self._cut = False

    async def stop(self) -> None:
        """Tell everyone to reconnect later, and wait until they are told."""
        self._stopped = True
        everyone = self._everyone()
        for connection in everyone:
            connection.finish("The service restarts.", allow_reconnect=True)
        await asyncio.gather(*(connection.settled() for connection in everyone))

    async def run(self) -> None:
        """Ping the quiet, close the silent and those whose authentication has ended; until cancelled."""
        pause = min(1.0, self.limits.ping_seconds / 4, self.limits.silence_seconds / 4)
        while True:
            await asyncio.sleep(pause)
            now, wall = time.monotonic(), time.time()
            for connection in self._everyone():
                if wall >= connection.guest.authenticated_until:
                    connection.finish("Authentication has expired.", allow_reconnect=True)
                elif now - connection.heard_at > self.limits.silence_seconds:
                    self._metrics.dropped.labels("closed_silent").inc()
                    connection.finish("Nothing was heard from this client.", allow_reconnect=True)
                elif now - connection.written_at >= self.limits.ping_seconds - pause:
                    connection.ping()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The ASGI application of the WebSocket at /client/."""
        await receive()  # websocket.connect
        wire = scope.get("extensions", {}).get(EXTENSION)
        if wire is None:
            raise RuntimeError("The hub needs apps.backend.hub.wire.HubProtocol; start it with python -m apps.backend")
        if scope["path"].rstrip("/") != "/client" or not self.available:
            await _refuse(send, 404 if self.available else 503)
            return
        try:
            guest = self.tickets.redeem(_connection_token(scope))
        except TicketRefused:
            await _refuse(send, 404)
            return
        if self.full:
            await _refuse(send, 429)
            return
        await send({"type": "websocket.accept"})
        connection = Connection(guest, wire["wire"], send, self._metrics, self.limits.backlog_events)
        await self._live(connection, receive)

    async def _live(self, connection: Connection, receive: Receive) -> None:
        self._count += 1
        self._metrics.connections.set(self._count)
        group = self._groups[connection.guest.audience]
        try:
            async with asyncio.timeout(self.limits.handshake_seconds):
                rest = await connection.handshake(receive)
            if rest is not None:
                group.add(connection)
                await connection.listen(receive, rest)
        except TimeoutError:
            connection.finish("The handshake took too long.", allow_reconnect=False)
        finally:
            group.discard(connection)
            self._count -= 1
            self._metrics.connections.set(self._count)
            await connection.settled()

    def _everyone(self) -> list[Connection]:
        return [connection for group in self._groups.values() for connection in group]


def _connection_token(scope: Scope) -> str:
    """The `id` of the address, which must name our hub. Raises TicketRefused."""
    query: dict[str, list[str]] = parse_qs(scope["query_string"].decode("latin-1"))
    if query.get("hub") != [HUB] or len(query.get("id", [])) != 1:
        raise TicketRefused("the address names no connection of this hub")
    return query["id"][0]


async def _refuse(send: Send, status: int) -> None:
    """Answer the upgrade with a plain status."""
    start: Message = {"type": "websocket.http.response.start", "status": status, "headers": [(b"content-length", b"0")]}
    await send(start)
    await send({"type": "websocket.http.response.body", "body": b""})
