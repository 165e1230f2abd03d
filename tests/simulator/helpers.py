"""Gateways and clients for tests of the wire: real sockets on free ports, and waiting for events, not sleeping."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress
from typing import Any

from ib_insync import IB, Contract, Option, Stock

from apps.simulator.account import Position
from apps.simulator.clock import TimeSource
from apps.simulator.framing import frame
from apps.simulator.server import Gateway
from apps.simulator.settings import Settings
from apps.simulator.world import World
from tests.simulator.worlds import SPOT, FlatWorld

WAIT_SECONDS = 8.0
STOCK = Stock("SPY", "SMART", "USD", conId=756733)


def option(strike: float = SPOT, right: str = "C") -> Contract:
    """A contract of the flat world, as a client would write it."""
    return Option("SPY", "20250519", strike, right, "SMART", currency="USD")


@asynccontextmanager
async def running(
    world: World | None = None,
    source: TimeSource | None = None,
    positions: tuple[Position, ...] = (),
    **settings: Any,
) -> AsyncIterator[Gateway]:
    """A gateway on a free port, beating until the block ends. A beat that fails, fails the test."""
    gateway = Gateway(world or FlatWorld(), Settings(port=0, control_port=0, **settings), source, positions)
    await gateway.start()
    beating = asyncio.create_task(gateway.run(), name="gateway")
    try:
        yield gateway
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
        await gateway.stop()
        assert not gateway.counters["internal_errors"], gateway.counters


@asynccontextmanager
async def connected(gateway: Gateway, client_id: int = 1, **options: Any) -> AsyncIterator[IB]:
    """An unmodified ib_insync client, connected."""
    ib = IB()
    ib.RaiseRequestErrors = False
    await ib.connectAsync("127.0.0.1", gateway.port, clientId=client_id, timeout=4, **options)
    try:
        yield ib
    finally:
        ib.disconnect()


class Heard:
    """Every error and notice a client hears, from the moment this is made."""

    def __init__(self, ib: IB) -> None:
        self.all: list[tuple[int, int, str]] = []
        self._ib = ib
        ib.errorEvent += self._hear

    @property
    def codes(self) -> list[int]:
        """Codes in order."""
        return [code for _, code, _ in self.all]

    async def code(self, code: int, count: int = 1) -> tuple[int, int, str]:
        """Wait for the `count`th message of this code."""
        await until(self._ib.errorEvent, lambda: self.codes.count(code) >= count)
        return [entry for entry in self.all if entry[1] == code][count - 1]

    def _hear(self, req_id: int, code: int, text: str, _: object) -> None:
        self.all.append((req_id, code, text))


async def until(event: Any, met: Callable[[], bool], seconds: float = WAIT_SECONDS) -> None:
    """Wait until `met`, looked at each time the eventkit `event` is emitted. The time-out only ends a failed test."""
    if met():
        return
    done = asyncio.get_running_loop().create_future()

    def look(*_: object) -> None:
        if not done.done() and met():
            done.set_result(None)

    event += look
    try:
        await asyncio.wait_for(done, seconds)
    finally:
        event -= look


async def deserted(gateway: Gateway) -> None:
    """Wait until no connection is left; give it a time-out."""
    while gateway.sessions:
        gateway.resumed.clear()
        await gateway.resumed.wait()


def packed(*fields: object) -> bytes:
    """A client's frame."""
    return frame("".join(f"{field}\0" for field in fields).encode())


GREETING = b"API\0" + frame(b"v157..176")
START = packed(71, 2, 1, "")


class Raw:
    """A bare socket that speaks frames: for what no well-behaved client does."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader, self.writer = reader, writer

    @classmethod
    async def connect(cls, gateway: Gateway, receive_buffer: int | None = None) -> Raw:
        """Only the socket; a small receive buffer fills soon."""
        connection = socket.socket()
        if receive_buffer is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.setblocking(False)
        await asyncio.get_running_loop().sock_connect(connection, ("127.0.0.1", gateway.port))
        return cls(*await asyncio.open_connection(sock=connection))

    @classmethod
    async def started(cls, gateway: Gateway, client_id: int = 1, receive_buffer: int | None = None) -> Raw:
        """Handshake and StartApi done, their answers still to be read."""
        raw = await cls.connect(gateway, receive_buffer)
        raw.writer.write(GREETING + packed(71, 2, client_id, ""))
        await raw.writer.drain()
        return raw

    async def frame(self) -> list[str]:
        """The next frame's fields."""
        size = int.from_bytes(await asyncio.wait_for(self.reader.readexactly(4), WAIT_SECONDS), "big")
        body = await asyncio.wait_for(self.reader.readexactly(size), WAIT_SECONDS)
        return body.decode().split("\0")[:-1]

    async def until(self, number: int, *rest: str) -> list[str]:
        """The next frame of this message number that ends with `rest`, reading over others."""
        while True:
            fields = await self.frame()
            if fields[0] == str(number) and (not rest or all(part in fields for part in rest)):
                return fields

    async def closed(self) -> bytes:
        """Everything until the other side closes."""
        with suppress(ConnectionError):
            return await asyncio.wait_for(self.reader.read(-1), WAIT_SECONDS)
        return b""

    async def close(self) -> None:
        """Close, whatever the other side did."""
        self.writer.close()
        with suppress(ConnectionError):
            await self.writer.wait_closed()
