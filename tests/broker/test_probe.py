"""The handshake probe: exit codes for Kubernetes, and not fooled by a port that merely accepts."""

from __future__ import annotations

import asyncio
import socket
import sys
from collections.abc import Awaitable, Callable

import pytest

from apps.broker.probe import GREETING, main, probe
from tests.broker.gateway import frame, gateway

Answer = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


async def said_to(answer: Answer) -> str:
    """What the probe makes of a server that answers so."""
    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    async with server:
        told = await probe("127.0.0.1", server.sockets[0].getsockname()[1], 0.5)
    assert not told.ok
    return told.message


async def test_a_gateway_answers_and_keeps_no_client_id() -> None:
    async with gateway() as gate:
        answer = await probe("127.0.0.1", gate.port)
        assert (answer.ok, answer.server_version) == (True, 176)
        assert not gate.received, "it left before StartApi"


async def test_a_web_server_is_no_gateway() -> None:
    async def web(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(GREETING))
        writer.write(b"HTTP/1.1 400 Bad Request\r\n\r\n")
        await writer.drain()

    assert "not as an IB gateway" in await said_to(web)


async def test_a_forwarder_without_a_gateway_behind_it_fails() -> None:
    async def forwarder(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.read()

    assert "does not answer" in await said_to(forwarder)


async def test_an_untrusted_address_is_named() -> None:
    async def refuses(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(GREETING))
        writer.close()

    assert "Trusted IPs" in await said_to(refuses)


async def test_another_message_is_not_the_handshake() -> None:
    async def odd(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readexactly(len(GREETING))
        writer.write(frame("hello", "there", "friend"))
        await writer.drain()

    assert "not with the handshake" in await said_to(odd)


async def test_the_module_exits_with_0_and_1() -> None:
    async def run(port: int) -> int:
        process = await asyncio.create_subprocess_exec(
            *[sys.executable, "-m", "apps.broker.probe", "127.0.0.1", str(port)],
            stdout=asyncio.subprocess.DEVNULL,
            stderr=asyncio.subprocess.DEVNULL,
        )
        return await process.wait()

    async with gateway() as gate:
        assert await run(gate.port) == 0
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        assert await run(nobody.getsockname()[1]) == 1


@pytest.mark.parametrize(
    "arguments", [[], ["host"], ["host", "port"], ["host", "0"], ["host", "70000"], ["a", "1", "b"]]
)
def test_wrong_use_is_2(arguments: list[str]) -> None:
    assert main(arguments) == 2
