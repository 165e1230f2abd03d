"""What a client can ask, as frozen data. Holds no behaviour and no defaults of the wire."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class ContractQuery:
    """A contract as a client describes it: empty text and None mean "not said"."""

    con_id: int = 0
    symbol: str = ""
    sec_type: str = ""
    expiry: str = ""
    strike: float | None = None
    right: str = ""
    multiplier: str = ""
    exchange: str = ""
    primary_exchange: str = ""
    currency: str = ""
    local_symbol: str = ""
    trading_class: str = ""


@dataclass(frozen=True, slots=True)
class StartApi:
    """71: the first request after the handshake."""

    client_id: int


@dataclass(frozen=True, slots=True)
class MarketData:
    """1: stream, or one snapshot."""

    req_id: int
    contract: ContractQuery
    generic_ticks: frozenset[int]
    snapshot: bool


@dataclass(frozen=True, slots=True)
class MarketDataType:
    """59: 1 live, 2 frozen, 3 delayed, 4 delayed and frozen; for later requests."""

    kind: int


@dataclass(frozen=True, slots=True)
class ContractDetails:
    """9: every contract that fits."""

    req_id: int
    contract: ContractQuery


@dataclass(frozen=True, slots=True)
class OptionParameters:
    """78: expirations and strikes per exchange."""

    req_id: int
    symbol: str
    exchange: str
    sec_type: str
    con_id: int


@dataclass(frozen=True, slots=True)
class Historical:
    """20: bars."""

    req_id: int
    contract: ContractQuery
    end: str
    bar_size: str
    duration: str
    regular_hours: bool
    what: str
    format_date: int
    keep_up_to_date: bool


@dataclass(frozen=True, slots=True)
class AccountUpdates:
    """6: subscribe or unsubscribe."""

    subscribe: bool
    account: str


@dataclass(frozen=True, slots=True)
class AccountSummary:
    """62: tags of all accounts."""

    req_id: int
    group: str
    tags: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class AccountMulti:
    """76: values of one account or model."""

    req_id: int
    account: str
    model: str
    ledger_only: bool


@dataclass(frozen=True, slots=True)
class Pnl:
    """92: profit and loss, now and every second."""

    req_id: int
    account: str
    model: str


@dataclass(frozen=True, slots=True)
class Executions:
    """7: today's fills that pass the filter; empty fields filter nothing."""

    req_id: int
    client_id: int | None
    account: str
    time: str
    symbol: str
    sec_type: str
    exchange: str
    side: str


@dataclass(frozen=True, slots=True)
class Ticket:
    """The plain part of an order: what the simulated gateway acts on and gives back in openOrder."""

    action: str
    quantity: float
    order_type: str
    limit_price: float | None
    aux_price: float | None
    tif: str
    oca_group: str
    account: str
    order_ref: str
    transmit: bool
    parent_id: int
    outside_rth: bool
    hidden: bool
    good_after: str
    good_till: str
    oca_type: int
    all_or_none: bool
    what_if: bool


@dataclass(frozen=True, slots=True)
class PlaceOrder:
    """3: a new order, or a change of the one with this id."""

    order_id: int
    contract: ContractQuery
    ticket: Ticket


@dataclass(frozen=True, slots=True)
class CancelOrder:
    """4."""

    order_id: int


@dataclass(frozen=True, slots=True)
class OpenOrders:
    """5 own, 16 everybody's."""

    all_clients: bool


@dataclass(frozen=True, slots=True)
class AutoOpenOrders:
    """15: client 0 takes over orders typed into the gateway."""

    bind: bool


@dataclass(frozen=True, slots=True)
class CompletedOrders:
    """99."""

    api_only: bool


@dataclass(frozen=True, slots=True)
class MarketRule:
    """91: the price steps of a rule."""

    rule_id: int


@dataclass(frozen=True, slots=True)
class SmartComponents:
    """83: letters of the exchanges behind a quote."""

    req_id: int
    exchange: str


@dataclass(frozen=True, slots=True)
class Cancel:
    """2, 25, 63, 77, 93: end what `req_id` began; `what` is the request's number."""

    what: int
    req_id: int


@dataclass(frozen=True, slots=True)
class Plain:
    """8, 17, 49, 58, 61, 64: nothing but a number."""

    what: int


Message = (
    StartApi
    | MarketData
    | MarketDataType
    | ContractDetails
    | OptionParameters
    | Historical
    | AccountUpdates
    | AccountSummary
    | AccountMulti
    | Pnl
    | Executions
    | PlaceOrder
    | CancelOrder
    | OpenOrders
    | AutoOpenOrders
    | CompletedOrders
    | MarketRule
    | SmartComponents
    | Cancel
    | Plain
)
