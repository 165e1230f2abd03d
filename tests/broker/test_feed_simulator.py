"""The feed against the simulated gateway: each data fault of the broker, and what the feed makes of it."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager, suppress

import numpy as np
import pytest

from apps.contracts.enums import FeedState
from apps.simulator.server import Gateway
from apps.simulator.settings import Settings
from tests.broker.harness import MovableClock, RunningFeed, running
from tests.simulator.worlds import FlatWorld


@asynccontextmanager
async def simulated(**settings: object) -> AsyncIterator[tuple[Gateway, RunningFeed]]:
    """A simulated gateway with a flat world, and a feed that is connected and quoted."""
    world = FlatWorld()
    gateway = Gateway(world, Settings(port=0, control_port=0, **settings))
    await gateway.start()
    beating = asyncio.create_task(gateway.run())
    try:
        async with running(gateway.port, MovableClock(world.session.start), verify_seconds=4) as run:
            await run.until_quoted()
            yield gateway, run
    finally:
        beating.cancel()
        with suppress(asyncio.CancelledError):
            await beating
        await gateway.stop()


def is_state(run: RunningFeed, state: FeedState) -> Callable[[], bool]:
    return lambda: run.feed.status.state is state


async def test_quotes_stream_with_bid_ask_and_sizes_and_the_counts_agree() -> None:
    async with simulated() as (_, run):
        seen = len(run.packets)
        await run.until(lambda: len(run.packets) > seen + 20)
        chain = run.chain
        assert (chain.ask > chain.bid).all()
        assert (chain.bid_size > 0).all()
        assert (chain.updates > 0).all()
        assert chain.last_packet_time <= run.clock.now()
        assert sum(packet.quote_changes for packet in run.packets) == run.feed.counts.quote_changes
        assert run.feed.counts.malformed == 0


@pytest.mark.parametrize("fault", ["half_frames", "joined_frames"])
async def test_however_the_gateway_cuts_its_packets_no_quote_is_lost(fault: str) -> None:
    async with simulated() as (gateway, run):
        await gateway.begin_fault(fault, None, {})
        updates = run.chain.updates
        await run.until(lambda: bool((run.chain.updates > updates).all()))
        assert run.feed.counts.malformed == 0
        assert run.feed.counts.reconnects == 0


@pytest.mark.parametrize("lost", [False, True])
async def test_lost_servers_freeze_the_chain_until_they_are_back(lost: bool) -> None:
    async with simulated() as (gateway, run):
        fault = await gateway.begin_fault("servers_lost", None, {"data_lost": lost})
        await run.until(is_state(run, FeedState.NO_SERVERS))
        await run.until(lambda: bool(run.chain.stale.all()))
        await gateway.end_fault(fault.id)
        await run.until(is_state(run, FeedState.CONNECTED))
        await run.until(lambda: not run.chain.stale.any())
        await run.until_quoted()
        assert (run.feed.counts.resubscriptions > 0) is lost
        assert run.feed.counts.reconnects == 0


async def test_a_farm_that_breaks_and_returns_costs_no_connection() -> None:
    async with simulated() as (gateway, run):
        fault = await gateway.begin_fault("farm_down", None, {"farm": "market"})
        await run.until(is_state(run, FeedState.DEGRADED))
        await gateway.end_fault(fault.id)
        await run.until(is_state(run, FeedState.CONNECTED))
        assert run.feed.counts.reconnects == 0


@pytest.mark.parametrize("fault", ["gateway_drop", "daily_restart"])
async def test_a_gateway_that_goes_and_comes_is_found_again(fault: str) -> None:
    async with simulated() as (gateway, run):
        set_fault = await gateway.begin_fault(fault, None, {})
        await run.until(is_state(run, FeedState.RECONNECTING))
        await run.until(lambda: run.feed.counts.reconnects >= 2)
        await gateway.end_fault(set_fault.id)
        await run.until(is_state(run, FeedState.CONNECTED))
        await run.until_quoted()


async def test_a_competing_session_is_named_and_ends_by_itself() -> None:
    async with simulated() as (gateway, run):
        fault = await gateway.begin_fault("competing_session", None, {})
        await run.until(is_state(run, FeedState.COMPETING_SESSION))
        await run.until(lambda: bool(run.chain.stale.all()))
        await gateway.end_fault(fault.id)
        await run.until(is_state(run, FeedState.CONNECTED), 12)
        await run.until_quoted()


async def test_delayed_data_is_told_and_its_quotes_still_come() -> None:
    async with simulated() as (gateway, run):
        assert not run.feed.status.delayed
        await gateway.begin_fault("delayed_data", None, {})
        await run.until(lambda: run.feed.status.delayed)
        updates = run.chain.updates
        await run.until(lambda: bool((run.chain.updates > updates).any()))
        await run.until(lambda: run.chain.delayed is not None and bool(run.chain.delayed.all()))
        assert not run.chain.stale.any()


async def test_a_single_delayed_line_is_marked_alone() -> None:
    async with simulated() as (gateway, run):
        await gateway.begin_fault("line_error", None, {"strike": 594.0, "right": "C", "code": 10091.0})
        await run.until(lambda: run.chain.delayed is not None and bool(run.chain.delayed[run.row(594, "C")]))
        chain = run.chain
        assert chain.delayed is not None
        assert chain.delayed.sum() == 1


async def test_missing_quotes_are_nan_and_crossed_ones_stay_crossed() -> None:
    async with simulated() as (gateway, run):
        row = run.row(594, "C")
        fault = await gateway.begin_fault("no_quotes", None, {"strike": 594.0, "right": "C", "side": "bid"})
        await run.until(lambda: np.isnan(run.chain.bid[row]))
        assert not np.isnan(run.chain.ask[row])
        await gateway.end_fault(fault.id)
        await run.until(lambda: not np.isnan(run.chain.bid[row]))
        await gateway.begin_fault("crossed_quotes", None, {"strike": 594.0, "right": "C"})
        await run.until(lambda: run.chain.bid[row] > run.chain.ask[row])


async def test_a_halt_and_a_frozen_feed_are_told_apart() -> None:
    async with simulated() as (gateway, run):
        fault = await gateway.begin_fault("trading_halt", None, {})
        await run.until(lambda: run.feed.status.halted)
        await run.until(lambda: bool(run.chain.halted.all()))
        await gateway.end_fault(fault.id)
        await run.until(lambda: not run.feed.status.halted)
        await gateway.begin_fault("frozen_feed", None, {})
        await run.until(lambda: run.clock.now() - run.chain.last_packet_time > 0.5)
        assert run.feed.status.connected
        assert not run.feed.status.halted


async def test_a_line_error_costs_that_line_only() -> None:
    async with simulated() as (gateway, run):
        await gateway.begin_fault("line_error", None, {"code": 354.0, "strike": 594.0, "right": "P"})
        row = run.row(594, "P")
        await run.until(lambda: run.chain.stale[row])
        assert run.chain.stale.sum() == 1
        assert run.feed.status.connected


async def test_bad_greeks_concern_nobody() -> None:
    async with simulated() as (gateway, run):
        await gateway.begin_fault("bad_greeks", None, {"form": "nan"})
        seen = len(run.packets)
        await run.until(lambda: len(run.packets) > seen + 10)
        assert run.feed.counts.malformed == 0
        assert not run.feed.counts.handler_errors
