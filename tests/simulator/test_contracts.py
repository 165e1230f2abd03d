"""Contracts, chains, hours, price steps, bars and the account, as a client gets them."""

from __future__ import annotations

import pytest
from ib_insync import Contract, Index, Option, Stock

from apps.simulator.account import Position
from tests.simulator.helpers import STOCK, Heard, connected, option, packed, running, until
from tests.simulator.helpers import Raw as RawClient
from tests.simulator.worlds import SPOT, FlatWorld, utc


@pytest.mark.parametrize("strike", ["", "0", "0.0"])
async def test_an_open_strike_gives_the_whole_chain_however_it_is_written(strike: str) -> None:
    async with running() as gateway:
        raw = await RawClient.started(gateway)
        query = (0, "SPY", "OPT", "20250519", strike, "", "", "SMART", "", "USD", "", "")
        raw.writer.write(packed(9, 8, 5, *query, 0, "", "", ""))
        count = 0
        while (fields := await raw.frame())[0] != "52":
            count += fields[0] == "10"
        assert count == 60
        await raw.close()


@pytest.mark.parametrize(
    ("contract", "count"),
    [
        (Option("SPY", "20250519", SPOT, "CALL", "SMART"), 1),
        (Option("SPY", "20250519", SPOT, "", "SMART"), 2),
        (Option("SPY", "202505", SPOT, "PUT", "CBOE"), 1),
        (Option("SPY", "20250519", SPOT, "C", "SMART", "100"), 1),
        (Option("SPY", "20250519", SPOT, "C", "SMART", "10"), 0),
        (Option("SPY", "20250519", 594.5, "C", "SMART"), 0),
        (Option("SPY", "20250520", SPOT, "C", "SMART"), 0),
        (Option("QQQ", "20250519", SPOT, "C", "SMART"), 0),
        (Option("SPY", "20250519", SPOT, "C", "NOWHERE"), 0),
        (Option("SPY", "20250519", SPOT, "C", "SMART", currency="EUR"), 0),
        (Option("SPY", "20250519", SPOT, "C", "SMART", tradingClass="2SPY"), 0),
        (Option(localSymbol="SPY   250519C00594000", exchange="SMART"), 1),
        (Contract(conId=700000000, exchange="SMART"), 1),
        (Contract(conId=756733, exchange="SMART"), 1),
        (Contract(conId=1, exchange="SMART"), 0),
        (Stock("SPY", "ARCA", "USD"), 1),
        (Index("SPX", "CBOE"), 0),
    ],
)
async def test_a_contract_is_found_by_what_was_said_of_it(contract: Contract, count: int) -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        assert len(await ib.reqContractDetailsAsync(contract)) == count
        assert heard.codes == ([] if count else [200])


async def test_details_carry_hours_steps_and_the_underlying() -> None:
    async with running() as gateway, connected(gateway) as ib:
        (details,) = await ib.reqContractDetailsAsync(option())
        assert details.tradingHours == details.liquidHours == "20250519:0930-20250519:1615"
        assert details.timeZoneId == "US/Eastern"
        assert (details.minTick, details.underConId, details.underSymbol) == (0.01, 756733, "SPY")
        assert (details.realExpirationDate, details.lastTradeTime) == ("20250519", "16:00:00")
        assert (details.contract.multiplier, details.contract.localSymbol) == ("100", "SPY   250519C00594000")
        assert len(details.marketRuleIds.split(",")) == len(details.validExchanges.split(","))
        rule = await ib.reqMarketRuleAsync(int(details.marketRuleIds.split(",")[0]))
        assert [(step.lowEdge, step.increment) for step in rule] == [(0.0, 0.01)]
        (stock,) = await ib.reqContractDetailsAsync(STOCK)
        assert (stock.tradingHours, stock.liquidHours) == ("20250519:0400-20250519:2000", "20250519:0930-20250519:1600")


async def test_the_steps_of_an_index_class_are_two() -> None:
    world = FlatWorld(tick_rule=((0.0, 0.05), (3.0, 0.10)), underlying_sec_type="IND")
    async with running(world) as gateway, connected(gateway) as ib:
        (details,) = await ib.reqContractDetailsAsync(option())
        assert details.minTick == 0.05
        rule = await ib.reqMarketRuleAsync(int(details.marketRuleIds.split(",")[0]))
        assert [(step.lowEdge, step.increment) for step in rule] == [(0.0, 0.05), (3.0, 0.10)]


async def test_option_parameters_come_once_an_exchange_and_a_wrong_underlying_is_321() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        chains = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 756733)
        assert len({chain.exchange for chain in chains}) == len(chains) > 1
        (smart,) = [chain for chain in chains if chain.exchange == "SMART"]
        assert (smart.tradingClass, smart.multiplier, len(smart.strikes)) == ("SPY", "100", 30)
        await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 5)
        await heard.code(321)


