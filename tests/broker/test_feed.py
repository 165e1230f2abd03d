"""The feed on a real socket: starts, discovers, subscribes, recentres, rolls, and tells what it sees."""

from __future__ import annotations

from math import isnan

import numpy as np
import pytest

from apps.contracts.enums import FeedState
from tests.broker.gateway import HOURS, error, frame, gateway, price, quote, size
from tests.broker.harness import TEN_O_CLOCK, MovableClock, running

DAY_SECONDS = 86_400


async def test_the_feed_connects_reads_only_and_quotes_the_window() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        chain = run.chain
        assert sorted(set(chain.strike)) == [592.0, 593.0, 594.0, 595.0, 596.0]
        assert str(chain.expiry) == "2025-05-19"
        assert 0 < chain.seconds_to_expiry <= 6 * 3600
        assert chain.underlying.mid == 594.0
        status = run.feed.status
        assert (status.state, status.connected, status.delayed) == (FeedState.CONNECTED, True, False)
        assert (status.lines_used, status.lines_budget, status.expiry) == (11, 80, "2025-05-19")
        kinds = {int(fields[0]) for fields in gate.received}
        assert not kinds & {3, 4, 5, 99}, "a feed must not touch orders"
        assert run.feed.counts.malformed == 0
        assert not run.feed.counts.handler_errors


async def test_both_sides_of_a_quote_come_in_one_packet() -> None:
    async with gateway(quotes=True) as gate, running(gate.port) as run:
        await run.until_quoted()
        row, request = run.row(594, "C"), gate.request_of("594C")
        before = len(run.packets)
        stream = quote(request, 2.5, 2.6)
        gate.send(stream[:-9])  # the ask is cut in the middle
        gate.send(stream[-9:])
        await run.until(lambda: run.chain.ask[row] == 2.6)
        for packet in run.packets[before:]:
            assert packet.rows != (row,) or packet.quote_changes in (2, 4)
        assert run.chain.bid[row] == 2.5


async def test_each_kind_of_tick_lands_in_its_column() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        call, put = gate.request_of("594C"), gate.request_of("594P")
        gate.send(price(call, 4, 2.05, 3) + size(call, 8, 1200) + size(call, 27, 900) + size(call, 28, 0))
        gate.send(size(put, 27, 0) + size(put, 28, 700) + frame(46, 6, put, 48, "1.95;2;1747663500000;450;1.97;true"))
        gate.send(frame(46, 6, call, 32, "AC") + frame(46, 6, call, 33, "B") + frame(45, 6, call, 49, 0))
        gate.send(frame(21, call, 13, 0, 0.14, 0.5, 2.0, 0, 0.1, 0.05, -0.9, 594) + frame(81, call, 0.01, "9c", 3))
        gate.send(size(put, 3, 77))
        row, other = run.row(594, "C"), run.row(594, "P")
        await run.until(lambda: run.chain.ask_size[other] == 77)
        chain = run.chain
        assert (chain.last[row], chain.volume[row], chain.open_interest[row]) == (2.05, 1200, 900)
        assert (chain.last[other], chain.volume[other], chain.open_interest[other]) == (1.95, 450, 700)
        assert (chain.bid_exchange[row], chain.ask_exchange[row]) == (0b101, 0b10)
        assert run.feed.counts.malformed == 0
        assert run.feed.counts.unrouted_ticks == 0


async def test_a_halt_is_seen_per_line_and_of_the_underlying() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(frame(45, 6, gate.request_of("594C"), 49, 1))
        await run.until(lambda: run.chain.halted[run.row(594, "C")])
        assert not run.feed.status.halted
        gate.send(frame(45, 6, gate.request_of("underlying"), 49, 2))
        await run.until(lambda: run.feed.status.halted)


async def test_delayed_data_is_said_to_be_delayed() -> None:
    async with gateway(data_type=3) as gate, running(gate.port) as run:
        await run.until_quoted()
        await run.until(lambda: run.feed.status.delayed)
        assert run.feed.status.connected


async def test_delayed_ticks_betray_themselves_without_a_data_type_message() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(price(gate.request_of("594C"), 66, 2.5))
        await run.until(lambda: run.feed.status.delayed)
        assert run.chain.bid[run.row(594, "C")] == 2.5


async def test_frozen_quotes_are_stale() -> None:
    async with gateway(data_type=2) as gate, running(gate.port) as run:
        await run.until_quoted()
        await run.until(lambda: bool(run.chain.stale.all()))
        assert isnan(run.chain.underlying.bid)


async def test_the_window_follows_spot_after_two_strikes_and_cancels_before_it_adds() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        generation = run.feed.generation
        kept_request = gate.request_of("595C")
        gate.spot = 595.0
        gate.send(quote(gate.request_of("underlying"), 595.0, 595.02))
        await run.until(lambda: run.chain.underlying.bid == 595.0)
        assert run.feed.counts.recentrings == 0
        gate.spot = 596.0
        gate.send(quote(gate.request_of("underlying"), 595.99, 596.01))
        await run.until(lambda: run.feed.counts.recentrings == 1)
        await run.until_quoted()
        assert sorted(set(run.chain.strike)) == [594.0, 595.0, 596.0, 597.0, 598.0]
        assert run.feed.generation > generation
        assert gate.request_of("595C") == kept_request, "a line that stays is not asked for again"
        sent = [int(fields[0]) for fields in gate.received if int(fields[0]) in (1, 2)]
        assert sent[-8:] == [2, 2, 2, 2, 1, 1, 1, 1]
        assert len(gate.lines) == 11


