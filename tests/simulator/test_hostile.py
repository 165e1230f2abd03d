"""Whatever bytes arrive, the gateway answers with an error or closes, counts it, and goes on serving the others."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.simulator.framing import frame
from apps.simulator.messages import Request
from apps.simulator.server import Gateway
from apps.simulator.session import Session
from apps.simulator.settings import Settings
from tests.simulator.helpers import GREETING, START, Raw, connected, option, packed, running
from tests.simulator.worlds import FlatWorld

WORLD = FlatWorld()


class Pipe(asyncio.Transport):
    """A transport that keeps what is written: for properties over many inputs without many sockets."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self._closing = False

    def write(self, data: Any) -> None:
        """Keep it."""
        self.written += bytes(data)

    def is_closing(self) -> bool:
        """Closed by the session."""
        return self._closing

    def close(self) -> None:
        """Remember."""
        self._closing = True

    abort = close

    def get_write_buffer_size(self) -> int:
        """Nothing is left unread."""
        return 0

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """No limits here."""


def fed(*parts: bytes) -> tuple[Gateway, Pipe]:
    """A gateway after one connection sent these bytes, and two beats."""

    async def run() -> tuple[Gateway, Pipe]:
        gateway = Gateway(WORLD, Settings(port=0, messages_per_second=100_000))
        session, pipe = Session(gateway), Pipe()
        session.connection_made(pipe)
        for part in parts:
            if not pipe.is_closing():
                session.data_received(part)
        for _ in range(2):
            await gateway.beat()
        session.connection_lost(None)
        return gateway, pipe

    return asyncio.run(run())


def answers(written: bytes) -> list[list[str]]:
    """Frames written, which must be whole."""
    found = []
    while written:
        size = int.from_bytes(written[:4], "big")
        assert len(written) >= 4 + size
        body = written[4 : 4 + size]
        assert body.endswith(b"\0")
        found.append(body.decode().split("\0")[:-1])
        written = written[4 + size :]
    return found


FIELD = st.one_of(
    st.sampled_from(["", "0", "1", "-1", "SPY", "OPT", "STK", "20250519", "594", "C", "SMART", "USD", "nan", "inf"]),
    st.integers(-(2**40), 2**40).map(str),
    st.floats().map(str),
    st.text(max_size=30).map(lambda value: value.replace("\0", "")),
)


@settings(max_examples=300, deadline=None)
@given(data=st.binary(max_size=500))
def test_any_bytes_end_in_silence_or_a_counted_close(data: bytes) -> None:
    gateway, pipe = fed(data)
    assert not gateway.counters["internal_errors"]
    answers(pipe.written)
    assert gateway.counters["framing_errors"] == pipe.is_closing()


@settings(max_examples=400, deadline=None)
@given(number=st.sampled_from([int(request) for request in Request]), rest=st.lists(FIELD, max_size=30))
def test_any_fields_in_a_known_request_get_an_answer_and_never_fail(number: int, rest: list[str]) -> None:
    gateway, pipe = fed(GREETING, START, frame("".join(f"{part}\0" for part in (number, *rest)).encode()))
    assert not gateway.counters["internal_errors"], gateway.counters
    answers(pipe.written)
    assert not pipe.is_closing()


@settings(max_examples=100, deadline=None)
@given(changed=st.dictionaries(st.integers(1, 114), FIELD, min_size=1, max_size=5))
def test_any_change_of_a_good_order_is_an_order_or_a_refusal(changed: dict[int, str]) -> None:
    good = order_fields()
    fields = [changed.get(index, value) for index, value in enumerate(good)]
    gateway, pipe = fed(GREETING, START, packed(*fields))
    assert not gateway.counters["internal_errors"], gateway.counters
    answers(pipe.written)


def order_fields() -> list[str]:
    """A plain limit order of 115 fields."""
    fields = [""] * 115
    fields[:14] = ["3", "1", "0", "SPY", "OPT", "20250519", "594", "C", "100", "SMART", "", "USD", "", "SPY"]
    fields[16:22] = ["BUY", "1", "LMT", "0.5", "", "DAY"]
    for zero in (25, 28, 29, 30, 31, 32, 33, 34, 44, 47, 50, 53, 54, 67, 78, 81, 82, 85, 87, 88, 89, 90):
        fields[zero] = "0"
    fields[27] = "1"
    fields[46] = "-1"
    return fields


def test_the_good_order_is_good() -> None:
    gateway, pipe = fed(GREETING, START, packed(*order_fields()))
    assert [order.status for order in gateway.orders.working()] == ["Submitted"]
    assert {len(fields) for fields in answers(pipe.written) if fields[0] == "5"} == {128}


@pytest.mark.parametrize(
    "data",
    [
        b"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
        b"API\0\xff\xff\xff\xff",
        b"API\0" + frame(b"v" + b"9" * 100),
        b"API\0" + frame(b"hello"),
        b"API\0" + frame(b"v100..150"),
        b"API\0" + frame(b"v177..200"),
        b"API\0" + b"\0" * 4_000,
        GREETING + b"\0\0\0\0" * 1_000,
        GREETING + START + frame(b"\0" * 60_000),
        GREETING + START + frame(b"1" * 1_000),
    ],
    ids=["http", "huge", "long version", "no version", "too old", "too new", "nuls", "empty", "nul flood", "no nul"],
)
async def test_what_is_not_the_protocol_is_closed_and_counted_while_others_stream(data: bytes) -> None:
    async with running() as gateway, connected(gateway, 9) as ib:
        raw = await Raw.connect(gateway)
        raw.writer.write(data)
        await raw.closed()
        await raw.close()
        assert gateway.counters["framing_errors"] == 1
        assert len(await ib.reqContractDetailsAsync(option())) == 1


@pytest.mark.parametrize(
    ("fields", "says"),
    [
        ((424242, 1), "424242 is not part"),
        (("x", 1), "whole number"),
        ((9, 8, 5), "more are needed"),
        ((9, 8, 5, 0, "S" * 2_000), "at most 1000"),
        ((1, 11, "abc"), "whole number"),
        ((9, 8, 5, 0, "SPY", "OPT", "20250519", "594,5", "C"), "must be a number"),
        ((9, 8, 5, 0, "SPY", "OPT", "20250519", "inf", "C"), "must be finite"),
        ((9, 8, 5, 0, "SPY", "OPT", "20250519", "594", "X"), "C, CALL, P or PUT"),
        ((59, 1, 9), "1, 2, 3 or 4"),
        ((71, 2, 2, ""), "started already"),
    ],
)
async def test_a_request_that_cannot_be_read_is_321_with_the_reason(fields: tuple[object, ...], says: str) -> None:
    async with running() as gateway:
        raw = await Raw.started(gateway)
        await raw.until(4, "2158")
        raw.writer.write(packed(*fields))
        error = await raw.until(4)
        assert error[3] == "321"
        assert says in error[4]
        raw.writer.write(packed(49, 1))
        assert (await raw.until(49))[0] == "49"
        await raw.close()


async def test_a_request_before_start_is_refused() -> None:
    async with running() as gateway:
        raw = await Raw.connect(gateway)
        raw.writer.write(GREETING + packed(49, 1))
        assert "begins with StartApi" in (await raw.until(4))[4]
        await raw.close()


async def test_more_clients_than_a_gateway_takes_are_closed() -> None:
    async with running() as gateway:
        raws = [await Raw.started(gateway, number) for number in range(33)]
        assert await raws[-1].closed() == b""
        assert gateway.counters["too_many_clients"] == 1
        for raw in raws:
            await raw.close()
