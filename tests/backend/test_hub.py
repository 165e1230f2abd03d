"""The embedded hub: admission, protocol, groups, and what happens to clients that are slow, silent or strange."""

from __future__ import annotations

import asyncio
import json
import socket
from pathlib import Path

import pytest
import websockets
from hypothesis import given
from hypothesis import strategies as st

from apps.backend.hub import records
from apps.backend.hub.tickets import Guest, TicketRefused, Tickets
from apps.backend.hub.wire import text_frame
from apps.backend.policy import Audience
from apps.contracts.enums import Role
from apps.contracts.events import Gap, GapEvent
from apps.contracts.live import LIVE_ADAPTER, frame_bytes
from apps.contracts.names import FRAME_BYTES_MAX
from tests.backend.live_client import HANDSHAKE, Channel, address, hub_negotiate, negotiate, open_channel, ticket
from tests.backend.running import Running, batch, request_of, running, stream
from tests.contracts.builders import MARKET_TIME, make_cell, make_frame


async def test_each_kind_of_message_has_its_target_and_its_stream(tmp_path: Path) -> None:
    gap = GapEvent(seq=2, market_time=MARKET_TIME, t_publish=3, body=Gap(started_at=MARKET_TIME, reason="stale"))
    async with running(tmp_path) as here:
        channel = await open_channel(here)
        await here.ingest(request_of([*batch(1, 1).events, gap], 1, stream(), make_frame(1, as_of_seq=2)))
        got = [await channel.next_of() for _ in range(3)]
        await channel.socket.close()
    assert [(message["target"], message.get("seq")) for message in got] == [
        ("anomalyDetected", 1),
        ("event", 2),
        ("frame", None),
    ]
    for message in got[:2]:
        live = LIVE_ADAPTER.validate_python({key: value for key, value in message.items() if key != "target"})
        assert (live.run, live.epoch) == ("test", 1)


async def test_a_frame_leaves_as_it_came_and_within_its_size(tmp_path: Path) -> None:
    frame = make_frame(1, cells=[make_cell(580 + place) for place in range(12)])
    async with running(tmp_path) as here:
        channel = await open_channel(here)
        await here.ingest(batch(1, 0, frame=frame))
        text = await channel.socket.recv()
        await channel.socket.close()
    assert json.loads(text.rstrip("\x1e"))["arguments"] == [json.loads(frame.model_dump_json())]
    assert len(text.encode()) == frame_bytes(frame) <= FRAME_BYTES_MAX


