"""Messages 5 and 3: an order and its status, 128 and 12 fields at server version 176. Encodes; decides nothing."""

from __future__ import annotations

from dataclasses import dataclass

from apps.simulator import encoder
from apps.simulator.encoder import Value
from apps.simulator.messages import UNSET, Answer
from apps.simulator.requests import Ticket
from apps.simulator.universe import Instrument


@dataclass(frozen=True, slots=True)
class Margins:
    """What a what-if answers, dollars: initial and maintenance margin and equity before, and their changes."""

    margin_before: float
    equity_before: float
    margin_change: float
    equity_change: float
    commission: float


def open_order(
    order_id: int,
    item: Instrument,
    ticket: Ticket,
    *,
    client_id: int,
    perm_id: int,
    account: str,
    status: str,
    margins: Margins | None = None,
) -> bytes:
    """Message 5 for a plain order."""
    head: tuple[Value, ...] = (Answer.OPEN_ORDER, order_id, *item.head())
    core: tuple[Value, ...] = (
        ticket.action, ticket.quantity, ticket.order_type, ticket.limit_price or 0.0, ticket.aux_price or 0.0,
        ticket.tif, ticket.oca_group, account, "", 0, ticket.order_ref, client_id, perm_id, ticket.outside_rth,
        ticket.hidden, 0, ticket.good_after, "", "", "", "", "", "", ticket.good_till, "", "", "", 0, "", -1, 0, "",
        "", "", "", "", "", False, False, ticket.all_or_none, "", ticket.oca_type, False, False, "", ticket.parent_id,
        0, "", 0,
        # The delta-neutral type must be empty: the text None would be read as set, with eight more fields.
        "", "",
    )  # fmt: skip
    middle: tuple[Value, ...] = (
        0, 0, "", "", "", "", "", 0, 0, 0, "", "", "", "", False, "", "IB", False, 0, "",
    )  # fmt: skip
    tail: tuple[Value, ...] = (
        "", UNSET, UNSET, UNSET, UNSET, UNSET, UNSET, 0, "", "", "", UNSET, False, False, False, 0, "", "", False,
        "", "", "", "", "",
    )  # fmt: skip
    return encoder.message(*head, *core, *middle, *_state(ticket, status, margins), *tail)


def order_status(
    order_id: int, status: str, ticket: Ticket, *, filled: float, average: float, perm_id: int, client_id: int,
    last_price: float = 0.0, why_held: str = "",
) -> bytes:  # fmt: skip
    """Message 3."""
    return encoder.message(
        Answer.ORDER_STATUS, order_id, status, filled, ticket.quantity - filled, average, perm_id, ticket.parent_id,
        last_price, client_id, why_held, 0.0,
    )  # fmt: skip


def _state(ticket: Ticket, status: str, margins: Margins | None) -> tuple[Value, ...]:
    if margins is None:
        figures: tuple[Value, ...] = (UNSET,) * 9
        commission: Value = UNSET
    else:
        before, change = (
            (margins.margin_before, margins.margin_before, margins.equity_before),
            (margins.margin_change, margins.margin_change, margins.equity_change),
        )
        after = tuple(round(was + by, 2) for was, by in zip(before, change, strict=True))
        figures, commission = (*before, *change, *after), margins.commission
    return (
        False, ticket.what_if, status, *figures, commission, UNSET, UNSET, "USD", "", False, False, 0,
    )  # fmt: skip
