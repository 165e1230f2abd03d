"""Each thing that can break on purpose, as an unmodified ib_insync client on a real socket meets it."""

from __future__ import annotations

import asyncio
import math
from pathlib import Path

import pytest
from ib_insync import IB, LimitOrder

from apps.simulator.clock import MarketClock, VirtualTime
from apps.simulator.fault_kinds import KINDS
from apps.simulator.faults import FaultBoard, FaultError
from apps.simulator.world import TimedFault
from tests.simulator.helpers import STOCK, Heard, Raw, connected, deserted, option, packed, running, until
from tests.simulator.worlds import SPOT, FlatWorld, utc

CALL = option(SPOT, "C")


async def quoted(ib: IB, *tickers: object) -> None:
    """Wait until these lines have both sides."""
    await until(ib.updateEvent, lambda: all(ticker.hasBidAsk() for ticker in tickers))  # type: ignore[attr-defined]


async def refused(port: int) -> bool:
    """Whether nobody listens."""
    try:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
    except ConnectionRefusedError:
        return True
    writer.close()
    return False


def test_every_fault_is_tested_here() -> None:
    source = Path(__file__).read_text(encoding="utf-8")
    assert [name for name in KINDS if f'"{name}"' not in source] == []


async def test_a_duplicate_client_id_hears_326_and_is_closed() -> None:
    async with running() as gateway, connected(gateway, 3) as first:
        second = IB()
        heard = Heard(second)
        with pytest.raises((TimeoutError, ConnectionError)):
            await second.connectAsync("127.0.0.1", gateway.port, clientId=3, timeout=0.5)
        assert heard.codes == [326]
        assert first.isConnected()
        # The library does not notice by itself that it was closed before it was ready.
        raw = await Raw.started(gateway, 3)
        assert (await raw.until(4))[3] == "326"
        assert await raw.closed() == b""
        await raw.close()


async def test_a_client_id_is_free_again_when_its_connection_is_gone() -> None:
    async with running() as gateway:
        for _ in range(3):
            async with connected(gateway, 5) as ib:
                assert ib.isConnected()
            await asyncio.wait_for(deserted(gateway), 5)


async def test_a_held_client_id_is_refused_until_it_is_let_go() -> None:
    async with running() as gateway:
        fault = await gateway.begin_fault("held_client_id", None, {"client_id": 9.0})
        raw = await Raw.started(gateway, 9)
        assert (await raw.until(4))[3] == "326"
        await gateway.end_fault(fault.id)
        async with connected(gateway, 9) as ib:
            assert ib.isConnected()


async def test_closed_after_the_handshake() -> None:
    async with running() as gateway:
        await gateway.begin_fault("close_after_handshake", None, {})
        raw = await Raw.started(gateway)
        assert (await raw.frame())[0] == "176"
        assert await raw.closed() == b""


async def test_silent_executions_make_the_client_fail_and_readonly_survives_silent_orders() -> None:
    async with running() as gateway:
        await gateway.begin_fault("silent_requests", None, {"requests": "99"})
        async with connected(gateway, readonly=True) as ib:
            assert ib.isConnected()
        await gateway.begin_fault("silent_requests", None, {"requests": "7"})
        with pytest.raises(TimeoutError):
            await IB().connectAsync("127.0.0.1", gateway.port, clientId=2, timeout=0.5, readonly=True)
        assert gateway.counters["silenced_requests"]


async def test_a_late_end_of_executions_delays_the_connection() -> None:
    async with running() as gateway:
        await gateway.begin_fault("late_executions", None, {"delay_seconds": 60.0})
        with pytest.raises(TimeoutError):
            await IB().connectAsync("127.0.0.1", gateway.port, clientId=2, timeout=0.5)
        await gateway.end_fault("f1")
        await gateway.begin_fault("late_executions", None, {"delay_seconds": 0.05})
        async with connected(gateway, 3) as ib:
            assert ib.isConnected()


@pytest.mark.parametrize(("lost", "code"), [(False, 1102), (True, 1101)])
async def test_servers_lost_and_back(lost: bool, code: int) -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ticker = ib.reqMktData(CALL, "")
        await quoted(ib, ticker)
        fault = await gateway.begin_fault("servers_lost", None, {"data_lost": lost})
        await heard.code(1100)
        silent = gateway.sample()
        assert not silent.sendable.any()
        assert not silent.underlying_sendable
        await gateway.end_fault(fault.id)
        await heard.code(code)
        assert gateway.lines_used() == (0 if lost else 1)
        if lost:
            # As after a real 1101: the same request again brings the line back.
            ib.cancelMktData(CALL)
            await quoted(ib, ib.reqMktData(CALL, ""))
        else:
            before = ticker.time
            await until(ib.updateEvent, lambda: ticker.time != before)


