"""A SignalR client of few words, for what the real one never does: wrong records, silence, not reading."""

from __future__ import annotations

import json
from typing import Any

import httpx
import websockets
from websockets.asyncio.client import ClientConnection

from apps.contracts.enums import Role
from apps.contracts.names import HUB
from tests.backend.running import Running

HANDSHAKE = '{"protocol":"json","version":1}\x1e'


async def negotiate(here: Running, *roles: Role, **options: Any) -> dict[str, str]:
    """Our negotiate: url and accessToken."""
    answer = await here.client.post("/negotiate?negotiateVersion=1", headers=here.bearer(*roles, **options))
    assert answer.status_code == 200, answer.text
    found: dict[str, str] = answer.json()
    return found


async def hub_negotiate(here: Running, access_token: str) -> httpx.Response:
    """The hub's negotiate."""
    bearer = {"Authorization": f"Bearer {access_token}"}
    return await here.client.post(f"/client/negotiate?hub={HUB}&negotiateVersion=1", headers=bearer)


async def ticket(here: Running, *roles: Role, **options: Any) -> str:
    """A connection token."""
    first = await negotiate(here, *(roles or (Role.VIEWER, Role.OWNER)), **options)
    return str((await hub_negotiate(here, first["accessToken"])).json()["connectionToken"])


def address(here: Running, connection_token: str) -> str:
    """The WebSocket's address."""
    return f"{here.url.replace('http', 'ws', 1)}/client/?hub={HUB}&id={connection_token}"


class Channel:
    """An open channel; records one at a time."""

    def __init__(self, socket: ClientConnection) -> None:
        self.socket = socket
        self._records: list[str] = []

    async def record(self) -> dict[str, Any]:
        """The next record."""
        while not self._records:
            text = await self.socket.recv()
            assert isinstance(text, str)
            assert text.endswith("\x1e")
            self._records = text.split("\x1e")[:-1]
        found: dict[str, Any] = json.loads(self._records.pop(0))
        return found

    async def next_of(self, *targets: str) -> dict[str, Any]:
        """The next invocation's payload, pings left out."""
        while True:
            record = await self.record()
            if record.get("type") == 1 and (not targets or record["target"] in targets):
                (payload,) = record["arguments"]
                return {"target": record["target"], **payload}

    async def until_close(self) -> dict[str, Any]:
        """The type 7 record."""
        while True:
            record = await self.record()
            if record.get("type") == 7:
                return record


async def open_channel(here: Running, *roles: Role, **options: Any) -> Channel:
    """Connected and handshaken."""
    socket = await websockets.connect(address(here, await ticket(here, *roles, **options)))
    channel = Channel(socket)
    await socket.send(HANDSHAKE)
    assert await channel.record() == {}
    return channel
