"""What breaks, message by message: the feed names it, freezes what must be frozen, and comes back by itself."""

from __future__ import annotations

import asyncio
import struct

import pytest

from apps.broker import troubles
from apps.contracts.enums import FeedState
from tests.broker.gateway import Gateway, error, frame, gateway, price, quote
from tests.broker.harness import RunningFeed, running


def state(run: RunningFeed) -> FeedState:
    return run.feed.status.state


async def quoted_again(gate: Gateway, run: RunningFeed, connections: int) -> None:
    await gate.until(lambda: gate.connections == connections)
    await run.until(lambda: state(run) is FeedState.CONNECTED)
    await run.until_quoted()


async def test_a_dropped_socket_is_reconnected_and_every_line_subscribed_again() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        generation = run.feed.generation
        gate.drop()
        await run.until(lambda: state(run) is FeedState.RECONNECTING)
        assert not run.feed.status.connected
        assert run.feed.status.lines_used == 0
        await quoted_again(gate, run, 2)
        assert run.feed.generation > generation
        assert run.feed.counts.reconnects == 1
        assert len(gate.lines) == 11


async def test_quotes_of_a_lost_connection_are_gone_from_the_chain() -> None:
    async with gateway() as gate, running(gate.port, backoff_first=5, backoff_cap=5) as run:
        await run.until_quoted()
        gate.drop()
        await run.until(lambda: not run.feed.status.connected)
        assert (run.chain.bid != run.chain.bid).all()


async def test_a_gateway_that_is_away_is_awaited_for_ever_with_growing_patience() -> None:
    async with gateway() as gate:
        port = gate.port
    async with running(port) as run:
        await run.until(lambda: run.feed.counts.reconnects >= 4)
        assert state(run) is FeedState.RECONNECTING
        assert "Start the gateway" in (run.feed.status.message or "")
        assert run.feed.status.code == 502
        async with gateway(port=port) as gate:
            await run.until_quoted()


async def test_a_client_id_in_use_is_named_at_once_and_tried_again_with_the_same_id() -> None:
    async with gateway(refuse_client_id=True) as gate, running(gate.port, connect_timeout=30) as run:
        await run.until(lambda: state(run) is FeedState.CLIENT_ID_IN_USE)
        assert run.feed.status.code == 326
        assert "IBKR_CLIENT_ID" in (run.feed.status.message or "")
        gate.refuse_client_id = False
        await run.until_quoted()
        assert {fields[2] for fields in gate.received if fields[0] == "71"} == {"1"}


async def test_start_up_messages_that_never_come_do_not_stop_the_feed_for_good() -> None:
    """A dead executions request fails ib_insync's connect; ib_async goes on without it. Both end up quoted."""
    async with gateway(silent=frozenset({7})) as gate, running(gate.port, connect_timeout=0.2) as run:
        await gate.until(lambda: any(fields[0] == "7" for fields in gate.received))
        gate.silent = frozenset()
        await run.until_quoted()


@pytest.mark.parametrize("silent", [0, 71])
async def test_a_gateway_that_stops_answering_during_start_up_is_left_and_tried_again(silent: int) -> None:
    async with gateway(silent=frozenset({silent})) as gate, running(gate.port, connect_timeout=0.2) as run:
        await run.until(lambda: state(run) is FeedState.RECONNECTING)
        gate.silent = frozenset()
        await run.until_quoted()


async def test_lost_servers_freeze_every_line_but_keep_the_socket() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(error(-1, 1100, "Connectivity between IB and the gateway has been lost."))
        await run.until(lambda: state(run) is FeedState.NO_SERVERS)
        await run.until(lambda: bool(run.chain.stale.all()))
        assert run.feed.status.connected
        gate.send(error(-1, 1102, "Connectivity restored, data maintained.") + quote(gate.request_of("594C"), 2.5, 2.6))
        await run.until(lambda: state(run) is FeedState.CONNECTED)
        await run.until(lambda: not run.chain.stale.any())
        assert gate.connections == 1
        assert run.feed.counts.resubscriptions == 0


async def test_after_1102_without_ticks_every_line_is_subscribed_again() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        old = set(gate.lines)
        gate.send(error(-1, 1100, "lost") + error(-1, 1102, "restored"))
        await gate.until(lambda: len(gate.lines) == 11 and not old & set(gate.lines))
        await run.until_quoted()
        assert gate.connections == 1


async def test_after_1101_every_line_is_subscribed_again_and_old_quotes_are_gone() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        old, generation = set(gate.lines), run.feed.generation
        gate.quotes = False
        gate.send(error(-1, 1100, "lost") + error(-1, 1101, "restored, data lost"))
        await gate.until(lambda: len(gate.lines) == 11 and not old & set(gate.lines))
        assert run.feed.generation > generation
        assert (run.chain.bid != run.chain.bid).all()
        assert old <= set(gate.cancelled), "lines that the gateway may still hold are given back"