@pytest.mark.parametrize(
    ("farm", "down", "up"), [("market", 2103, 2104), ("history", 2105, 2106), ("definition", 2157, 2158)]
)
async def test_a_farm_goes_down_and_comes_back(farm: str, down: int, up: int) -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        fault = await gateway.begin_fault("farm_down", None, {"farm": farm})
        await heard.code(down)
        assert gateway.sample().sendable.any() == (farm != "market")
        assert bool(await ib.reqHistoricalDataAsync(STOCK, "", "600 S", "1 min", "TRADES", True)) == (farm != "history")
        await gateway.end_fault(fault.id)
        await heard.code(up)


@pytest.mark.parametrize(
    ("what", "parameters", "heard"),
    [
        ("servers_lost", {}, {1100}),
        ("farm_down", {"farm": "market"}, {2104, 2103, 2106, 2158}),
        ("farm_down", {"farm": "definition"}, {2104, 2106, 2157}),
    ],
)
async def test_a_client_that_connects_meanwhile_hears_how_things_are(
    what: str, parameters: dict[str, float | str | bool | None], heard: set[int]
) -> None:
    async with running() as gateway:
        await gateway.begin_fault(what, None, parameters)
        raw = await Raw.started(gateway)
        told: set[int] = set()
        while told != heard:
            told.add(int((await raw.until(4))[3]))
            assert told <= heard
        await raw.close()


async def test_a_missing_strike_is_200() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        await gateway.begin_fault("missing_strike", None, {"strike": SPOT})
        assert await ib.qualifyContractsAsync(CALL) == []
        ib.reqMktData(option(SPOT, "P"), "")
        await heard.code(200, 2)
        assert len(await ib.qualifyContractsAsync(option(SPOT + 1))) == 1


async def test_todays_expiry_is_absent_from_the_parameters_but_its_contracts_exist() -> None:
    async with running() as gateway, connected(gateway) as ib:
        await gateway.begin_fault("missing_expiry", None, {})
        chains = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 756733)
        assert {tuple(chain.expirations) for chain in chains} == {()}
        assert len(await ib.qualifyContractsAsync(option(SPOT))) == 1


@pytest.mark.parametrize("code", [354, 10089, 10090, 10091, 10197])
async def test_a_line_gets_an_error_before_and_while_it_streams(code: int) -> None:
    goes_on = code in {10090, 10091}
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ticker, other = ib.reqMktData(CALL, ""), ib.reqMktData(option(SPOT, "P"), "")
        await quoted(ib, ticker, other)
        await gateway.begin_fault("line_error", None, {"code": float(code), "strike": SPOT, "right": "C"})
        await heard.code(code)
        assert gateway.lines_used() == (2 if goes_on else 1)
        ib.cancelMktData(CALL)
        again = ib.reqMktData(CALL, "")
        await heard.code(code, 2)
        if goes_on:
            await until(ib.updateEvent, lambda: again.marketDataType == 3 and again.hasBidAsk())
        assert other.marketDataType == 1


async def test_a_competing_session_ends_every_line_and_refuses_new_ones_until_it_is_over() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        await quoted(ib, ib.reqMktData(CALL, ""), ib.reqMktData(STOCK, ""))
        fault = await gateway.begin_fault("competing_session", None, {})
        await heard.code(10197, 2)
        assert gateway.lines_used() == 0
        ib.reqMktData(option(SPOT, "P"), "")
        await heard.code(10197, 3)
        await gateway.end_fault(fault.id)
        await quoted(ib, ib.reqMktData(option(SPOT + 1), ""))


async def test_the_line_limit_is_101_and_a_cancelled_line_makes_room() -> None:
    async with running() as gateway, connected(gateway) as ib, connected(gateway, 2) as other:
        await gateway.begin_fault("line_limit", None, {"lines": 2.0})
        heard = Heard(ib)
        first = ib.reqMktData(CALL, "")
        second = other.reqMktData(CALL, "")
        await quoted(ib, first)
        await quoted(other, second)
        ib.reqMktData(option(SPOT, "P"), "")
        assert "Max number of tickers" in (await heard.code(101))[2]
        assert gateway.lines_used() == 2
        other.cancelMktData(CALL)
        ib.cancelMktData(option(SPOT, "P"))
        # Requests are served in order: once this is answered, the cancellations are done.
        await asyncio.gather(ib.reqCurrentTimeAsync(), other.reqCurrentTimeAsync())
        await quoted(ib, ib.reqMktData(option(SPOT + 1), ""))


