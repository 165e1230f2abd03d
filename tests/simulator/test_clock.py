"""Market time: anchored, at a rate, never past the day's end, and told to whoever follows."""

from __future__ import annotations

import asyncio
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.simulator.clock import MarketClock, SystemTime, VirtualTime
from apps.simulator.market_data import LineTable
from apps.simulator.option_line import option_line
from apps.simulator.server import Gateway
from apps.simulator.settings import Settings
from apps.simulator.universe import quoting_exchanges
from tests.simulator.helpers import connected, option, running, until
from tests.simulator.worlds import FlatWorld, utc

SESSION = FlatWorld().session


def clock(rate: float = 1.0) -> tuple[MarketClock, VirtualTime]:
    """A clock on a wall that only moves when told."""
    wall = VirtualTime()
    return MarketClock(SESSION, wall, rate), wall


async def test_it_begins_where_the_scenario_begins_whatever_the_calendar_says() -> None:
    market, wall = clock()
    await wall.sleep_until(wall.now() + 1000)
    market.start()
    assert market.now() == utc(10, 5)


@given(steps=st.lists(st.tuples(st.floats(1, 60), st.floats(0, 500)), max_size=10))
def test_it_never_goes_back_or_past_the_end_however_its_rate_changes(steps: list[tuple[float, float]]) -> None:
    async def run() -> None:
        market, wall = clock()
        last = market.now()
        for rate, seconds in steps:
            market.set_rate(rate)
            assert market.now() == pytest.approx(last, abs=1e-3)
            await wall.sleep_until(wall.now() + seconds)
            expected = min(market.end, last + rate * seconds)
            assert market.now() == pytest.approx(expected, abs=1e-3)
            last = market.now()
        assert last <= utc(16, 15)

    asyncio.run(run())


async def test_it_tells_where_it_ends_and_stands_there() -> None:
    market, wall = clock(60)
    await wall.sleep_until(wall.now() + 86_400)
    told = market.answer()
    assert told.market_time == told.ends_at
    assert told.ends_at.timestamp() == market.end == utc(16, 15)


@pytest.mark.parametrize("rate", [0.0, 0.99, 60.01, -1.0, float("nan"), float("inf")])
def test_a_rate_it_cannot_run_at_is_refused(rate: float) -> None:
    with pytest.raises(ValueError, match="1 to 60"):
        clock()[0].set_rate(rate)


async def test_whoever_waits_for_the_next_version_wakes_with_it() -> None:
    market, _ = clock()
    known = market.version.number
    waiting = asyncio.create_task(market.version.newer_than(known, 20))
    await asyncio.sleep(0)
    market.set_rate(5)
    await asyncio.wait_for(waiting, 1)
    assert market.answer().version == known + 1
    assert market.answer().rate == 5


async def test_nobody_waits_for_a_version_that_is_not_the_present_one_or_after_the_close() -> None:
    market, _ = clock()
    await asyncio.wait_for(market.version.newer_than(market.version.number + 5, 20), 1)
    market.version.close()
    await asyncio.wait_for(market.version.newer_than(market.version.number, 20), 1)


def test_the_systems_wall_is_the_wall() -> None:
    assert SystemTime().now() == pytest.approx(time.time(), abs=1)


async def test_a_day_runs_as_fast_as_the_machine_on_a_virtual_wall() -> None:
    async with running(source=VirtualTime(), rate=60) as gateway, connected(gateway) as ib:
        ticker = ib.reqMktData(option(), "233")
        end = utc(16, 15)
        await until(ib.updateEvent, lambda: gateway.clock.now() >= utc(10, 30) and ticker.hasBidAsk(), 30)
        assert gateway.clock.now() <= end


async def test_two_runs_of_one_number_send_the_same_bytes_and_another_number_does_not() -> None:
    assert await streamed(1) == await streamed(1)
    assert await streamed(1) != await streamed(2)


async def streamed(number: int) -> bytes:
    """Two virtual seconds of sixty lines, whatever the machine did meanwhile."""
    gateway = Gateway(FlatWorld(step_seconds=0.05), Settings(port=0, number=number), VirtualTime())
    lines = LineTable(*gateway.phases)
    for item in gateway.universe.options:
        lines.add(option_line(item.row, item, frozenset({233}), quoting_exchanges(1, item.row), delayed=False))
    sent = b""
    for beat in range(200):
        await gateway.clock.source.sleep_until(gateway.clock.source.now() + 0.01)
        await gateway.beat()
        sent += lines.sampled(beat, gateway.sample())
    return sent
