"""What a client library sees of the gateway, as one report: run in process, or as `python peer_clients.py NAME PORT`.

Imports nothing of ours, so that it runs beside another library's packages.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import queue
import sys
import threading
from collections.abc import Callable
from typing import Any

DAY, STRIKE = "20250519", 594.0


async def insync_report(library: str, port: int) -> dict[str, Any]:
    """The report of ib_insync, or of ib_async, whose interface is the same."""
    module = importlib.import_module(library)
    ib = module.IB()
    await ib.connectAsync("127.0.0.1", port, clientId=7, timeout=5)
    chain = await ib.reqContractDetailsAsync(module.Option("SPY", DAY, exchange="SMART"))
    parameters = await ib.reqSecDefOptParamsAsync("SPY", "", "STK", 756733)
    stock, call = await ib.qualifyContractsAsync(
        module.Stock("SPY", "SMART", "USD"), module.Option("SPY", DAY, STRIKE, "C", "SMART")
    )
    tickers = [ib.reqMktData(call, "100,101,106,233"), ib.reqMktData(stock, "")]
    while not (tickers[0].hasBidAsk() and tickers[0].modelGreeks and tickers[1].hasBidAsk()):
        await asyncio.wait_for(ib.updateEvent, 5)
    bars = await ib.reqHistoricalDataAsync(stock, "", "1800 S", "1 min", "TRADES", useRTH=True)
    trade = ib.placeOrder(call, module.LimitOrder("BUY", 1, 0.5, tif="DAY", orderRef="peer"))
    while trade.orderStatus.status != "Submitted":
        await asyncio.wait_for(trade.statusEvent, 5)
    ib.cancelOrder(trade.order)
    while trade.orderStatus.status != "Cancelled":
        await asyncio.wait_for(trade.statusEvent, 5)
    worth = [value.value for value in ib.accountValues() if value.tag == "NetLiquidation"]
    report = {
        "server_version": ib.client.serverVersion(),
        "accounts": ib.managedAccounts(),
        "contracts": len(chain),
        "strikes": sorted({details.contract.strike for details in chain}),
        "trading_hours": chain[0].tradingHours,
        "expirations": list(parameters[0].expirations),
        "exchanges": sorted(parameter.exchange for parameter in parameters),
        "bid": tickers[0].bid,
        "ask": tickers[0].ask,
        "bid_size": tickers[0].bidSize,
        "vol": tickers[0].modelGreeks.impliedVol,
        "open_interest": tickers[0].callOpenInterest,
        "stock_bid": tickers[1].bid,
        "data_type": tickers[0].marketDataType,
        "bars": len(bars),
        "net_liquidation": float(worth[0]),
        "order_ref": trade.order.orderRef,
        "perm_id": trade.order.permId,
    }
    ib.disconnect()
    return report


class Official:
    """The broker's own client: every callback goes into one queue, read in order."""

    def __init__(self, port: int) -> None:
        self.module = importlib.import_module("ibapi.client")
        wrapper = importlib.import_module("ibapi.wrapper").EWrapper()
        self._heard: queue.Queue[tuple[str, tuple[Any, ...]]] = queue.Queue()
        for name in CALLBACKS:
            setattr(wrapper, name, self._listener(name))
        self.app = self.module.EClient(wrapper)
        self.app.connect("127.0.0.1", port, 8)
        threading.Thread(target=self.app.run, daemon=True).start()

    def next_of(self, *names: str) -> tuple[str, tuple[Any, ...]]:
        """The next callback of these names."""
        while True:
            name, arguments = self._heard.get(timeout=5)
            if name in names:
                return name, arguments

    def all_until(self, wanted: str, end: str) -> list[tuple[Any, ...]]:
        """Arguments of every callback `wanted` before `end`."""
        found = []
        while (got := self.next_of(wanted, end))[0] != end:
            found.append(got[1])
        return found

    def status(self, wanted: str) -> None:
        """Wait for an order's status."""
        while self.next_of("orderStatus")[1][1] != wanted:
            pass

    def _listener(self, name: str) -> Callable[..., None]:
        return lambda *arguments: self._heard.put((name, arguments))


def official_contract(kind: str, **fields: Any) -> Any:
    """SPY in the broker's own classes."""
    made = importlib.import_module("ibapi.contract").Contract()
    made.symbol, made.secType, made.exchange, made.currency = "SPY", kind, "SMART", "USD"
    for name, value in fields.items():
        setattr(made, name, value)
    return made