async def test_the_101st_line_is_refused() -> None:
    async with running(FlatWorld(count=120), messages_per_second=1000) as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.client.MaxRequests = 0
        for details in await ib.reqContractDetailsAsync(option(0, "")):
            ib.reqMktData(details.contract, "")
        await heard.code(101, 20)
        assert gateway.lines_used() == 100


async def test_bursts_that_waited_while_the_gateway_was_held_up_are_no_breach() -> None:
    async with running() as gateway:
        raw = await Raw.started(gateway)
        await raw.until(4, "2158")
        (session,) = gateway.sessions
        session._times.clear()
        # The gateway was held up for half a second: what it reads now may have come at the beginning of it.
        gateway.beat_at -= 0.5
        session.data_received(packed(49, 1) * 45)
        # Half a second later, a second after the first burst was sent, the next one is read in time.
        session._times = type(session._times)(moment - 0.5 for moment in session._times)
        gateway.beat_at += 0.5
        session.data_received(packed(49, 1) * 45)
        assert "error_100" not in gateway.counters
        session.data_received(packed(49, 1) * 45)
        assert gateway.counters["error_100"] == 1
        await raw.close()


async def test_more_than_50_messages_a_second_is_100_and_a_client_that_goes_on_is_disconnected() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.client.MaxRequests = 0
        for _ in range(60):
            ib.client.reqCurrentTime()
        assert "max=50" in (await heard.code(100))[2]
        assert ib.isConnected()


async def test_a_lower_pacing_limit_disconnects_a_client_that_keeps_breaking_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    async with running() as gateway:
        raw = await Raw.started(gateway)
        await raw.until(4, "2158")
        await gateway.begin_fault("pacing_limit", None, {"messages": 1.0})
        (session,) = gateway.sessions
        request = b"\0\0\0\x05" + b"49\x001\0"
        for _ in range(3):
            # Each round is a second of its own, without waiting for one.
            session._breached_at -= 10
            raw.writer.write(request * 3)
            assert (await raw.until(4))[3] == "100"
        await raw.closed()
        assert gateway.counters["pacing_disconnects"] == 1


async def test_delayed_data_turns_every_line_to_type_3_and_back() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ticker = ib.reqMktData(CALL, "")
        await quoted(ib, ticker)
        fault = await gateway.begin_fault("delayed_data", None, {})
        await until(ib.updateEvent, lambda: ticker.marketDataType == 3)
        stock = ib.reqMktData(STOCK, "")
        await heard.code(10167)
        await quoted(ib, stock)
        assert stock.marketDataType == 3
        old = gateway.world.board(gateway.clock.now() - 900)
        assert abs(ticker.bid - old.bid[30]) < 0.1
        await gateway.end_fault(fault.id)
        await until(ib.updateEvent, lambda: ticker.marketDataType == 1 and stock.marketDataType == 1)


@pytest.mark.parametrize(("side", "bid", "ask"), [("both", True, True), ("bid", True, False), ("ask", False, True)])
async def test_quotes_that_are_gone_are_minus_one_with_size_zero(side: str, bid: bool, ask: bool) -> None:
    async with running() as gateway, connected(gateway) as ib:
        await gateway.begin_fault("no_quotes", None, {"strike": SPOT, "right": "C", "side": side})
        ticker, other = ib.reqMktData(CALL, ""), ib.reqMktData(option(SPOT, "P"), "")
        await until(ib.updateEvent, lambda: not math.isnan(ticker.bid) and not math.isnan(ticker.ask))
        assert (ticker.bid == -1, ticker.ask == -1) == (bid, ask)
        assert (ticker.bidSize == 0, ticker.askSize == 0) == (bid, ask)
        await quoted(ib, other)


async def test_crossed_quotes_are_sent_as_they_are() -> None:
    async with running() as gateway, connected(gateway) as ib:
        await gateway.begin_fault("crossed_quotes", None, {"strike": SPOT})
        ticker, other = ib.reqMktData(CALL, ""), ib.reqMktData(option(SPOT + 1), "")
        await quoted(ib, ticker, other)
        assert ticker.bid > ticker.ask > 0
        assert other.bid < other.ask


