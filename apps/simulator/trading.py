"""What happens to order requests: checks, events and who is told. Plain orders only; nothing is filled here."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from apps.simulator import encoder, orders
from apps.simulator import requests as ask
from apps.simulator.contract_details import only
from apps.simulator.fields import RequestRefused
from apps.simulator.messages import Answer, Code
from apps.simulator.open_order import open_order, order_status
from apps.simulator.orders import CANCELLED, INACTIVE, PENDING, PRE_SUBMITTED, SUBMITTED, Order
from apps.simulator.universe import broker_time

if TYPE_CHECKING:
    from apps.simulator.server import Gateway
    from apps.simulator.session import Session

READ_ONLY = "Error validating request.-'bF' : cause - The API interface is currently in Read-Only mode."


def place(session: Session, request: ask.PlaceOrder) -> None:
    """A new order, a change, or a what-if. Raises RequestRefused for what is not even an order of this client."""
    gateway, client_id = session.gateway, session.client_id
    if client_id is None:
        return
    _writable(gateway, request.order_id)
    item = only(gateway.universe, gateway.faults, request.order_id, request.contract)
    ticket = request.ticket
    if not ticket.tif:
        ticket = replace(ticket, tif="DAY")
        text = "Order TIF was set to DAY based on order preset."
        session.send(encoder.error(request.order_id, Code.TIF_FROM_PRESET, text))
    request = replace(request, ticket=replace(ticket, account=ticket.account or gateway.account.code))
    if request.ticket.what_if:
        _what_if(session, request, client_id)
        return
    known = gateway.orders.get(client_id, request.order_id)
    order, new = gateway.orders.place(client_id, request, item)
    try:
        _check(gateway, request, order)
    except RequestRefused as refused:
        if not new and known is not None:
            gateway.orders.put(known)
            raise
        order = gateway.orders.put(replace(order, status=INACTIVE))
        session.refuse(refused)
        tell(gateway, order, with_order=False)
        return
    tell(gateway, order)
    if order.ticket.transmit:
        for member in gateway.orders.family(order):
            if member.status == PENDING:
                tell(gateway, gateway.orders.put(replace(member, status=PRE_SUBMITTED)))
    _hold_when_closed(session, order)


def cancel(session: Session, request: ask.CancelOrder) -> None:
    """Cancel an own order. Raises RequestRefused 10147 for an unknown one, 10148 for one that is over."""
    gateway = session.gateway
    _writable(gateway, request.order_id)
    order = gateway.orders.get(session.client_id if session.client_id is not None else -1, request.order_id)
    if order is None:
        text = f"OrderId {request.order_id} that needs to be cancelled is not found."
        raise RequestRefused(request.order_id, Code.CANCEL_UNKNOWN, text)
    if order.done:
        text = f"OrderId {request.order_id} that needs to be cancelled cannot be cancelled, state: {order.status}."
        raise RequestRefused(request.order_id, Code.CANCEL_TOO_LATE, text)
    _cancel(gateway, order)


def cancel_all(gateway: Gateway) -> None:
    """Cancel everybody's working orders."""
    _writable(gateway, -1)
    for order in gateway.orders.working():
        _cancel(gateway, order)


def open_orders(session: Session, request: ask.OpenOrders) -> None:
    """Own working orders, or everybody's; then 53."""
    everybody = request.all_clients or session.client_id == 0
    for order in session.gateway.orders.working(None if everybody else session.client_id):
        session.send(_order_frame(order, session.gateway) + _status_frame(order))
    session.send(encoder.end(Answer.OPEN_ORDER_END))


def auto_open_orders(session: Session, _: ask.AutoOpenOrders) -> None:
    """Only client 0 may. The simulated gateway has no orders typed into it, so that nothing is bound."""
    if session.client_id != 0:
        text = "Error validating request.-'sim' : cause - Only the default client (i.e 0) can auto bind orders."
        raise RequestRefused(-1, Code.VALIDATION, text)


def accept(gateway: Gateway) -> None:
    """What waits for the exchange is working now, if the market is open: once a beat, after its PreSubmitted."""
    if not gateway.market_open():
        return
    for order in gateway.orders.working():
        if order.status == PRE_SUBMITTED and order.perm_id not in gateway.just_placed:
            tell(gateway, gateway.orders.put(replace(order, status=SUBMITTED)))
    gateway.just_placed.clear()


def tell(gateway: Gateway, order: Order, *, with_order: bool = True) -> None:
    """openOrder and orderStatus to the owner, and to client 0 or the master."""
    frames = (_order_frame(order, gateway) if with_order else b"") + _status_frame(order)
    for session in gateway.order_listeners(order.client_id):
        session.send(frames)


def _check(gateway: Gateway, request: ask.PlaceOrder, order: Order) -> None:
    for fault in gateway.faults.active("order_reject"):
        raise RequestRefused(request.order_id, Code.REJECTED, f"Order rejected - reason:{fault.text('reason')}")
    funds = gateway.account.number("AvailableFunds", gateway.sample())
    orders.check(request, order.item, gateway.world.tick_rule, funds)
    gateway.just_placed.add(order.perm_id)


def _cancel(gateway: Gateway, order: Order) -> None:
    cancelled = gateway.orders.put(replace(order, status=CANCELLED))
    tell(gateway, cancelled, with_order=False)
    for session in gateway.order_listeners(order.client_id):
        session.send(encoder.error(order.order_id, Code.CANCELLED, "Order Canceled - reason:"))


def _what_if(session: Session, request: ask.PlaceOrder, client_id: int) -> None:
    gateway, ticket = session.gateway, request.ticket
    item = only(gateway.universe, gateway.faults, request.order_id, request.contract)
    sample = gateway.sample()
    orders.check(request, item, gateway.world.tick_rule, gateway.account.number("AvailableFunds", sample))
    figures = orders.margins(
        ticket,
        item,
        margin=gateway.account.number("InitMarginReq", sample),
        equity=gateway.account.number("EquityWithLoanValue", sample),
    )
    frame = open_order(
        request.order_id, item, ticket, client_id=client_id, perm_id=0, account=gateway.account.code,
        status=PRE_SUBMITTED, margins=figures,
    )  # fmt: skip
    session.send(frame)


def _hold_when_closed(session: Session, order: Order) -> None:
    gateway = session.gateway
    notices = [int(fault.number("code") or 0) for fault in gateway.faults.active("order_message")]
    if not gateway.market_open():
        notices.append(Code.ORDER_MESSAGE)
    for code in notices:
        opens = broker_time(gateway.world.session.open)
        text = f"Order Message:\nWarning: your order will not be placed at the exchange until {opens}"
        session.send(encoder.error(order.order_id, code, text))


def _writable(gateway: Gateway, order_id: int) -> None:
    if gateway.settings.read_only or gateway.faults.active("read_only"):
        raise RequestRefused(order_id, Code.VALIDATION, READ_ONLY)


def _order_frame(order: Order, gateway: Gateway) -> bytes:
    return open_order(
        order.order_id, order.item, order.ticket, client_id=order.client_id, perm_id=order.perm_id,
        account=order.ticket.account or gateway.account.code, status=order.status,
    )  # fmt: skip


def _status_frame(order: Order) -> bytes:
    return order_status(
        order.order_id, order.status, order.ticket, filled=order.filled, average=order.average_price,
        perm_id=order.perm_id, client_id=order.client_id,
    )  # fmt: skip