def official_quotes(client: Official, call: Any) -> dict[str, Any]:
    """Stream an option and the stock until both are usable."""
    client.app.reqMktData(3, call, "100,101,106,233", False, False, [])
    client.app.reqMktData(4, official_contract("STK"), "", False, False, [])
    ticks: dict[tuple[str, int, int], float] = {}
    wanted = {("tickPrice", 3, 1), ("tickPrice", 3, 2), ("tickSize", 3, 0), ("tickSize", 3, 27), ("tickPrice", 4, 1)}
    data_type, vol = 0, 0.0
    while not (wanted <= set(ticks) and vol and data_type):
        name, arguments = client.next_of("tickPrice", "tickSize", "tickOptionComputation", "marketDataType")
        if name == "tickOptionComputation":
            vol = arguments[3]
        elif name == "marketDataType":
            data_type = arguments[1]
        else:
            ticks[name, arguments[0], arguments[1]] = float(arguments[2])
    return {
        "bid": ticks["tickPrice", 3, 1],
        "ask": ticks["tickPrice", 3, 2],
        "bid_size": ticks["tickSize", 3, 0],
        "open_interest": ticks["tickSize", 3, 27],
        "stock_bid": ticks["tickPrice", 4, 1],
        "vol": vol,
        "data_type": data_type,
    }


def official_trade(client: Official, order_id: int, call: Any) -> dict[str, Any]:
    """Place an order, see it working, cancel it."""
    order = importlib.import_module("ibapi.order").Order()
    order.action, order.totalQuantity, order.orderType, order.lmtPrice = "BUY", 1, "LMT", 0.5
    order.tif, order.orderRef = "DAY", "peer"
    client.app.placeOrder(order_id, call, order)
    _, placed = client.next_of("openOrder")
    client.status("Submitted")
    client.app.cancelOrder(order_id, importlib.import_module("ibapi.order_cancel").OrderCancel())
    client.status("Cancelled")
    return {"order_ref": placed[2].orderRef, "perm_id": placed[2].permId, "accounts": [placed[2].account]}


def official_report(port: int) -> dict[str, Any]:
    """The report of the broker's own client."""
    client = Official(port)
    order_id = client.next_of("nextValidId")[1][0]
    client.app.reqContractDetails(1, official_contract("OPT", lastTradeDateOrContractMonth=DAY))
    chain = [arguments[1] for arguments in client.all_until("contractDetails", "contractDetailsEnd")]
    client.app.reqSecDefOptParams(2, "SPY", "", "STK", 756733)
    names = ("securityDefinitionOptionParameter", "securityDefinitionOptionParameterEnd")
    parameters = client.all_until(*names)
    call = official_contract("OPT", lastTradeDateOrContractMonth=DAY, strike=STRIKE, right="C")
    quotes = official_quotes(client, call)
    client.app.reqHistoricalData(5, official_contract("STK"), "", "1800 S", "1 min", "TRADES", 1, 1, False, [])
    bars = client.all_until("historicalData", "historicalDataEnd")
    client.app.reqAccountUpdates(True, "")
    values = {arguments[0]: arguments[1] for arguments in client.all_until("updateAccountValue", "accountDownloadEnd")}
    report = {
        "server_version": client.app.serverVersion(),
        "contracts": len(chain),
        "strikes": sorted({details.contract.strike for details in chain}),
        "trading_hours": chain[0].tradingHours,
        "expirations": sorted(parameters[0][5]),
        "exchanges": sorted(arguments[1] for arguments in parameters),
        "bars": len(bars),
        "net_liquidation": float(values["NetLiquidation"]),
        **quotes,
        **official_trade(client, order_id, call),
    }
    client.app.disconnect()
    return report


CALLBACKS = frozenset(
    {
        "nextValidId", "contractDetails", "contractDetailsEnd", "securityDefinitionOptionParameter",
        "securityDefinitionOptionParameterEnd", "tickPrice", "tickSize", "tickOptionComputation", "marketDataType",
        "historicalData", "historicalDataEnd", "updateAccountValue", "accountDownloadEnd", "openOrder", "orderStatus",
    }
)  # fmt: skip


def main(name: str, port: int) -> None:
    """Print the report as the last line."""
    report = official_report(port) if name == "ibapi" else asyncio.run(insync_report(name, port))
    print(json.dumps(report))


if __name__ == "__main__":
    main(sys.argv[1], int(sys.argv[2]))
