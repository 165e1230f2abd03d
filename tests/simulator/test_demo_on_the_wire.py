"""The demo day as a client meets it on the socket: quotes, the dropped channel, the dropped gateway, and back."""

from __future__ import annotations

import asyncio

from ib_insync import Option

from apps.simulator.scenarios import load
from tests.simulator.helpers import STOCK, connected, running, until


async def test_the_demo_drops_its_channel_then_the_gateway_and_comes_back() -> None:
    world = load("calibrated", number=1)
    async with running(world, rate=60, number=1) as gateway:
        seen: list[str] = []

        async def follow() -> None:
            while True:
                known = gateway.faults.version.number
                seen.extend(fault.what for fault in gateway.faults.all_active if fault.what not in seen)
                await gateway.faults.version.newer_than(known, 10)

        following = asyncio.create_task(follow())
        async with connected(gateway) as ib:
            gone = asyncio.Event()
            ib.disconnectedEvent += gone.set
            chain = await ib.reqContractDetailsAsync(Option("SPY", "20250519", exchange="SMART"))
            near = min(chain, key=lambda details: abs(details.contract.strike - gateway.sample().underlying[0]))
            tickers = [ib.reqMktData(near.contract, "100,101,106,233"), ib.reqMktData(STOCK, "")]
            await until(ib.updateEvent, lambda: all(ticker.hasBidAsk() for ticker in tickers))
            assert all(ticker.bid < ticker.ask for ticker in tickers)
            await asyncio.wait_for(gone.wait(), 10)
        while gateway.faults.active("gateway_drop"):
            await gateway.faults.version.newer_than(gateway.faults.version.number, 10)
        while not gateway.listening:
            gateway.resumed.clear()
            await gateway.resumed.wait()
        async with connected(gateway) as ib:
            again = ib.reqMktData(near.contract, "")
            await until(ib.updateEvent, again.hasBidAsk)
        following.cancel()
        assert seen == ["channel_drop", "gateway_drop"]