@pytest.mark.parametrize("form", ["unset", "nan"])
async def test_greeks_that_cannot_be_computed(form: str) -> None:
    async with running() as gateway, connected(gateway) as ib:
        await gateway.begin_fault("bad_greeks", None, {"strike": SPOT, "form": form})
        ticker, other = ib.reqMktData(CALL, ""), ib.reqMktData(option(SPOT + 1), "")
        await until(ib.updateEvent, lambda: bool(ticker.modelGreeks and other.modelGreeks))
        vol, delta = ticker.modelGreeks.impliedVol, ticker.modelGreeks.delta
        assert (vol, delta) == (None, None) if form == "unset" else math.isnan(vol) and math.isnan(delta)
        assert other.modelGreeks.impliedVol == 0.14


async def test_a_frozen_feed_is_connected_and_silent() -> None:
    async with running(FlatWorld(step_seconds=0.05)) as gateway, connected(gateway) as ib:
        ticker, stock = ib.reqMktData(CALL, ""), ib.reqMktData(STOCK, "")
        await quoted(ib, ticker, stock)
        fault = await gateway.begin_fault("frozen_feed", None, {})
        await ib.reqCurrentTimeAsync()
        (session,) = gateway.sessions
        sent = session.bytes_sent
        for _ in range(60):
            await gateway.beat()
        assert session.bytes_sent == sent
        assert ib.isConnected()
        await gateway.end_fault(fault.id)
        before = ticker.time
        await until(ib.updateEvent, lambda: ticker.time != before)


async def test_a_halt_is_told_and_quotes_stand_still() -> None:
    async with running(FlatWorld(step_seconds=0.05)) as gateway, connected(gateway) as ib:
        ticker = ib.reqMktData(CALL, "")
        await quoted(ib, ticker)
        fault = await gateway.begin_fault("trading_halt", None, {})
        await until(ib.updateEvent, lambda: ticker.halted == 1)
        still = (ticker.bid, ticker.ask)
        for _ in range(30):
            await gateway.beat()
        await ib.reqCurrentTimeAsync()
        assert (ticker.bid, ticker.ask) == still
        await gateway.end_fault(fault.id)
        await until(ib.updateEvent, lambda: ticker.halted == 0)


@pytest.mark.parametrize("what", ["gateway_drop", "daily_restart"])
async def test_the_gateway_goes_away_and_comes_back_on_the_same_port(what: str) -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        gone = asyncio.Event()
        ib.disconnectedEvent += gone.set
        trade = ib.placeOrder(CALL, LimitOrder("BUY", 1, 0.5, tif="DAY", orderRef="kept"))
        await until(trade.statusEvent, lambda: trade.orderStatus.status == "Submitted")
        fault = await gateway.begin_fault(what, None, {})
        await asyncio.wait_for(gone.wait(), 5)
        assert (1100 in heard.codes) == (what == "daily_restart")
        assert await refused(gateway.port)
        await gateway.end_fault(fault.id)
        async with connected(gateway) as again:
            (kept,) = again.openTrades()
            assert (kept.order.permId, kept.order.orderRef) == (trade.order.permId, "kept")
            assert kept.order.orderId == trade.order.orderId
            assert kept.orderStatus.status == "Submitted"
            assert again.client.getReqId() > trade.order.orderId


async def test_a_scenarios_drop_happens_at_its_market_time_and_ends_by_itself() -> None:
    drop = TimedFault("gateway_drop", utc(10, 5, 20), 30.0, {})
    async with running(FlatWorld(faults=(drop,)), rate=60) as gateway, connected(gateway) as ib:
        gone = asyncio.Event()
        ib.disconnectedEvent += gone.set
        await asyncio.wait_for(gone.wait(), 5)
        (active,) = gateway.faults.active("gateway_drop")
        assert (active.started_at, active.ends_at) == (drop.at, drop.at + 30)
        known = gateway.faults.version.number
        await gateway.faults.version.newer_than(known, 5)
        assert gateway.faults.all_active == ()
        assert gateway.clock.now() >= drop.at + 30
        async with connected(gateway, 2) as again:
            assert again.isConnected()


