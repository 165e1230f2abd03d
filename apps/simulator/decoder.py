"""Requests from fields, at server version 176. Refuses what it cannot read; never answers and never guesses."""

from __future__ import annotations

import math
from collections.abc import Callable

from apps.simulator import requests as ask
from apps.simulator.messages import Code, Request

SYSTEM = -1
ID_MAX = 2**31 - 1
TEXT_MAX = 1_000
RIGHTS = {"": "", "0": "", "?": "", "C": "C", "CALL": "C", "P": "P", "PUT": "P"}


class RequestRefused(Exception):
    """A request that cannot be served; becomes message 4. `req_id` is -1 when it names none."""

    def __init__(self, req_id: int, code: int, text: str) -> None:
        super().__init__(text)
        self.req_id, self.code, self.text = req_id, code, text


class Fields:
    """A cursor over one message. `req_id` is known once read, so that a refusal names the request it is about."""

    def __init__(self, fields: list[str]) -> None:
        self._fields = fields
        self._next = 0
        self.req_id = SYSTEM

    def refuse(self, reason: str) -> RequestRefused:
        """The refusal of this message, to be raised."""
        return RequestRefused(self.req_id, Code.VALIDATION, f"Error validating request.-'sim' : cause - {reason}")

    def text(self) -> str:
        """The next field as it is."""
        if self._next >= len(self._fields):
            raise self.refuse(
                f"message {self._fields[0][:12]!r} ends after {len(self._fields)} fields; more are needed"
            )
        value = self._fields[self._next]
        self._next += 1
        if len(value) > TEXT_MAX:
            raise self.refuse(f"field {self._next - 1} has {len(value)} characters, at most {TEXT_MAX} are taken")
        return value

    def skip(self, count: int = 1) -> None:
        """Fields the simulator does not act on."""
        for _ in range(count):
            self.text()

    def integer(self, default: int | None = None) -> int:
        """The next field as a whole number; empty gives `default`, or is refused."""
        value = self.text()
        if not value and default is not None:
            return default
        try:
            number = int(value)
        except ValueError:
            number = ID_MAX + 1
        if not -ID_MAX <= number <= ID_MAX:
            raise self.refuse(f"field {self._next - 1} must be a whole number, not {value[:40]!r}")
        return number

    def number(self) -> float | None:
        """The next field as a finite number; None when empty or the wire's "no value"."""
        value = self.text()
        if not value:
            return None
        try:
            number = float(value)
        except ValueError:
            raise self.refuse(f"field {self._next - 1} must be a number, not {value[:40]!r}") from None
        if not math.isfinite(number):
            raise self.refuse(f"field {self._next - 1} must be finite, not {value[:40]!r}")
        return None if abs(number) > 1e300 else number

    def flag(self) -> bool:
        """The next field as 1 or 0; empty is 0."""
        value = self.text().lower()
        if value not in {"", "0", "1", "true", "false"}:
            raise self.refuse(f"field {self._next - 1} must be 0 or 1, not {value[:40]!r}")
        return value in {"1", "true"}

    def identity(self) -> int:
        """The next field as the request's id, remembered for refusals."""
        self.req_id = self.integer()
        return self.req_id

    def count(self, most: int) -> int:
        """The next field as the number of groups that follow; empty is 0."""
        number = self.integer(default=0)
        if not 0 <= number <= most:
            raise self.refuse(f"field {self._next - 1} must be between 0 and {most}, not {number}")
        return number

    def contract(self) -> ask.ContractQuery:
        """The next twelve fields."""
        con_id, symbol, sec_type, expiry = self.integer(default=0), self.text(), self.text(), self.text()
        strike, right = self.number(), self.text().upper()
        if right not in RIGHTS:
            raise self.refuse(f"the right must be C, CALL, P or PUT, not {right[:40]!r}")
        return ask.ContractQuery(
            con_id=con_id,
            symbol=symbol,
            sec_type=sec_type,
            expiry=expiry,
            strike=strike or None,
            right=RIGHTS[right],
            multiplier=self.text(),
            exchange=self.text(),
            primary_exchange=self.text(),
            currency=self.text(),
            local_symbol=self.text(),
            trading_class=self.text(),
        )


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


def _place_order(fields: Fields) -> ask.Message:
    order_id, contract = fields.identity(), fields.contract()
    fields.skip(2)
    action, quantity, kind = fields.text().upper(), fields.number(), fields.text().upper()
    limit, aux, tif, oca_group, account = (
        fields.number(), fields.number(), fields.text().upper(), fields.text(), fields.text(),
    )  # fmt: skip
    fields.skip(2)
    order_ref, transmit, parent_id = fields.text(), fields.flag(), fields.integer(default=0)
    fields.skip(4)
    outside, hidden = fields.flag(), fields.flag()
    if contract.sec_type == "BAG":
        _combination(fields)
    fields.skip(2)
    good_after, good_till = fields.text(), fields.text()
    fields.skip(8)
    oca_type = fields.integer(default=0)
    fields.skip(2)
    all_or_none = fields.flag()
    what_if = _what_if(fields)
    return ask.PlaceOrder(
        order_id,
        contract,
        ask.Ticket(
            action=action,
            quantity=quantity or 0.0,
            order_type=kind,
            limit_price=limit,
            aux_price=aux,
            tif=tif,
            oca_group=oca_group,
            account=account,
            order_ref=order_ref,
            transmit=transmit,
            parent_id=parent_id,
            outside_rth=outside,
            hidden=hidden,
            good_after=good_after,
            good_till=good_till,
            oca_type=oca_type,
            all_or_none=all_or_none,
            what_if=what_if,
        ),
    )


def _combination(fields: Fields) -> None:
    """Legs, leg prices and routing parameters of a BAG order."""
    for width in (8, 1, 2):
        for _ in range(fields.count(50)):
            fields.skip(width)


def _what_if(fields: Fields) -> bool:
    """From field 51 (minQty) to whatIf (85), over the groups that are there only when their first field is set."""
    fields.skip(14)  # minQty .. volatilityType
    if fields.text():  # deltaNeutralOrderType
        fields.skip(8)
    fields.skip(1 + 2 + 2)  # aux price, continuous update, reference price, trailing stop and percent
    fields.skip(2)
    if (increment := fields.number()) is not None and increment > 0:
        fields.skip(7)
    fields.skip(3)  # scale table, active from, active until
    if fields.text():  # hedgeType
        fields.skip()
    fields.skip(4)  # opt out, clearing account and intent, not held
    if fields.flag():  # delta neutral contract
        fields.skip(3)
    if fields.text():  # algoStrategy
        fields.skip(2 * fields.count(100))
    fields.skip()
    return fields.flag()


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
    Request.PLACE_ORDER: _place_order,
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
