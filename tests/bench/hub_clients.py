"""Many live-channel clients in one process: real sockets, real handshakes, and nothing but counting. Not a test.

Run as `python -m tests.bench.hub_clients URL COUNT FRAMES`. A frame's number is read by a search in the bytes: a JSON
parser in every client would measure this process, not the hub. Prints one JSON line when all frames are there or
nothing has come for five seconds.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
import time

import httpx

from apps.contracts.names import HUB

HANDSHAKE = b'{"protocol":"json","version":1}\x1e'
PING = b'{"type":6}\x1e'
PING_SECONDS = 10.0
TOGETHER = 25
NUMBER = re.compile(rb'"frame":(\d+),"as_of_seq"')
SENT_AT = re.compile(rb'"t_publish":([\d.]+)')
QUIET_SECONDS = 5.0


def masked(payload: bytes) -> bytes:
    """A short client text frame; the mask of zeros is legal and leaves the bytes readable."""
    return bytes((0x81, 0x80 | len(payload), 0, 0, 0, 0)) + payload


class Client(asyncio.Protocol):
    """Counts frames in order; a number that is not the next is a loss."""

    def __init__(self, request: bytes) -> None:
        self._request, self._rest = request, b""
        self.received, self.lost, self.last = 0, 0, 0
        self.delays_ms: list[float] = []
        self.heard_at = time.monotonic()
        self.ready = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Upgrade."""
        self._transport = transport
        transport.write(self._request)  # type: ignore[attr-defined]

    def ping(self) -> None:
        """Say that we are there."""
        self._transport.write(masked(PING))  # type: ignore[attr-defined]

    def data_received(self, data: bytes) -> None:
        """Records end with 0x1e; what follows the last one waits."""
        if not self.ready.done():
            if b"\r\n\r\n" in data and b" 101 " in data:
                self._transport.write(masked(HANDSHAKE))  # type: ignore[attr-defined]
                data = data.partition(b"\r\n\r\n")[2]
            if b"{}\x1e" not in data:
                return
            self.ready.set_result(None)
            data = data.partition(b"{}\x1e")[2]
        self.heard_at = time.monotonic()
        *records, self._rest = (self._rest + data).split(b"\x1e")
        now = time.time() * 1000
        for record in records:
            if (found := NUMBER.search(record)) is not None:
                number = int(found[1])
                self.lost += number - self.last - 1
                self.last = number
                self.received += 1
                sent = SENT_AT.search(record)
                if sent is not None:
                    self.delays_ms.append(now - float(sent[1]))


async def connect(http: httpx.AsyncClient, token: str) -> Client:
    """Both negotiate steps, then the socket and the handshake."""
    bearer = {"Authorization": f"Bearer {token}"}
    first = (await http.post("/negotiate?negotiateVersion=1", headers=bearer)).raise_for_status().json()
    bearer = {"Authorization": f"Bearer {first['accessToken']}"}
    second = (
        (await http.post(f"/client/negotiate?hub={HUB}&negotiateVersion=1", headers=bearer)).raise_for_status().json()
    )
    host, port = http.base_url.host, http.base_url.port or 80
    request = (
        f"GET /client/?hub={HUB}&id={second['connectionToken']} HTTP/1.1\r\nHost: {host}:{port}\r\n"
        "Upgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
        "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    _, client = await asyncio.get_running_loop().create_connection(lambda: Client(request.encode()), host, port)
    await asyncio.wait_for(client.ready, 10)
    return client


async def keep_alive(clients: list[Client]) -> None:
    """Ping as the JavaScript client does: the hub closes whom it does not hear."""
    while True:
        await asyncio.sleep(PING_SECONDS)
        for client in clients:
            client.ping()


async def main(url: str, count: int, frames: int) -> None:
    """Connect all, say so, then listen."""
    async with httpx.AsyncClient(base_url=url, timeout=30) as http:
        token = (await http.post("/api/token", json={"grant_type": "local"})).json()["access_token"]
        clients: list[Client] = []
        pings = asyncio.create_task(keep_alive(clients))
        while len(clients) < count:
            together = min(TOGETHER, count - len(clients))
            clients += await asyncio.gather(*(connect(http, token) for _ in range(together)))
    print("ready", flush=True)
    while not all(client.last >= frames for client in clients):
        await asyncio.sleep(0.2)
        if time.monotonic() - max(client.heard_at for client in clients) > QUIET_SECONDS:
            break
    pings.cancel()
    delays = sorted(delay for client in clients for delay in client.delays_ms)
    answer = {
        "received": sum(client.received for client in clients),
        "lost": sum(client.lost + max(0, frames - client.last) for client in clients),
        "p50_ms": delays[len(delays) // 2] if delays else None,
        "p99_ms": delays[int(len(delays) * 0.99)] if delays else None,
    }
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), int(sys.argv[3])))