async def test_the_line_budget_caps_the_window() -> None:
    async with gateway() as gate, running(gate.port, data_lines=12, reserved_lines=5, strikes_range_percent=2) as run:
        await run.until_quoted()
        assert len(gate.lines) == 7
        assert sorted(set(run.chain.strike)) == [593.0, 594.0, 595.0]
        assert (run.feed.status.lines_used, run.feed.status.lines_budget) == (7, 7)


async def test_todays_expiry_is_found_though_the_list_of_expiries_omits_it() -> None:
    async with gateway(listed_expiries=("20250520",)) as gate, running(gate.port) as run:
        await run.until_quoted()
        assert run.feed.status.expiry == "2025-05-19"


async def test_contracts_are_built_directly_when_nothing_is_listed() -> None:
    async with gateway(silent=frozenset({78})) as gate, running(gate.port, request_timeout=0.3) as run:
        await run.until_quoted()
        assert run.feed.status.expiry == "2025-05-19"


async def test_without_contracts_for_today_the_next_listed_expiry_is_taken() -> None:
    async with gateway(expiries=("20250520",)) as gate, running(gate.port) as run:
        await run.until_quoted()
        assert run.feed.status.expiry == "2025-05-20"


async def test_no_expired_contract_survives_the_close() -> None:
    clock = MovableClock()
    async with gateway(expiries=("20250519", "20250520")) as gate, running(gate.port, clock) as run:
        await run.until_quoted()
        old = {line.request for line in gate.lines.values() if line.sec_type == "OPT"}
        clock.set(TEN_O_CLOCK + 6 * 3600 + 15 * 60 - 0.2)
        await run.until(lambda: run.feed.status.expiry == "2025-05-20")
        await run.until_quoted()
        assert old <= set(gate.cancelled)
        assert {line.expiry for line in gate.lines.values() if line.sec_type == "OPT"} == {"20250520"}
        assert run.chain.seconds_to_expiry > 20 * 3600


async def test_without_a_next_expiry_the_session_outlives_the_close(caplog: pytest.LogCaptureFixture) -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.expiries, gate.listed_expiries = (), ()
        run.clock.set(TEN_O_CLOCK + 7 * 3600)
        await run.until(lambda: "Asking again" in caplog.text)
        line = gate.request_of("underlying")
        gate.send(quote(line, 594.5, 594.52))
        await run.until(lambda: abs(run.feed.book.spot - 594.51) < 1e-6)
        assert run.feed.counts.reconnects == 0
        assert run.feed.status.connected


async def test_a_start_after_the_close_or_at_a_weekend_takes_the_next_session() -> None:
    assert "20250520" in HOURS
    evening = MovableClock(TEN_O_CLOCK + 8 * 3600)
    async with gateway(expiries=("20250519", "20250520")) as gate, running(gate.port, evening) as run:
        await run.until_quoted()
        assert run.feed.status.expiry == "2025-05-20"
    sunday = MovableClock(TEN_O_CLOCK - DAY_SECONDS)
    async with gateway() as gate, running(gate.port, sunday) as run:
        await run.until_quoted()
        assert run.feed.status.expiry == "2025-05-19"


async def test_a_line_that_does_not_exist_is_left_out_for_the_day() -> None:
    async with gateway(line_codes={"593P": 200}) as gate, running(gate.port) as run:
        await run.until(lambda: len(run.feed.book.keys) == 9)
        await run.until_quoted()
        await run.until(lambda: run.feed.status.state is FeedState.CONNECTED)
        asked = [fields for fields in gate.received if fields[0] == "1" and fields[7:9] == ["593.0", "P"]]
        assert len(asked) == 1


async def test_a_wrong_price_of_the_wire_never_becomes_a_quote() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        row, request = run.row(594, "C"), gate.request_of("594C")
        for text in ("nan", "inf", "-1.0", "1e300"):
            gate.send(price(request, 1, 2.5) + frame(1, 6, request, 1, text, 0, 0) + size(request, 3, 5))
            await run.until(lambda: isnan(run.chain.bid[row]))
        gate.send(frame(1, 6, request, 1, "many", 0, 0) + frame(46, 6, request, 48, "a;b;c"))
        await run.until(lambda: run.feed.counts.malformed == 2)
        gate.send(price(request, 1, 2.6))
        await run.until(lambda: run.chain.bid[row] == 2.6)


async def test_ticks_of_a_line_nobody_asked_for_are_counted_and_dropped() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()
        before = run.chain
        gate.send(price(9999, 1, 3.0))
        await run.until(lambda: run.feed.counts.unrouted_ticks == 1)
        np.testing.assert_equal(run.chain.bid, before.bid)


async def test_a_handler_that_raises_is_counted_and_stops_nothing() -> None:
    async with gateway() as gate, running(gate.port) as run:
        await run.until_quoted()

        def broken(_packet: object) -> None:
            raise RuntimeError("the detector has a bug")

        run.feed._on_packet = broken
        gate.send(price(gate.request_of("594C"), 1, 2.5))
        await run.until(lambda: run.feed.counts.handler_errors["packet"] == 1)
        run.feed._on_packet = run.on_packet
        gate.send(price(gate.request_of("594C"), 1, 2.6))
        await run.until(lambda: run.chain.bid[run.row(594, "C")] == 2.6)


async def test_an_unknown_code_and_an_advisory_change_nothing() -> None:
    async with gateway(line_codes={"594C": 10091}) as gate, running(gate.port) as run:
        await run.until_quoted()
        gate.send(error(-1, 98765, "something new"))
        await run.until(lambda: run.feed.counts.codes[98765] == 1)
        assert run.feed.counts.codes[10091] == 1
        assert run.feed.status.state is FeedState.CONNECTED