async def test_a_repeated_batch_is_broadcast_once(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        channel = await open_channel(here)
        for request in (batch(1, 2), batch(1, 2), batch(2, 2)):
            await here.ingest(request)
        seqs = [(await channel.next_of())["seq"] for _ in range(3)]
        await channel.socket.close()
    assert seqs == [1, 2, 3]


@pytest.mark.parametrize(
    "said",
    [
        '{"protocol":"messagepack","version":1}\x1e',
        '{"protocol":"json","version":2}\x1e',
        '{"protocol":"json"}\x1e',
        "hello\x1e",
        '{"protocol":"json","version":1}',
        "\x1e",
        "[" * 5000 + "\x1e",
    ],
)
async def test_a_wrong_handshake_is_answered_with_an_error(tmp_path: Path, said: str) -> None:
    async with running(tmp_path) as here:
        async with websockets.connect(address(here, await ticket(here, Role.VIEWER))) as socket_:
            await socket_.send(said)
            answer = json.loads((await socket_.recv()).rstrip("\x1e"))
            with pytest.raises(websockets.ConnectionClosed):
                await socket_.recv()
        assert here.backend.hub.connections == 0
    assert answer["error"]


async def test_a_client_that_says_nothing_is_let_go(tmp_path: Path) -> None:
    async with running(tmp_path, hub_handshake_seconds=0.1) as here:
        silent = await websockets.connect(address(here, await ticket(here, Role.VIEWER)))
        closing = await Channel(silent).until_close()
    assert "handshake" in closing["error"]


@pytest.mark.parametrize("kind", [1, 2, 4, 5])
async def test_a_client_that_calls_is_disconnected_for_good(tmp_path: Path, kind: int) -> None:
    async with running(tmp_path) as here:
        channel = await open_channel(here)
        await channel.socket.send(json.dumps({"type": kind, "target": "x", "arguments": []}) + "\x1e")
        closing = await channel.until_close()
    assert closing == {"type": 7, "error": records.CALL_REFUSED}


async def test_pings_come_and_silence_ends_the_channel(tmp_path: Path) -> None:
    async with running(tmp_path, hub_ping_seconds=0.1, hub_silence_seconds=0.6) as here:
        channel = await open_channel(here)
        assert await channel.record() == {"type": 6}
        closing = await channel.until_close()
    assert closing["allowReconnect"] is True


async def test_a_client_that_pings_stays(tmp_path: Path) -> None:
    async with running(tmp_path, hub_ping_seconds=0.1, hub_silence_seconds=0.4) as here:
        channel = await open_channel(here)
        for _ in range(12):  # answers each ping: 1.2 s, three times the silence
            assert await channel.record() == {"type": 6}
            await channel.socket.send(records.PING)
        assert here.backend.hub.connections == 1
        await channel.socket.close()


async def test_a_connection_token_works_once(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        token = await ticket(here)
        async with websockets.connect(address(here, token)):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(address(here, token))
    assert refused.value.response.status_code == 404


async def test_a_connection_token_must_be_used_at_once(tmp_path: Path) -> None:
    async with running(tmp_path, hub_connect_seconds=0.05) as here:
        token = await ticket(here)
        await asyncio.sleep(0.1)
        with pytest.raises(websockets.InvalidStatus):
            await websockets.connect(address(here, token))


async def test_a_full_hub_says_429(tmp_path: Path) -> None:
    async with running(tmp_path, hub_connections_max=2) as here:
        channels = [await open_channel(here) for _ in range(2)]
        first = await negotiate(here, Role.VIEWER)
        refused = await hub_negotiate(here, first["accessToken"])
        for channel in channels:
            await channel.socket.close()
    assert refused.status_code == 429


async def test_the_client_token_is_for_this_hub_only(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        first = await negotiate(here, Role.VIEWER)
        api_token = here.token(Role.VIEWER)
        wrong = [
            await hub_negotiate(here, api_token),
            await hub_negotiate(here, first["accessToken"][:-4] + "AAAA"),
            await here.client.post("/client/negotiate?hub=spyoptions"),
        ]
        other_hub = await here.client.post(
            "/client/negotiate?hub=other", headers={"Authorization": f"Bearer {first['accessToken']}"}
        )
        as_api = await here.client.get("/api/snapshot", headers={"Authorization": f"Bearer {first['accessToken']}"})
    assert [answer.status_code for answer in wrong] == [401, 401, 401]
    assert (other_hub.status_code, as_api.status_code) == (404, 401)


async def test_the_channel_ends_when_authentication_does(tmp_path: Path) -> None:
    async with running(tmp_path, hub_ping_seconds=0.2) as here:
        channel = await open_channel(here, Role.VIEWER, seconds=2)
        closing = await channel.until_close()
    assert closing == {"type": 7, "error": "Authentication has expired.", "allowReconnect": True}


async def _deaf_client(here: Running, **options: object) -> socket.socket:
    """A raw socket that has connected and then never reads; its buffer is as small as the kernel lets it be."""
    host, port = "127.0.0.1", int(here.url.rsplit(":", 1)[1])
    deaf = socket.socket()
    deaf.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    deaf.setblocking(False)
    loop = asyncio.get_running_loop()
    await loop.sock_connect(deaf, (host, port))
    path = address(here, await ticket(here, **options)).split(str(port), 1)[1]
    upgrade = (
        f"GET {path} HTTP/1.1\r\nHost: {host}:{port}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
        "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n"
    )
    await loop.sock_sendall(deaf, upgrade.encode())
    await loop.sock_recv(deaf, 4096)
    handshake = HANDSHAKE.encode()
    await loop.sock_sendall(deaf, bytes((0x81, 0x80 | len(handshake), 0, 0, 0, 0)) + handshake)
    await loop.sock_recv(deaf, 10)
    return deaf


async def test_a_client_that_does_not_read_loses_frames_but_slows_nobody(tmp_path: Path) -> None:
    cells = [make_cell(580 + place / 4) for place in range(160)]

    async with running(tmp_path) as here:
        deaf = await _deaf_client(here)
        channel = await open_channel(here)
        number = 0
        while _dropped(here, "frame_conflated") < 50:
            number += 1
            assert number < 4_000, "no kernel holds that much"
            await here.ingest(batch(1, 0, frame=make_frame(number, cells=cells)))
            assert (await channel.next_of("frame"))["frame"] == number
        assert here.backend.hub.connections == 2
        deaf.close()
        await channel.socket.close()


def _dropped(here: Running, reason: str) -> float:
    """What the metric says."""
    registry = here.backend.metrics.registry
    return registry.get_sample_value("signalr_dropped_total", {"reason": reason}) or 0.0


async def test_a_client_that_falls_behind_on_events_is_closed_and_never_skipped(tmp_path: Path) -> None:
    async with running(tmp_path, hub_backlog_events=50) as here:
        deaf = await _deaf_client(here)
        seq = 1
        while here.backend.hub.connections:
            assert seq < 60_000, "the hub keeps a client that never reads"
            await here.ingest(batch(seq, 200))
            seq += 200
        deaf.close()
        assert _dropped(here, "closed_too_slow") == 1


async def test_a_stop_tells_clients_to_reconnect(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        channel = await open_channel(here)
        closing = asyncio.create_task(channel.until_close())
    assert (await closing)["allowReconnect"] is True


async def test_other_paths_have_no_channel(tmp_path: Path) -> None:
    async with running(tmp_path) as here:
        for path in ("/", "/client/?hub=spyoptions", "/client/?hub=spyoptions&id=x", "/other?id=x"):
            with pytest.raises(websockets.InvalidStatus) as refused:
                await websockets.connect(here.url.replace("http", "ws", 1) + path)
            assert refused.value.response.status_code == 404


def test_tickets_are_bounded() -> None:
    tickets = Tickets(5, 2)
    guest = Guest("somebody", Audience.FULL, 1e12)
    assert len({tickets.issue(guest) for _ in range(2)}) == 2
    with pytest.raises(TicketRefused):
        tickets.issue(guest)


@given(st.lists(st.text(st.characters(exclude_characters="\x1e", exclude_categories=["Cs"]), max_size=20), min_size=1))
def test_records_are_split_where_they_end(parts: list[str]) -> None:
    assert records.split("".join(part + "\x1e" for part in parts)) == parts


@given(st.text(max_size=200))
def test_no_record_of_a_client_can_raise_anything_but_a_protocol_error(text: str) -> None:
    for read in (records.split, records.read_handshake, records.read_type):
        try:
            read(text)
        except records.ProtocolError:
            continue


@given(st.integers(0, 70_000))
def test_a_text_frame_is_what_a_websocket_library_reads(size: int) -> None:
    from websockets.client import ClientProtocol
    from websockets.uri import parse_uri

    reader = ClientProtocol(parse_uri("ws://localhost/"), max_size=None)
    reader.state = websockets.protocol.State.OPEN
    reader.reader.feed_data(text_frame("x" * size))
    reader.parser = reader.parse()
    next(reader.parser)
    (event,) = reader.events_received()
    assert bytes(event.data) == b"x" * size
