"""Requests from fields, at server version 176. Refuses what it cannot read; never answers and never guesses."""

from __future__ import annotations

from collections.abc import Callable

from apps.simulator import requests as ask
from apps.simulator.fields import Fields
from apps.simulator.messages import Request
from apps.simulator.order_decoder import place_order


def _start(fields: Fields) -> ask.Message:
    fields.skip()
    return ask.StartApi(client_id=fields.integer())


def _market_data(fields: Fields) -> ask.Message:
    fields.skip()
    req_id, contract = fields.identity(), fields.contract()
    if contract.sec_type == "BAG":
        for _ in range(fields.count(20)):
            fields.skip(4)
    if fields.flag():
        fields.skip(3)
    generics = fields.text()
    # A list entry may carry "mdoff" or an option after a colon; only numbers name ticks we know.
    numbers = frozenset(int(part) for part in generics.split(",") if part.strip().isdecimal())
    return ask.MarketData(req_id, contract, numbers, snapshot=fields.flag())


def _market_data_type(fields: Fields) -> ask.Message:
    fields.skip()
    kind = fields.integer()
    if kind not in {1, 2, 3, 4}:
        raise fields.refuse(f"the market data type is 1, 2, 3 or 4, not {kind}")
    return ask.MarketDataType(kind)


def _details(fields: Fields) -> ask.Message:
    fields.skip()
    return ask.ContractDetails(fields.identity(), fields.contract())


def _option_parameters(fields: Fields) -> ask.Message:
    return ask.OptionParameters(
        fields.identity(), fields.text(), fields.text(), fields.text(), fields.integer(default=0)
    )


def _historical(fields: Fields) -> ask.Message:
    req_id, contract = fields.identity(), fields.contract()
    fields.skip()
    return ask.Historical(
        req_id,
        contract,
        end=fields.text(),
        bar_size=fields.text(),
        duration=fields.text(),
        regular_hours=fields.flag(),
        what=fields.text(),
        format_date=fields.integer(default=1),
        keep_up_to_date=fields.flag(),
    )


def _account_updates(fields: Fields) -> ask.Message:
    fields.skip()
    return ask.AccountUpdates(fields.flag(), fields.text())


def _account_summary(fields: Fields) -> ask.Message:
    fields.skip()
    req_id, group, tags = fields.identity(), fields.text(), fields.text()
    return ask.AccountSummary(req_id, group, tuple(tag.strip() for tag in tags.split(",") if tag.strip()))


def _account_multi(fields: Fields) -> ask.Message:
    fields.skip()
    return ask.AccountMulti(fields.identity(), fields.text(), fields.text(), fields.flag())


def _pnl(fields: Fields) -> ask.Message:
    return ask.Pnl(fields.identity(), fields.text(), fields.text())


def _executions(fields: Fields) -> ask.Message:
    fields.skip()
    req_id, client = fields.identity(), fields.integer(default=0)
    text = [fields.text() for _ in range(6)]
    return ask.Executions(req_id, client or None, *text)


def _cancel_order(fields: Fields) -> ask.Message:
    fields.skip()
    return ask.CancelOrder(fields.identity())


def _auto_open_orders(fields: Fields) -> ask.Message:
    fields.skip()
    return ask.AutoOpenOrders(fields.flag())


def _smart_components(fields: Fields) -> ask.Message:
    return ask.SmartComponents(fields.identity(), fields.text())


def _cancel(what: Request, *, version: bool = True) -> Callable[[Fields], ask.Message]:
    def decode(fields: Fields) -> ask.Message:
        if version:
            fields.skip()
        return ask.Cancel(what, fields.identity())

    return decode


def _plain(what: Request) -> Callable[[Fields], ask.Message]:
    return lambda _: ask.Plain(what)


_DECODERS: dict[int, Callable[[Fields], ask.Message]] = {
    Request.MARKET_DATA: _market_data,
    Request.CANCEL_MARKET_DATA: _cancel(Request.CANCEL_MARKET_DATA),
    Request.PLACE_ORDER: place_order,
    Request.CANCEL_ORDER: _cancel_order,
    Request.OPEN_ORDERS: lambda _: ask.OpenOrders(all_clients=False),
    Request.ACCOUNT_UPDATES: _account_updates,
    Request.EXECUTIONS: _executions,
    Request.NEXT_ID: _plain(Request.NEXT_ID),
    Request.CONTRACT_DETAILS: _details,
    Request.AUTO_OPEN_ORDERS: _auto_open_orders,
    Request.ALL_OPEN_ORDERS: lambda _: ask.OpenOrders(all_clients=True),
    Request.MANAGED_ACCOUNTS: _plain(Request.MANAGED_ACCOUNTS),
    Request.HISTORICAL: _historical,
    Request.CANCEL_HISTORICAL: _cancel(Request.CANCEL_HISTORICAL),
    Request.CURRENT_TIME: _plain(Request.CURRENT_TIME),
    Request.GLOBAL_CANCEL: _plain(Request.GLOBAL_CANCEL),
    Request.MARKET_DATA_TYPE: _market_data_type,
    Request.POSITIONS: _plain(Request.POSITIONS),
    Request.ACCOUNT_SUMMARY: _account_summary,
    Request.CANCEL_ACCOUNT_SUMMARY: _cancel(Request.CANCEL_ACCOUNT_SUMMARY),
    Request.CANCEL_POSITIONS: _plain(Request.CANCEL_POSITIONS),
    Request.START_API: _start,
    Request.ACCOUNT_MULTI: _account_multi,
    Request.CANCEL_ACCOUNT_MULTI: _cancel(Request.CANCEL_ACCOUNT_MULTI),
    Request.OPTION_PARAMETERS: _option_parameters,
    Request.SMART_COMPONENTS: _smart_components,
    Request.MARKET_RULE: lambda fields: ask.MarketRule(fields.integer()),
    Request.PNL: _pnl,
    Request.CANCEL_PNL: _cancel(Request.CANCEL_PNL, version=False),
    Request.COMPLETED_ORDERS: lambda fields: ask.CompletedOrders(fields.flag()),
}


def decode(fields: list[str]) -> tuple[int, ask.Message]:
    """The request's number and the request. Raises RequestRefused with 321 for anything it does not know."""
    cursor = Fields(fields)
    number = cursor.integer()
    decoder = _DECODERS.get(number)
    if decoder is None:
        raise cursor.refuse(f"message {number} is not part of the simulated gateway")
    return number, decoder(cursor)