async def test_a_farm_flap_marks_lines_stale_and_never_touches_the_socket() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(error(-1, 2103, "Market data farm connection is broken:usopt"))
        await run.until(lambda: state(run) is FeedState.DEGRADED)
        await run.until(lambda: bool(run.chain.stale.all()))
        assert run.chain.underlying.bid == 593.99, "the stock's farm is sound"
        gate.send(error(-1, 2104, "Market data farm connection is OK:usopt"))
        await run.until(lambda: state(run) is FeedState.CONNECTED)
        assert not run.chain.stale.any()
        for code in (2105, 2106, 2107, 2108, 2119, 2157, 2158):
            gate.send(error(-1, code, "farm note:hmds"))
        await run.until(lambda: run.feed.counts.codes[2158] == 1)
        assert (gate.connections, run.feed.counts.resubscriptions) == (1, 0)
        assert state(run) is FeedState.CONNECTED


async def test_a_line_that_ticks_long_after_its_farm_broke_is_not_stale() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(error(-1, 2103, "Market data farm connection is broken:usopt"))
        await run.until(lambda: bool(run.chain.stale.all()))
        run.clock.set(run.clock.now() + 5)
        gate.send(quote(gate.request_of("594C"), 2.5, 2.6))
        row = run.row(594, "C")
        await run.until(lambda: not run.chain.stale[row])
        assert run.chain.stale.sum() == len(run.chain) - 1


async def test_too_many_lines_shrink_the_window_once_and_never_loop() -> None:
    async with gateway(line_limit=8) as gate, running(gate.port) as run:
        await run.until(lambda: len(run.feed.book.keys) == 6)
        await run.until_quoted()
        assert sorted(set(run.chain.strike)) == [593.0, 594.0, 595.0]
        await gate.until(lambda: asked(gate) == 11)
        gate.send(quote(gate.request_of("594C"), 2.5, 2.6))
        await run.until(lambda: run.chain.bid[run.row(594, "C")] == 2.5)
        assert asked(gate) == 11
        assert run.feed.status.lines_used <= 8


async def test_few_lines_of_many_wanted_leave_a_small_window_that_is_whole() -> None:
    async with gateway(line_limit=10) as gate, running(gate.port, strikes_range_percent=2.0) as run:
        await run.until(lambda: run.feed.status.code == 101 and len(run.feed.book.keys) == 8)
        await run.until_quoted()
        await gate.until(lambda: len(gate.lines) == 9)
        assert state(run) is FeedState.CONNECTED
        assert run.feed.status.lines_used == 9
        assert run.feed.status.message is not None


async def test_lines_held_far_out_are_given_to_nearer_contracts_when_lines_run_short() -> None:
    async with gateway(line_limit=12) as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.line_limit = 9
        gate.send(quote(gate.request_of("underlying"), 597.0, 597.02))
        await run.until(
            lambda: run.feed.status.code == 101 and sorted(set(run.chain.strike)) == [596.0, 597.0, 598.0, 599.0]
        )
        await gate.until(lambda: len(gate.lines) == 9)
        await run.until_quoted()
        assert run.feed.counts.reconnects == 0
        assert state(run) is FeedState.CONNECTED


async def test_yesterdays_close_is_not_taken_for_spot_while_a_quote_is_on_its_way() -> None:
    async with gateway(close_first=580.0) as gate, running(gate.port) as run:
        await run.until_quoted()
        assert run.feed.counts.recentrings == 0
        assert asked(gate) == 11


def asked(gate: Gateway) -> int:
    """Market-data requests so far."""
    return sum(fields[0] == "1" for fields in gate.received)


@pytest.mark.parametrize("code", [354, 10168, 10186])
async def test_a_line_without_entitlement_is_stale_and_the_others_go_on(code: int) -> None:
    async with gateway(line_codes={"594C": code}) as gate, running(gate.port) as run:
        await run.until(lambda: run.feed.counts.codes[code] == 1)
        await run.until(lambda: len(run.chain) == 10 and (run.chain.bid == run.chain.bid).sum() == 9)
        await run.until(lambda: run.chain.stale[run.row(594, "C")])
        assert run.chain.stale.sum() == 1
        assert run.feed.status.lines_used == 10
        assert state(run) is FeedState.CONNECTED


async def test_no_entitlement_for_options_is_a_named_state() -> None:
    codes = {f"{strike}{right}": 354 for strike in range(592, 597) for right in "CP"}
    async with gateway(line_codes=codes) as gate, running(gate.port) as run:
        await run.until(lambda: state(run) is FeedState.NO_ENTITLEMENT)
        assert "OPRA" in (run.feed.status.message or "")
        assert gate.connections == 1


async def test_no_entitlement_for_the_stock_is_a_named_state_not_a_hang() -> None:
    async with gateway(line_codes={"underlying": 354}) as gate, running(gate.port) as run:
        await run.until(lambda: state(run) is FeedState.NO_ENTITLEMENT)
        assert gate.connections == 1


async def test_failed_live_updates_resubscribe_that_line_only() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        before = {line.name: line.request for line in gate.lines.values()}
        gate.send(error(gate.request_of("594C"), 10182, "Failed to request live updates (disconnected)."))
        await gate.until(lambda: "594C" in gate.names() and gate.request_of("594C") != before["594C"])
        changed = {line.name for line in gate.lines.values() if before[line.name] != line.request}
        assert changed == {"594C"}


