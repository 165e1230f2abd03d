"""`spy doctor`: each failing line says what to do; against a gateway it checks what it can."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import Callable
from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.broker.settings import FeedSettings
from apps.cli import doctor_ib, doctor_local
from apps.cli.checks import Check, Verdict
from apps.cli.doctor_ib import gateway_checks, step_checks
from apps.cli.main import app
from apps.contracts.names import Env
from apps.market.calendar import ExchangeCalendar
from tests.broker.gateway import gateway
from tests.broker.harness import CALENDAR, QUICK, MovableClock

Patch = pytest.MonkeyPatch


def doctor(*arguments: str) -> tuple[int, dict[str, Check]]:
    answer = CliRunner().invoke(app, ["doctor", "--json", *arguments])
    told = json.loads(answer.stdout)
    checks = {
        item["name"]: Check(item["name"], Verdict(item["verdict"]), item["found"], item["do"])
        for item in told["checks"]
    }
    assert told["ok"] is (answer.exit_code == 0)
    return answer.exit_code, checks


@pytest.mark.parametrize(
    ("version", "builds"),
    [((18, 20), False), ((20, 10), False), ((20, 19), True), ((21, 7), False), ((22, 11), False), ((22, 12), True)],
)
def test_a_node_on_which_the_build_would_fail_is_named_beforehand(version: tuple[int, int], builds: bool) -> None:
    assert doctor_local.builds_the_page(*version) is builds
    assert doctor_local.builds_the_page(24, 0)


def test_this_machine_has_what_the_tests_run_on() -> None:
    _, checks = doctor()
    for name in ("python", "packages", "disk", Env.DATA_DIR):
        assert checks[name].verdict is Verdict.OK


def test_a_taken_port_is_named_with_its_key_and_how_to_move_it(monkeypatch: Patch) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        monkeypatch.setenv(Env.BACKEND_PORT, str(port))
        _, checks = doctor()
    assert checks[Env.BACKEND_PORT].verdict is Verdict.WARN
    assert f"{Env.BACKEND_PORT}={port + 1}" in checks[Env.BACKEND_PORT].do


def test_a_port_that_is_no_number_fails(monkeypatch: Patch) -> None:
    monkeypatch.setenv(Env.DETECTOR_PORT, "http")
    code, checks = doctor()
    assert code == 1
    assert checks[Env.DETECTOR_PORT].verdict is Verdict.FAIL


def test_missing_tools_say_how_to_get_them(monkeypatch: Patch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(doctor_local, "ROOT", tmp_path)
    code, checks = doctor()
    assert code == 1
    for name in ("git", "make", "node", "page"):
        assert checks[name].verdict is Verdict.FAIL
        assert checks[name].do


def test_a_data_folder_that_cannot_be_made_fails(monkeypatch: Patch, tmp_path: Path) -> None:
    blocker = tmp_path / "file"
    blocker.write_text("not a folder")
    monkeypatch.setenv(Env.DATA_DIR, str(blocker / "data"))
    code, checks = doctor()
    assert code == 1
    assert Env.DATA_DIR in checks[Env.DATA_DIR].do


def test_the_steps_to_a_real_gateway_name_what_a_newcomer_needs() -> None:
    text = " ".join(check.found for check in step_checks())
    for word in ("IBKR Pro", "OPRA", "4003", "4004", "4001", "4002", "Read-Only", "IBKR_HOST", "Sunday", "phone"):
        assert word in text


def test_without_a_gateway_the_steps_are_told_and_the_handshake_fails() -> None:
    with socket.socket() as nobody:
        nobody.bind(("127.0.0.1", 0))
        code, checks = doctor("--ib", "--port", str(nobody.getsockname()[1]))
    assert code == 1
    assert checks["handshake"].verdict is Verdict.FAIL
    assert Env.IBKR_PORT in checks["handshake"].do
    assert checks["subscriptions"].verdict is Verdict.ASK


@pytest.fixture
def on_the_test_day(monkeypatch: Patch) -> Callable[[int], FeedSettings]:
    """The doctor's feed on 19 May 2025, with short limits."""
    monkeypatch.setattr(doctor_ib, "QUOTE_WAIT_SECONDS", 0.5)
    monkeypatch.setattr(doctor_ib, "WAIT_SECONDS", 5.0)
    monkeypatch.setattr("apps.cli.broker_session.SystemClock", MovableClock)
    monkeypatch.setattr(ExchangeCalendar, "around", lambda *_: CALENDAR)
    monkeypatch.delenv(Env.SIMULATOR_CONTROL_URL, raising=False)
    return lambda port: FeedSettings.model_validate(
        {**QUICK, "port": port, "strikes_range_percent": 0.5, "data_lines": 7, "reserved_lines": 0}
    )


async def verdicts(settings: FeedSettings) -> dict[str, Check]:
    async with asyncio.timeout(20):
        return {check.name: check for check in await gateway_checks(settings)}


async def test_a_sound_gateway_passes_every_check(on_the_test_day: Callable[[int], FeedSettings]) -> None:
    async with gateway() as gate:
        checks = await verdicts(on_the_test_day(gate.port))
    assert {check.verdict for check in checks.values()} == {Verdict.OK}, checks
    assert "2025-05-19" in checks["expiry"].found
    assert "6 of 6" in checks["quotes"].found


async def test_delayed_data_is_warned_of(on_the_test_day: Callable[[int], FeedSettings]) -> None:
    async with gateway(data_type=3) as gate:
        checks = await verdicts(on_the_test_day(gate.port))
    assert checks["data type of SPY"].found == "delayed"
    assert checks["data type of SPY"].verdict is Verdict.WARN


async def test_a_missing_subscription_is_named(on_the_test_day: Callable[[int], FeedSettings]) -> None:
    codes = {f"{strike}{right}": 354 for strike in range(570, 615) for right in "CP"}
    async with gateway(line_codes=codes) as gate:
        checks = await verdicts(on_the_test_day(gate.port))
    assert checks["data type of SPY"].verdict is Verdict.FAIL
    assert "OPRA" in checks["data type of SPY"].do
    assert checks["quotes"].verdict is Verdict.FAIL


async def test_a_client_id_in_use_fails_the_login(on_the_test_day: Callable[[int], FeedSettings]) -> None:
    async with gateway(refuse_client_id=True) as gate:
        checks = await verdicts(on_the_test_day(gate.port))
    assert checks["handshake"].verdict is Verdict.OK
    assert checks["login"].verdict is Verdict.FAIL
    assert "client id" in checks["login"].found
