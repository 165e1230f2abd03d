"""The gateways' probe in the cluster: the very command that the kubelet runs, against gateways and what is none."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Awaitable, Callable

import pytest

from infra.cluster.handshake import handshake
from tests.broker.gateway import frame, gateway
from tests.simulator.helpers import running

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]
GREETING = b"API\0\0\0\0\x09v157..176"
GUARD_SECONDS = 60
"""So that a command that hangs fails its test; how fast it is on a busy machine is judged by nobody."""


async def code(port: int) -> int:
    """Exit code of the command, which must end by itself."""
    process = await asyncio.create_subprocess_exec(*handshake(port), stderr=asyncio.subprocess.DEVNULL)
    try:
        async with asyncio.timeout(GUARD_SECONDS):
            return await process.wait()
    finally:
        if process.returncode is None:
            process.kill()


async def code_for(answer: Answer) -> int:
    """Exit code when a server answers so."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        return await code(server.sockets[0].getsockname()[1])


def saying(said: bytes) -> Answer:
    """A server that takes the greeting and says this."""

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(GREETING))
        writer.write(said)
        await writer.drain()
        writer.close()

    return answer


async def test_the_simulator_answers_however_often_it_is_asked_and_sees_an_ordinary_end() -> None:
    async with running() as gate:
        assert [await code(gate.port) for _ in range(3)] == [0, 0, 0]
        assert not gate.counters, "the ends that it has noticed while it answered the next"


async def test_a_gateway_answers_and_keeps_no_client_id() -> None:
    async with gateway() as gate:
        assert await code(gate.port) == 0
        assert not gate.received, "it left before StartApi"


async def test_the_greeting_is_the_one_that_clients_send() -> None:
    heard = asyncio.get_running_loop().create_future()

    async def listens(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        heard.set_result(await reader.readexactly(len(GREETING)))
        writer.write(frame(176, "20250519 09:30:00 EST"))
        await writer.drain()

    assert await code_for(listens) == 0
    assert heard.result() == GREETING


@pytest.mark.parametrize(
    "said",
    [
        b"",
        b"HTTP/1.1 400 Bad Request\r\n\r\n\0\0\0\0\0",
        frame("hello", "there"),
        frame(176),
        frame("", "20250519 09:30:00 EST"),
        frame(17, "20250519 09:30:00 EST"),
        b"\0\0\0\x1a",
        b"\0\0\0\x1a176",
    ],
    ids=["nothing", "a web server", "other words", "no time", "no version", "two digits", "half", "cut off"],
)
async def test_what_answers_otherwise_is_no_gateway(said: bytes) -> None:
    assert await code_for(saying(said)) != 0


async def test_a_forwarder_without_a_gateway_behind_it_fails() -> None:
    async def forwarder(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert await code_for(forwarder) != 0


async def test_nobody_there_fails() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert await code(nobody.getsockname()[1]) != 0
