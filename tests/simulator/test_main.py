"""`python -m apps.simulator` as a person starts it: ports, errors in one sentence, and a clean end."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import sys
from asyncio.subprocess import PIPE, Process

import httpx
import pytest
from ib_insync import IB

from apps.simulator.__main__ import main, serve
from apps.simulator.server import Gateway, bound
from apps.simulator.settings import Settings
from apps.simulator.world import Board
from tests.simulator.helpers import Raw, packed
from tests.simulator.worlds import FlatWorld


async def started(*arguments: str, **environment: str) -> Process:
    """The simulator in a process of its own."""
    return await asyncio.create_subprocess_exec(
        sys.executable, "-m", "apps.simulator", *arguments, env={**os.environ, **environment}, stdout=PIPE, stderr=PIPE
    )


async def finished(process: Process) -> tuple[int, str]:
    """Exit code and what it said on stderr."""
    _, errors = await asyncio.wait_for(process.communicate(), 20)
    assert process.returncode is not None
    return process.returncode, errors.decode()


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_scenario_is_served_until_a_signal_ends_it_cleanly(number: signal.Signals) -> None:
    process = await started("--scenario", "quiet", "--port", "0", "--control-port", "0", "--rate", "2")
    assert process.stdout is not None
    line = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))
    port = int(line["message"].split("127.0.0.1:")[1].split(",")[0])
    ib = IB()
    await ib.connectAsync("127.0.0.1", port, clientId=1, timeout=5)
    gone = asyncio.Event()
    ib.disconnectedEvent += gone.set
    process.send_signal(number)
    await asyncio.wait_for(gone.wait(), 5)
    code, errors = await finished(process)
    assert (code, errors) == (0, "")


@pytest.mark.parametrize("key", ["SIMULATOR_PORT", "SIMULATOR_CONTROL_PORT"])
async def test_a_taken_port_is_named_with_its_environment_key(key: str) -> None:
    taken = bound("127.0.0.1", 0)
    taken.listen()
    port = taken.getsockname()[1]
    environment = {"SIMULATOR_PORT": "0", "SIMULATOR_CONTROL_PORT": "0", key: str(port)}
    code, errors = await finished(await started(**environment))
    taken.close()
    assert code == 2
    assert errors.count("\n") == 1
    assert f"127.0.0.1:{port}" in errors
    assert f"set {key} to" in errors


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        (("--scenario", "calibratd"), "Did you mean calibrated"),
        (("--rate", "90"), "--rate"),
        (("--port", "many"), "--port"),
        (("--port", "70000"), "--port"),
        (("--number", "-1"), "--number"),
        (("--log-level", "loud"), "LOG_LEVEL='loud'"),
    ],
)
def test_an_argument_that_makes_no_sense_is_one_sentence_and_code_2(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    errors = capsys.readouterr().err
    assert says in errors
    assert errors.count("\n") == 1


async def test_a_waiting_long_poll_and_an_open_connection_do_not_hold_up_the_end() -> None:
    process = await started("--scenario", "quiet", "--port", "0", "--control-port", "0")
    assert process.stdout is not None
    message = json.loads(await asyncio.wait_for(process.stdout.readline(), 20))["message"]
    control = message.split("control on ")[1].split(",")[0]
    async with httpx.AsyncClient(base_url=control, timeout=30) as client:
        clock = (await client.get("/clock")).json()
        waiting = asyncio.create_task(client.get("/clock", params={"after": clock["version"]}))
        while (await client.get("/health")).json()["status"] != "ok":
            continue
        process.send_signal(signal.SIGTERM)
        assert (await waiting).json()["version"] == clock["version"]
    assert await finished(process) == (0, "")


async def test_a_part_that_fails_ends_the_simulator_with_code_1_and_its_reason_in_the_log(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # whatever another test of this process did to logging, this logger's errors are heard here
    logger = logging.getLogger("apps.simulator")
    monkeypatch.setattr(logger, "disabled", False)
    monkeypatch.setattr(logger, "handlers", [caplog.handler])
    caplog.set_level(logging.ERROR, logger=logger.name)

    class Broken(FlatWorld):
        def board(self, market_time: float) -> Board:
            raise RuntimeError(f"the day is torn at {market_time}")

    settings = Settings(port=0, control_port=0)
    gateway = Gateway(Broken(), settings)
    serving = asyncio.create_task(serve(gateway, settings))
    await gateway.clock.version.newer_than(gateway.clock.version.number, 10)
    raw = await Raw.started(gateway)
    query = (756733, "", "", "", "", "", "", "SMART", "", "", "", "")
    raw.writer.write(packed(1, 11, 1, *query, 0, "", 0, 0, ""))
    await raw.writer.drain()
    assert await asyncio.wait_for(serving, 10) == 1
    assert "the day is torn" in caplog.text
    await raw.close()
