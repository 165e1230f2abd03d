"""The feed a detector makes from its settings, over the real wire: what it asks the gateway for, and what comes."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import pytest

from apps.broker.feed import MarketFeed
from apps.contracts.enums import Source
from apps.detector.__main__ import make_feed
from apps.detector.settings import DetectorSettings
from apps.simulator.server import Gateway
from apps.simulator.settings import Settings
from tests.broker.harness import CALENDAR, MovableClock
from tests.detector.helpers import until
from tests.simulator.worlds import FlatWorld


@asynccontextmanager
async def asked(source: Source, *faults: str) -> AsyncIterator[tuple[Gateway, MarketFeed]]:
    """A simulated gateway and, connected to it with quotes, the feed of a detector whose SOURCE is `source`."""
    world = FlatWorld()
    gateway = Gateway(world, Settings(port=0, control_port=0))
    await gateway.start()
    for fault in faults:
        await gateway.begin_fault(fault, None, {})
    clock = MovableClock(world.session.start)
    settings = DetectorSettings(source=source, ibkr_port=gateway.port, strikes_range_percent=0.5)
    feed = make_feed(settings, clock, CALENDAR, ())
    tasks = [asyncio.create_task(gateway.run()), asyncio.create_task(feed.run(lambda _: None, lambda _: None))]

    def quoted() -> bool:
        chain = feed.chain(clock.now())
        return chain is not None and len(chain) > 0 and bool((chain.bid > 0).all())

    try:
        await until(quoted, what="every line has a bid")
        yield gateway, feed
    finally:
        for task in reversed(tasks):
            task.cancel()
            with suppress(asyncio.CancelledError):
                await task
        await gateway.stop()


@pytest.mark.parametrize(("source", "kind"), [(Source.DELAYED, 3), (Source.LIVE, 1), (Source.SIMULATED, 1)])
async def test_only_the_source_delayed_asks_the_gateway_for_delayed_data(source: Source, kind: int) -> None:
    async with asked(source) as (gateway, _):
        assert {session.market_data_type for session in gateway.sessions} == {kind}


async def test_a_detector_on_delayed_data_gets_quotes_and_knows_that_they_are_late() -> None:
    async with asked(Source.DELAYED, "delayed_data") as (_, feed):
        await until(lambda: feed.status.delayed, what="the feed knows")