@pytest.mark.parametrize("what", ["half_frames", "joined_frames"])
async def test_frames_cut_or_joined_are_the_same_frames(what: str) -> None:
    async with running() as gateway:
        await gateway.begin_fault(what, None, {})
        async with connected(gateway) as ib:
            chain = await ib.reqContractDetailsAsync(option(0, ""))
            assert [details.contract.conId for details in chain] == [i.con_id for i in gateway.world.listings]
            await quoted(ib, ib.reqMktData(CALL, ""), ib.reqMktData(STOCK, ""))


async def test_half_a_frame_really_arrives_alone() -> None:
    async with running() as gateway:
        await gateway.begin_fault("half_frames", None, {})
        raw = await Raw.started(gateway)
        assert len(await raw.reader.read(100)) == 2


async def test_an_order_is_rejected_with_201() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        await gateway.begin_fault("order_reject", None, {"reason": "no margin"})
        trade = ib.placeOrder(CALL, LimitOrder("BUY", 1, 0.5, tif="DAY"))
        assert "no margin" in (await heard.code(201))[2]
        await until(trade.statusEvent, lambda: trade.orderStatus.status == "Inactive")


async def test_a_read_only_api_refuses_orders_with_321() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        await gateway.begin_fault("read_only", None, {})
        trade = ib.placeOrder(CALL, LimitOrder("BUY", 1, 0.5, tif="DAY"))
        assert "Read-Only" in (await heard.code(321))[2]
        assert trade.isDone()
        assert gateway.orders.working() == ()


@pytest.mark.parametrize("code", [399, 10349])
async def test_a_working_order_gets_a_notice(code: int) -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        await gateway.begin_fault("order_message", None, {"code": float(code)})
        ib.placeOrder(CALL, LimitOrder("BUY", 1, 0.5, tif="DAY"))
        await heard.code(code)
        assert len(gateway.orders.working()) == 1


async def test_a_channel_drop_is_told_and_leaves_the_wire_alone() -> None:
    async with running() as gateway, connected(gateway) as ib:
        fault = await gateway.begin_fault("channel_drop", 8, {})
        told = gateway.faults.as_told(fault)
        assert told.what == "channel_drop"
        assert told.seconds_left is not None
        assert 0 < told.seconds_left <= 8
        await quoted(ib, ib.reqMktData(CALL, ""))


async def test_a_reader_that_never_reads_is_disconnected_and_memory_stays_bounded() -> None:
    world = FlatWorld(step_seconds=0.001)
    async with running(world, messages_per_second=1000, buffer_bytes_max=300_000) as gateway:
        raw = await Raw.started(gateway, receive_buffer=4_096)
        await raw.until(4, "2158")
        (session,) = gateway.sessions
        for index, item in enumerate(gateway.universe.options):
            query = (item.con_id, "", "", "", "", "", "", "SMART", "", "", "", "")
            fields = (1, 11, index + 1, *query, 0, "100,101,233", 0, 0, "")
            session.data_received(packed(*fields))
        raw.reader._transport.pause_reading()  # type: ignore[attr-defined]
        highest = 0
        while not gateway.counters["slow_readers"]:
            await gateway.beat()
            await asyncio.sleep(0)
            if session._output is not None:
                highest = max(highest, session._output.unread)
        assert highest < 400_000
        await asyncio.wait_for(deserted(gateway), 5)


@pytest.mark.parametrize(
    ("what", "seconds", "parameters", "says"),
    [
        ("gateway_dorp", None, {}, "Did you mean gateway_drop"),
        ("missing_strike", None, {}, "strike must be given"),
        ("missing_strike", None, {"strike": "much"}, "number from"),
        ("no_quotes", None, {"side": "left"}, "one of"),
        ("servers_lost", None, {"data_lost": 1.0}, "true or false"),
        ("frozen_feed", None, {"wrong": 1.0}, "no parameter"),
        ("gateway_drop", -1.0, {}, "seconds must be"),
    ],
)
async def test_a_fault_that_makes_no_sense_says_what_to_do(
    what: str, seconds: float | None, parameters: dict[str, float | str | bool | None], says: str
) -> None:
    async with running() as gateway:
        with pytest.raises(FaultError, match=says):
            await gateway.begin_fault(what, seconds, parameters)
        assert gateway.faults.all_active == ()


def test_a_scenario_with_an_unknown_fault_does_not_start() -> None:
    world = FlatWorld(faults=(TimedFault("earthquake", utc(11, 0), None, {}),))
    with pytest.raises(FaultError, match="no fault 'earthquake'"):
        FaultBoard(MarketClock(world.session, VirtualTime()), world.faults)
