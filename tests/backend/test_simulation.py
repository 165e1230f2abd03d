"""Simulation paths: passed through when simulated, absent when live, honest when the other side is away."""

from __future__ import annotations

from pathlib import Path

import pytest
from starlette.responses import Response

from apps.backend.examples import ANSWERS
from apps.contracts.api import ScenarioAnswer, ScenarioFault, SimulationScore
from apps.contracts.enums import Role
from tests.backend.control_port import ControlPort
from tests.backend.running import running, until
from tests.contracts.builders import DAY, MARKET_TIME

QUIET = ScenarioAnswer(scenario="quiet", labels=(), symbol="SPY", session=DAY, version=1, active=())


async def test_score_and_clock_are_passed_through(tmp_path: Path) -> None:
    score = ANSWERS[SimulationScore].model_dump_json()
    async with ControlPort(QUIET) as control:
        control.score = Response(score, media_type="application/json")
        urls = {"simulator_control_url": control.url, "score_url": control.url}
        async with running(tmp_path, **urls) as here:
            found = await here.read("/api/simulation/score")
            set_ = await here.client.post(
                "/api/simulation/clock", json={"rate": 30}, headers=here.bearer(Role.OPERATOR)
            )
            too_fast = await here.client.post(
                "/api/simulation/clock", json={"rate": 61}, headers=here.bearer(Role.OPERATOR)
            )
            settings = (await here.client.get("/api/settings")).json()
    assert found == SimulationScore.model_validate_json(score).model_dump(mode="json")
    assert (set_.status_code, set_.json()["rate"], control.rate) == (200, 30, 30)
    assert too_fast.status_code == 422
    assert settings["simulated"] is True


async def test_nothing_is_simulated_when_the_source_is_live(tmp_path: Path) -> None:
    async with ControlPort(QUIET) as control:
        urls = {"simulator_control_url": control.url, "score_url": control.url, "source": "live"}
        async with running(tmp_path, **urls) as here:
            headers = here.bearer(Role.VIEWER, Role.OPERATOR)
            score = await here.client.get("/api/simulation/score", headers=headers)
            clock = await here.client.post("/api/simulation/clock", json={"rate": 2}, headers=headers)
            calendar = await here.read("/api/calendar")
    assert (score.status_code, clock.status_code) == (404, 404)
    assert (calendar["rate"], calendar["ends_at"]) == (1, None)


async def test_a_broken_other_side_is_unavailable_and_tells_nothing_of_it(tmp_path: Path) -> None:
    async with ControlPort(QUIET) as control:
        control.broken = True
        urls = {"simulator_control_url": control.url, "score_url": control.url}
        async with running(tmp_path, **urls) as here:
            headers = here.bearer(Role.VIEWER, Role.OPERATOR)
            answers = [
                await here.client.get("/api/simulation/score", headers=headers),
                await here.client.post("/api/simulation/clock", json={"rate": 2}, headers=headers),
                await here.client.get("/api/calendar", headers=headers),
            ]
    assert [answer.status_code for answer in answers] == [503] * 3
    assert all("retry-after" in answer.headers for answer in answers)
    assert not any("127.0.0.1" in answer.text or "oops" in answer.text for answer in answers)


async def test_the_calendar_runs_on_the_simulators_clock(tmp_path: Path) -> None:
    async with ControlPort(QUIET) as control, running(tmp_path, simulator_control_url=control.url) as here:
        await until(lambda: here.backend.clock_known)
        calendar = await here.read("/api/calendar")
    days = {day["day"]: day for day in calendar["days"]}
    assert (calendar["session"], calendar["state"]) == (DAY, "NORMAL")
    assert calendar["market_time"].startswith("2025-05-19T14:05")
    assert days[DAY]["open_utc"] == "2025-05-19T13:30:00Z"
    assert days["2025-05-26"]["open_utc"] is None, "Memorial Day"


async def test_the_calendars_clock_stops_where_the_simulated_day_ends(tmp_path: Path) -> None:
    async with ControlPort(QUIET) as control:
        control.ends_at = MARKET_TIME
        async with running(tmp_path, simulator_control_url=control.url) as here:
            await until(lambda: here.backend.clock_known)
            calendar = await here.read("/api/calendar")
    assert calendar["market_time"] == calendar["ends_at"] == MARKET_TIME.isoformat().replace("+00:00", "Z")


async def test_a_cut_ends_when_it_was_said_to_end_though_the_control_port_is_gone(tmp_path: Path) -> None:
    drop = ScenarioFault(id="d", what="channel_drop", started_at=MARKET_TIME, ends_at=None, seconds_left=0.3)
    dropping = QUIET.model_copy(update={"active": (drop,)})
    async with ControlPort(dropping) as control, running(tmp_path, simulator_control_url=control.url) as here:
        await until(lambda: not here.backend.hub.available)
        await until(lambda: here.backend.hub.available)


@pytest.mark.parametrize("rate", ["fast", None, 0, float(10**9)])
async def test_a_wrong_rate_is_refused_before_anybody_is_asked(tmp_path: Path, rate: object) -> None:
    async with running(tmp_path) as here:
        answer = await here.client.post(
            "/api/simulation/clock", json={"rate": rate}, headers=here.bearer(Role.OPERATOR)
        )
    assert answer.status_code == 422