async def test_an_ambiguous_market_data_request_is_200() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.reqMktData(Option("SPY", "20250519", SPOT, "", "SMART"), "")
        assert "ambiguous" in (await heard.code(200))[2]


async def test_a_snapshot_brings_the_quote_and_its_end_and_takes_no_line() -> None:
    async with running(lines_max=0) as gateway, connected(gateway) as ib:
        (call,) = await ib.qualifyContractsAsync(option())
        tickers = await ib.reqTickersAsync(call, STOCK)
        assert all(ticker.hasBidAsk() for ticker in tickers)
        assert gateway.lines_used() == 0


async def test_a_ticker_id_in_use_is_102_and_an_unknown_one_is_300() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.client.reqMktData(900, option(), "", False, False, [])
        ib.client.reqMktData(900, option(), "", False, False, [])
        await heard.code(102)
        ib.client.cancelMktData(901)
        await heard.code(300)


async def test_a_generic_tick_the_broker_does_not_offer_is_321() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.reqMktData(option(), "101,999")
        assert (await heard.code(321))[2].endswith("generic tick list of 999")
        assert gateway.lines_used() == 0


async def test_smart_components_name_the_letters_of_quotes() -> None:
    async with running() as gateway, connected(gateway) as ib:
        ticker = ib.reqMktData(option(), "")
        await until(ib.updateEvent, lambda: bool(ticker.bidExchange and ticker.askExchange))
        components = await ib.reqSmartComponentsAsync(ticker.bboExchange)
        letters = {component.exchangeLetter for component in components}
        assert set(ticker.bidExchange + ticker.askExchange) <= letters


async def test_bars_end_now_and_begin_at_the_open() -> None:
    async with running() as gateway, connected(gateway) as ib:
        bars = await ib.reqHistoricalDataAsync(STOCK, "", "1 D", "5 mins", "TRADES", useRTH=True, formatDate=2)
        assert (bars[0].date.timestamp(), len(bars)) == (utc(9, 30), 7)
        call = await ib.reqHistoricalDataAsync(
            option(), "20250519 10:00:00 US/Eastern", "600 S", "1 min", "MIDPOINT", True
        )
        assert (call[-1].date.timestamp(), len(call)) == (utc(9, 59), 10)


@pytest.mark.parametrize(
    ("end", "duration", "width", "what", "code"),
    [
        ("", "1 fortnight", "1 min", "TRADES", 321),
        ("", "1 D", "7 mins", "TRADES", 321),
        ("", "1 D", "1 min", "GOSSIP", 321),
        ("yesterday", "1 D", "1 min", "TRADES", 321),
        ("20250519 10:00:00 Mars/Base", "1 D", "1 min", "TRADES", 321),
        ("20250519-10:00:00", "600 S", "1 min", "TRADES", 162),
    ],
)
async def test_bars_that_cannot_be_had_say_why(end: str, duration: str, width: str, what: str, code: int) -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        assert not await ib.reqHistoricalDataAsync(STOCK, end, duration, width, what, True)
        await heard.code(code)


async def test_the_same_bars_within_15_seconds_are_a_pacing_violation() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        assert await ib.reqHistoricalDataAsync(STOCK, "", "1 D", "1 min", "TRADES", True)
        assert not await ib.reqHistoricalDataAsync(STOCK, "", "1 D", "1 min", "TRADES", True)
        assert "pacing" in (await heard.code(162))[2]
        ib.client.cancelHistoricalData(999)
        await heard.code(366)


async def test_the_account_values_its_positions_at_the_middle() -> None:
    world = FlatWorld(step_seconds=1e6)
    held = Position(world.listings[0].con_id, 2, 1_000.0)
    async with running(world, positions=(held,)) as gateway, connected(gateway) as ib:
        board = world.board(gateway.clock.now())
        value = (board.bid[0] + board.ask[0]) / 2 * 200
        (position,) = ib.positions()
        assert (position.contract.conId, position.position, position.avgCost) == (held.con_id, 2, 1_000)
        (item,) = ib.portfolio()
        assert item.marketValue == pytest.approx(value, abs=0.02)
        assert item.unrealizedPNL == pytest.approx(value - 2_000, abs=0.02)
        summary = {entry.tag: entry.value for entry in await ib.accountSummaryAsync()}
        assert float(summary["NetLiquidation"]) == pytest.approx(100_000 + value, abs=0.02)
        assert summary["DayTradesRemaining"] == "-1"
        pnl = ib.reqPnL("DU1234567")
        await until(ib.pnlEvent, lambda: pnl.unrealizedPnL == pytest.approx(value - 2_000, abs=0.02))


async def test_another_account_is_refused() -> None:
    async with running() as gateway, connected(gateway) as ib:
        heard = Heard(ib)
        ib.client.reqAccountUpdates(True, "DU9999999")
        assert "Invalid account" in (await heard.code(321))[2]
