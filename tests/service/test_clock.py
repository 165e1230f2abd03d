"""The simulator's clock as a service follows it: carried on between answers, never past the end of the day."""

from __future__ import annotations

import asyncio
from datetime import timedelta

from apps.contracts.api import ScenarioAnswer
from apps.service.clock import SimulatorClock, SystemClock
from tests.backend.control_port import ControlPort
from tests.contracts.builders import DAY, MARKET_TIME

QUIET = ScenarioAnswer(scenario="quiet", labels=(), symbol="SPY", session=DAY, version=1, active=())


async def test_it_runs_on_between_two_answers_and_stands_still_where_the_day_ends() -> None:
    async with ControlPort(QUIET) as control:
        control.rate, control.ends_at = 60.0, MARKET_TIME + timedelta(seconds=12)
        clock = SimulatorClock(control.url)
        await clock.start()
        seen = [clock.now()]
        async with asyncio.timeout(10):
            while seen[-1] < clock.ends_at:
                await asyncio.sleep(0.01)
                seen.append(clock.now())
        await asyncio.sleep(0.05)  # three more market seconds that do not come
        seen.append(clock.now())
        await clock.close()
    assert MARKET_TIME.timestamp() <= seen[0] < seen[1] < control.ends_at.timestamp()
    assert seen == sorted(seen)
    assert seen[-1] == seen[-2] == control.ends_at.timestamp()


def test_the_walls_clock_has_no_end() -> None:
    assert SystemClock().ends_at is None