async def test_a_competing_session_freezes_all_and_is_out_waited() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        old = set(gate.lines)
        gate.send(error(gate.request_of("594C"), 10197, "No market data during competing live session"))
        await run.until(lambda: state(run) is FeedState.COMPETING_SESSION)
        await run.until(lambda: bool(run.chain.stale.all()))
        await gate.until(lambda: len(gate.lines) == 11 and not old & set(gate.lines))
        for cent in range(60):
            gate.send(price(gate.request_of("594C"), 1, 2 + cent / 100))
            await rest(0.05)
        await run.until(lambda: state(run) is FeedState.CONNECTED)
        assert not run.chain.stale.any()


async def rest(seconds: float) -> None:
    """Let the feed's own rounds pass where nothing visible is to happen, or real time is what is tested."""
    await asyncio.sleep(seconds)


async def test_a_pacing_error_pauses_the_sending() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(error(-1, 100, "Max rate of messages per second has been exceeded") + error(-1, 1101, "data lost"))
        await run.until(lambda: run.feed.counts.codes[100] == 1)
        await run.until(lambda: run.feed._parts.troubles.paused)
        assert run.feed.counts.resubscriptions == 0
        await run.until(lambda: run.feed.counts.resubscriptions == 1)


async def test_a_request_thrown_away_for_pacing_is_made_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "PAUSE_SECONDS", 0.2)
    async with gateway(lost={"594C", "underlying"}) as gate, running(gate.port) as run:
        await run.until_quoted()
        assert run.feed.counts.codes[100] == 2
        assert len(gate.lines) == 11


async def test_a_notice_is_gone_when_what_it_told_is_over(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "NOTICE_SECONDS", 0.2)
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        line = gate.request_of("594C")
        gate.send(error(-1, 100, "Max rate of messages per second has been exceeded"))
        await run.until(lambda: run.feed.status.code == 100)
        await run.until(lambda: run.feed.status.code is None and run.feed.status.message is None)
        gate.send(error(line, 10167, "Displaying delayed market data.") + frame(58, 1, line, 3))
        await run.until(lambda: run.feed.status.code == 10167 and run.feed.status.delayed)
        await rest(0.3)
        assert run.feed.status.code == 10167
        assert state(run) is FeedState.DEGRADED
        gate.send(frame(58, 1, line, 1))
        await run.until(lambda: run.feed.status.code is None and not run.feed.status.delayed)


async def test_a_refusal_is_told_until_no_line_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(troubles, "NOTICE_SECONDS", 0.0)
    async with gateway(line_codes={"594C": 354}) as gate, running(gate.port) as run:
        await run.until(lambda: run.feed.status.code == 354)
        gate.line_codes.clear()
        gate.send(error(-1, 1101, "data lost"))
        await run.until(lambda: run.feed.status.code is None)
        await gate.until(lambda: "594C" in gate.names())


@pytest.mark.parametrize("code", [504, 507, 1300])
async def test_codes_that_ask_for_a_new_connection_get_one(code: int) -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(error(-1, code, "by the test"))
        await quoted_again(gate, run, 2)


async def test_a_broken_byte_stream_is_a_new_connection() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(struct.pack(">I", 2**31))
        await quoted_again(gate, run, 2)
        assert run.feed.counts.malformed == 1


async def test_hostile_messages_are_counted_and_survived() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        for body in (b"", b"\0", b"999\0x\0", b"1\0six\0", b"\xff\xfe\0\0\0", b"4\0002\0-1\0x\0y\0\0", b"9\0"):
            gate.send(struct.pack(">I", len(body)) + body)
        gate.send(price(gate.request_of("594C"), 1, 2.5))
        await run.until(lambda: run.chain.bid[run.row(594, "C")] == 2.5)
        assert gate.connections == 1
        assert run.feed.counts.malformed >= 4


async def test_a_silent_chain_is_said_so_and_subscribed_again() -> None:
    limits = {"silence_seconds": 0.3, "revive_seconds": 0.8}
    async with gateway() as gate, running(gate.port, **limits) as run:
        await run.until_quoted()
        old = set(gate.lines)
        gate.quotes = False
        await run.until(lambda: state(run) is FeedState.DEGRADED)
        assert "silent" in (run.feed.status.message or "")
        await gate.until(lambda: len(gate.lines) == 11 and not old & set(gate.lines))
        gate.send(quote(gate.request_of("594C"), 2.5, 2.6))
        await run.until(lambda: run.feed.status.state is FeedState.CONNECTED)


async def test_a_silent_chain_is_no_news_while_the_market_is_closed() -> None:
    limits = {"silence_seconds": 0.2, "revive_seconds": 0.3}
    async with gateway() as gate, running(gate.port, **limits) as run:
        await run.until_quoted()
        run.clock.set(run.clock.now() - 3600)
        resubscribed = run.feed.counts.resubscriptions
        await rest(1.0)
        assert state(run) is FeedState.CONNECTED
        assert run.feed.counts.resubscriptions == resubscribed
