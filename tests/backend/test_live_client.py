"""The unmodified JavaScript client against the real backend: connects, receives, and outlives every kind of break."""

from __future__ import annotations

import asyncio
import contextlib
import json
import shutil
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from apps.contracts.api import ScenarioAnswer, ScenarioFault
from apps.contracts.enums import Role
from tests.backend.control_port import ControlPort
from tests.backend.process import ROOT, BackendProcess, free_port
from tests.backend.running import Running, batch, give_key, running
from tests.contracts.builders import DAY, MARKET_TIME, make_frame

MODULES = ROOT / "frontend"
SCRIPT = Path(__file__).with_name("live_client.mjs")

pytestmark = pytest.mark.skipif(
    shutil.which("node") is None or not (MODULES / "node_modules" / "@microsoft" / "signalr").is_dir(),
    reason="needs node and frontend/node_modules: run `make setup`",
)


class JsClient:
    """The running client and what it said."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def said(self, what: str, within: float = 20) -> dict[str, Any]:
        """The next line of this kind; others are passed over."""
        async with asyncio.timeout(within):
            while True:
                assert self._process.stdout is not None
                line = await self._process.stdout.readline()
                assert line, f"the client ended before it said {what}"
                found: dict[str, Any] = json.loads(line)
                if found["what"] == what:
                    return found


@contextlib.asynccontextmanager
async def js_client(url: str) -> AsyncIterator[JsClient]:
    """Connected; stopped at the end."""
    process = await asyncio.create_subprocess_exec(
        "node", str(SCRIPT), str(MODULES), url, stdin=asyncio.subprocess.PIPE, stdout=asyncio.subprocess.PIPE
    )
    try:
        client = JsClient(process)
        assert (await client.said("connected"))["id"]
        yield client
    finally:
        if process.returncode is None:
            process.kill()
        await process.wait()


async def test_it_connects_and_receives_in_order(tmp_path: Path) -> None:
    async with running(tmp_path) as here, js_client(here.url) as client:
        await here.ingest(batch(1, 3, frame=make_frame(1, as_of_seq=3)))
        assert [(await client.said("anomalyDetected"))["seq"] for _ in range(3)] == [1, 2, 3]
        assert (await client.said("frame"))["frame"] == 1


async def test_it_comes_back_after_its_token_has_ended(tmp_path: Path) -> None:
    async with running(tmp_path, token_seconds=2, hub_ping_seconds=0.4) as here, js_client(here.url) as client:
        assert "expired" in (await client.said("reconnecting"))["error"]
        await client.said("reconnected")
        await here.ingest(batch(1, 1))
        assert (await client.said("anomalyDetected"))["seq"] == 1


async def test_it_comes_back_after_the_service_was_killed(tmp_path: Path) -> None:
    give_key(tmp_path)
    port = free_port()
    with BackendProcess(tmp_path, port) as backend:
        async with js_client(backend.url) as client:
            backend.kill()
            await client.said("reconnecting")
            await asyncio.to_thread(backend.start)
            await client.said("reconnected")
            await _post(backend, batch(1, 1).model_dump_json())
            assert (await client.said("anomalyDetected"))["seq"] == 1


async def _post(backend: BackendProcess, body: str) -> None:
    token = await asyncio.to_thread(backend.publisher_token)
    headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}
    async with httpx.AsyncClient(base_url=backend.url) as http:
        (await http.post("/api/ingest", content=body, headers=headers)).raise_for_status()


def _scenario(version: int, *active: ScenarioFault) -> ScenarioAnswer:
    return ScenarioAnswer(scenario="calibrated", labels=(), symbol="SPY", session=DAY, version=version, active=active)


async def test_a_channel_drop_of_the_scenario_cuts_it_and_the_missed_events_can_be_fetched(tmp_path: Path) -> None:
    drop = ScenarioFault(id="d1", what="channel_drop", started_at=MARKET_TIME, ends_at=None)
    async with contextlib.AsyncExitStack() as stack:
        control = await stack.enter_async_context(ControlPort(_scenario(1)))
        here = await stack.enter_async_context(running(tmp_path, simulator_control_url=control.url))
        client = await stack.enter_async_context(js_client(here.url))
        await here.ingest(batch(1, 1))
        assert (await client.said("anomalyDetected"))["seq"] == 1
        control.tell(_scenario(2, drop))
        await client.said("reconnecting")
        await here.ingest(batch(2, 2))
        refused = await here.client.post("/negotiate", headers=_viewer(here))
        assert (refused.status_code, refused.json()["error"]["code"]) == (503, "unavailable")
        assert (await here.client.get("/api/settings")).json()["channel"] is False
        control.tell(_scenario(3))
        await client.said("reconnected")
        missed = await here.read("/api/events", after=1)
        await here.ingest(batch(4, 1))
        assert (await client.said("anomalyDetected"))["seq"] == 4
    assert [event["seq"] for event in missed["events"]] == [2, 3]


def _viewer(here: Running) -> dict[str, str]:
    return here.bearer(Role.VIEWER)
