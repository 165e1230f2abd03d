"""The control port over real HTTP: clock, scenario and faults, long polls, and one error shape for bad input."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import pytest

from apps.contracts.api import ClockAnswer, ErrorAnswer, ScenarioAnswer, ScenarioFault
from apps.simulator.control import server
from apps.simulator.fault_kinds import KINDS
from apps.simulator.server import Gateway, bound
from tests.simulator.helpers import Heard, connected, option, running, until
from tests.simulator.worlds import utc


@asynccontextmanager
async def controlled(**settings: Any) -> AsyncIterator[tuple[Gateway, httpx.AsyncClient]]:
    """A gateway with its control port, and a client of it."""
    async with running(**settings) as gateway:
        control, held = server(gateway), bound("127.0.0.1", 0)
        serving = asyncio.create_task(control.serve(sockets=[held]))
        url = f"http://127.0.0.1:{held.getsockname()[1]}"
        try:
            async with httpx.AsyncClient(base_url=url, timeout=10) as client:
                yield gateway, client
        finally:
            control.should_exit = True
            gateway.clock.version.close()
            gateway.faults.version.close()
            await asyncio.wait_for(serving, 5)


async def test_the_clock_is_told_and_its_rate_can_be_changed() -> None:
    async with controlled() as (gateway, client):
        told = ClockAnswer.model_validate_json((await client.get("/clock")).content)
        assert told.rate == 1
        assert told.session == "2025-05-19"
        assert utc(10, 5) <= told.market_time.timestamp() < utc(10, 6)
        changed = await client.post("/clock", json={"rate": 30})
        assert changed.status_code == 200
        assert ClockAnswer.model_validate_json(changed.content).version == told.version + 1
        assert gateway.clock.rate == 30


async def test_a_long_poll_answers_at_the_change() -> None:
    async with controlled() as (_, client):
        known = (await client.get("/clock")).json()["version"]
        waiting = asyncio.create_task(client.get("/clock", params={"after": known}))
        old = await client.get("/clock", params={"after": known - 1})
        assert old.json()["version"] == known
        assert not waiting.done()
        await client.post("/clock", json={"rate": 2})
        assert (await waiting).json() | {"t_wall": 0, "market_time": ""} == {
            "rate": 2.0, "market_time": "", "t_wall": 0, "session": "2025-05-19", "version": known + 1,
            "ends_at": "2025-05-19T20:15:00Z",
        }  # fmt: skip


async def test_every_fault_is_listed_with_its_parameters() -> None:
    async with controlled() as (_, client):
        listed = (await client.get("/faults")).json()["faults"]
        assert [fault["what"] for fault in listed] == list(KINDS)
        assert all(fault["doc"] for fault in listed)
        side = next(
            p for fault in listed if fault["what"] == "no_quotes" for p in fault["parameters"] if "choices" in p
        )
        assert side["choices"]


async def test_a_fault_is_set_followed_and_cleared_while_a_client_feels_it() -> None:
    async with controlled() as (gateway, client), connected(gateway) as ib:
        heard = Heard(ib)
        ticker = ib.reqMktData(option(), "")
        await until(ib.updateEvent, ticker.hasBidAsk)
        version = (await client.get("/scenario")).json()["version"]
        waiting = asyncio.create_task(client.get("/scenario", params={"after": version}))
        answer = await client.post("/faults", json={"what": "line_error", "seconds": 60, "parameters": {"code": 354}})
        assert answer.status_code == 201
        fault = ScenarioFault.model_validate_json(answer.content)
        assert fault.parameters == {"code": 354.0, "strike": None, "right": ""}
        await heard.code(354)
        told = ScenarioAnswer.model_validate_json((await waiting).content)
        assert (told.scenario, told.symbol, told.labels, told.active[0].id) == ("flat", "SPY", ("TEST",), fault.id)
        assert told.active[0].seconds_left is not None
        assert 55 < told.active[0].seconds_left <= 60
        assert (await client.delete(f"/faults/{fault.id}")).status_code == 204
        assert (await client.get("/scenario")).json()["active"] == []
        assert (await client.delete(f"/faults/{fault.id}")).status_code == 404


async def test_health_tells_clients_lines_and_counts() -> None:
    async with controlled() as (gateway, client), connected(gateway, 5) as ib:
        heard = Heard(ib)
        ib.reqMktData(option(12_345), "")
        await heard.code(200)
        told = (await client.get("/health")).json()
        assert told["clients"] == [5]
        assert told["counters"] == {"error_200": 1}


@pytest.mark.parametrize(
    ("request_line", "content", "status", "code"),
    [
        ("POST /clock", b'{"rate": 61}', 422, "validation"),
        ("POST /clock", b'{"rate": NaN}', 422, "validation"),
        ("POST /clock", b'{"rate": 2, "more": 1}', 422, "validation"),
        ("POST /clock", b"{", 422, "validation"),
        ("POST:text/plain /clock", b'{"rate": 2}', 415, "unsupported_media_type"),
        ("POST /clock", b'{"rate": 2' + b" " * 20_000 + b"}", 413, "too_large"),
        ("POST /faults", b'{"what": "gateway_dorp"}', 422, "validation"),
        ("POST /faults", b'{"what": "gateway_drop", "seconds": 0}', 422, "validation"),
        ("POST /faults", b'{"what": "no_quotes", "parameters": {"side": []}}', 422, "validation"),
        ("POST /faults", b'{"what": "<script>"}', 422, "validation"),
        ("GET /clock?after=x", b"", 422, "validation"),
        ("GET /scenario?after=-1", b"", 422, "validation"),
        ("DELETE /faults/f99", b"", 404, "not_found"),
        ("DELETE /clock", b"", 405, "method_not_allowed"),
        ("GET /truth", b"", 404, "not_found"),
    ],
)
async def test_bad_input_has_one_shape_and_says_what_to_do(
    request_line: str, content: bytes, status: int, code: str
) -> None:
    async with controlled() as (gateway, client):
        method, path = request_line.split()
        method, _, kind = method.partition(":")
        headers = {"content-type": kind or "application/json"}
        answer = await client.request(method, path, content=content, headers=headers)
        assert answer.status_code == status
        error = ErrorAnswer.model_validate_json(answer.content).error
        assert error.code == code
        assert len(error.message) > 10
        assert gateway.clock.rate == 1
        assert gateway.faults.all_active == ()
