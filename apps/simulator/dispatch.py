"""Which answer a request gets: one function a request. Holds no state; orders are in trading."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from apps.simulator import contract_details, encoder, fault_actions, historical, trading
from apps.simulator import requests as ask
from apps.simulator.fields import SYSTEM, RequestRefused
from apps.simulator.messages import Answer, Code, Request
from apps.simulator.universe import EXCHANGES, new_york

if TYPE_CHECKING:
    from apps.simulator.session import Session


def answer(session: Session, request: ask.Message) -> None:
    """Serve one request. Raises RequestRefused with the broker's code and text."""
    _HANDLERS[type(request)](session, request)


def _start(session: Session, request: ask.StartApi) -> None:
    gateway = session.gateway
    if request.client_id < 0 or gateway.id_taken(request.client_id):
        session.refuse(
            RequestRefused(
                SYSTEM,
                Code.CLIENT_ID_IN_USE,
                "Unable to connect as the client id is already in use. Retry with a unique client id.",
            )
        )
        session.close()
        return
    session.client_id = request.client_id
    session.send(
        encoder.managed_accounts([gateway.account.code]) + encoder.next_valid_id(gateway.next_id(session.client_id))
    )
    session.send(fault_actions.farm_notes(gateway))


def _market_data(session: Session, request: ask.MarketData) -> None:
    session.subscriptions.open(request)


def _market_data_type(session: Session, request: ask.MarketDataType) -> None:
    session.market_data_type = request.kind


def _details(session: Session, request: ask.ContractDetails) -> None:
    gateway = session.gateway
    frames = contract_details.details(gateway.universe, gateway.faults, request.req_id, request.contract)
    session.send(b"".join(frames))


def _option_parameters(session: Session, request: ask.OptionParameters) -> None:
    session.send(
        b"".join(contract_details.option_parameters(session.gateway.universe, session.gateway.faults, request))
    )


def _historical(session: Session, request: ask.Historical) -> None:
    gateway = session.gateway
    item = contract_details.only(gateway.universe, gateway.faults, request.req_id, request.contract)
    if any(fault.text("farm") == "history" for fault in gateway.faults.active("farm_down")):
        raise historical.refuse(request.req_id, "HMDS server disconnect occurred.")
    end, length, width = historical.span(request, gateway.clock.now())
    gateway.historical_pacing.check(request, gateway.clock.source.now())
    bars = gateway.world.bars(item.row if item.is_option else None, end, length, width)
    session.send(historical.answer(request, bars, length, end))


def _account_updates(session: Session, request: ask.AccountUpdates) -> None:
    _own_account(session, SYSTEM, request.account)
    session.account_updates = request.subscribe
    if request.subscribe:
        gateway = session.gateway
        time_text = f"{new_york(gateway.clock.now()):%H:%M}"
        session.send(b"".join(gateway.account.updates(gateway.sample(), time_text)))


def _account_summary(session: Session, request: ask.AccountSummary) -> None:
    gateway = session.gateway
    session.send(b"".join(gateway.account.summary(request.req_id, request.tags, gateway.sample())))


def _account_multi(session: Session, request: ask.AccountMulti) -> None:
    _own_account(session, request.req_id, request.account)
    gateway = session.gateway
    session.send(b"".join(gateway.account.multi(request.req_id, request.model, gateway.sample())))


def _pnl(session: Session, request: ask.Pnl) -> None:
    _own_account(session, request.req_id, request.account)
    session.profit_requests.add(request.req_id)
    session.send(session.gateway.account.profit(request.req_id, session.gateway.sample()))


def _market_rule(session: Session, request: ask.MarketRule) -> None:
    session.send(contract_details.market_rule(session.gateway.universe, request.rule_id))


def _smart_components(session: Session, request: ask.SmartComponents) -> None:
    session.send(encoder.smart_components(request.req_id, EXCHANGES))


def _cancel(session: Session, request: ask.Cancel) -> None:
    if request.what == Request.CANCEL_MARKET_DATA and not session.subscriptions.cancel(request.req_id):
        raise RequestRefused(request.req_id, Code.UNKNOWN_TICKER, f"Can't find EId with tickerId:{request.req_id}")
    if request.what == Request.CANCEL_HISTORICAL:
        # Bars are sent whole and at once, so that there is never a query left to cancel.
        text = f"No historical data query found for ticker id:{request.req_id}"
        raise RequestRefused(request.req_id, Code.NO_HISTORICAL, text)
    if request.what == Request.CANCEL_PNL:
        session.profit_requests.discard(request.req_id)


def _plain(session: Session, request: ask.Plain) -> None:
    gateway = session.gateway
    if request.what == Request.NEXT_ID and session.client_id is not None:
        session.send(encoder.next_valid_id(gateway.next_id(session.client_id)))
    elif request.what == Request.MANAGED_ACCOUNTS:
        session.send(encoder.managed_accounts([gateway.account.code]))
    elif request.what == Request.CURRENT_TIME:
        session.send(encoder.current_time(gateway.clock.now()))
    elif request.what == Request.GLOBAL_CANCEL:
        trading.cancel_all(gateway)
    elif request.what == Request.POSITIONS:
        session.send(b"".join(gateway.account.positions()))


def _executions(session: Session, request: ask.Executions) -> None:
    late = session.gateway.faults.active("late_executions")
    end = encoder.end(Answer.EXECUTIONS_END, request.req_id)
    if late:
        session.later(late[0].number("delay_seconds") or 0.0, lambda: session.send(end))
    else:
        session.send(end)


def _completed(session: Session, _: ask.CompletedOrders) -> None:
    session.send(encoder.message(Answer.COMPLETED_ORDERS_END))


def _own_account(session: Session, req_id: int, account: str) -> None:
    if account not in {"", "All", session.gateway.account.code}:
        text = f"Error validating request.-'sim' : cause - Invalid account code '{account[:20]}'"
        raise RequestRefused(req_id, Code.VALIDATION, text)


_HANDLERS: dict[type, Callable[[Session, Any], None]] = {
    ask.StartApi: _start,
    ask.MarketData: _market_data,
    ask.MarketDataType: _market_data_type,
    ask.ContractDetails: _details,
    ask.OptionParameters: _option_parameters,
    ask.Historical: _historical,
    ask.AccountUpdates: _account_updates,
    ask.AccountSummary: _account_summary,
    ask.AccountMulti: _account_multi,
    ask.Pnl: _pnl,
    ask.MarketRule: _market_rule,
    ask.SmartComponents: _smart_components,
    ask.Cancel: _cancel,
    ask.Plain: _plain,
    ask.Executions: _executions,
    ask.CompletedOrders: _completed,
    ask.PlaceOrder: trading.place,
    ask.CancelOrder: trading.cancel,
    ask.OpenOrders: trading.open_orders,
    ask.AutoOpenOrders: trading.auto_open_orders,
}
