"""Answers about contracts: details, option parameters, price steps, exchange letters. Never about prices."""

from __future__ import annotations

from collections.abc import Iterator

from apps.simulator import encoder
from apps.simulator.faults import FaultBoard
from apps.simulator.fields import RequestRefused
from apps.simulator.messages import Answer, Code
from apps.simulator.requests import ContractQuery, OptionParameters
from apps.simulator.universe import (
    EXCHANGES,
    MULTIPLIER,
    SMART,
    TIME_ZONE_NAME,
    Instrument,
    Universe,
    new_york,
)

NOT_FOUND = "No security definition has been found for the request"
MARKET_RULE_OPTION, MARKET_RULE_STOCK = 110, 26
BBO_MAP_OPTION, BBO_MAP_STOCK = "9c0001", "a60001"
ORDER_TYPES = "ACTIVETIM,ADJUST,ALERT,DAY,GAT,GTC,GTD,LIT,LMT,MIT,MKT,OCA,STP,STP LMT,TRAIL,WHATIF"
SHOWN_EXCHANGES = 4
"""Exchanges besides SMART that message 75 is sent for."""


def found(universe: Universe, faults: FaultBoard, req_id: int, query: ContractQuery) -> tuple[Instrument, ...]:
    """Everything that fits. Raises RequestRefused 200 when nothing does."""
    missing = faults.missing_strikes()
    matching = tuple(item for item in universe.matching(query) if item.strike not in missing)
    if not matching:
        raise RequestRefused(req_id, Code.NO_CONTRACT, NOT_FOUND)
    return matching


def only(universe: Universe, faults: FaultBoard, req_id: int, query: ContractQuery) -> Instrument:
    """The one contract that fits. Raises RequestRefused 200 when none or several do."""
    matching = found(universe, faults, req_id, query)
    if len(matching) > 1:
        raise RequestRefused(
            req_id, Code.NO_CONTRACT, f"The contract description specified for {query.symbol} is ambiguous."
        )
    return matching[0]


def details(universe: Universe, faults: FaultBoard, req_id: int, query: ContractQuery) -> Iterator[bytes]:
    """Message 10 for each contract that fits, then 52."""
    for item in found(universe, faults, req_id, query):
        yield _detail(universe, req_id, item)
    yield encoder.end(Answer.CONTRACT_DETAILS_END, req_id)


def option_parameters(universe: Universe, faults: FaultBoard, request: OptionParameters) -> Iterator[bytes]:
    """Message 75 per exchange and class, then 76. Today's expiry may be missing from it, as happens with IB."""
    under = universe.underlying
    if request.con_id != under.con_id or request.symbol != under.symbol:
        raise RequestRefused(
            request.req_id, Code.VALIDATION, "Error validating request.-'cH' : cause - Invalid contract id"
        )
    hidden = f"{universe.world.session.day:%Y%m%d}" if faults.active("missing_expiry") else None
    for exchange in (SMART, *(name for name, _ in EXCHANGES[:SHOWN_EXCHANGES])):
        for trading_class in universe.trading_classes:
            yield encoder.option_parameters(
                request.req_id,
                exchange,
                underlying_con_id=under.con_id,
                trading_class=trading_class,
                multiplier=MULTIPLIER,
                expirations=[day for day in universe.expirations(trading_class) if day != hidden],
                strikes=universe.strikes(trading_class),
            )
    yield encoder.message(Answer.OPTION_PARAMETERS_END, request.req_id)


def market_rule(universe: Universe, rule_id: int) -> bytes:
    """Message 93. Raises RequestRefused for a rule no contract names."""
    if rule_id == MARKET_RULE_OPTION:
        return encoder.market_rule(rule_id, universe.world.tick_rule)
    if rule_id == MARKET_RULE_STOCK:
        return encoder.market_rule(rule_id, ((0.0, 0.01),))
    raise RequestRefused(-1, Code.VALIDATION, f"Error validating request.-'sim' : cause - no market rule {rule_id}")


def _detail(universe: Universe, req_id: int, item: Instrument) -> bytes:
    world, under = universe.world, universe.underlying
    trading, liquid = _hours(universe, item)
    names = [name for name, _ in EXCHANGES]
    exchanges = ",".join([SMART, *names]) if item.is_option else ",".join(dict.fromkeys([item.exchange, "ARCA"]))
    rule = str(MARKET_RULE_OPTION if item.is_option else MARKET_RULE_STOCK)
    # One rule an exchange, in the order of the exchanges.
    rules = ",".join([rule] * (exchanges.count(",") + 1))
    expires = f"{item.expiry} {new_york(world.session.close):%H:%M:%S} {TIME_ZONE_NAME}" if item.is_option else ""
    return encoder.message(
        Answer.CONTRACT_DETAILS,
        req_id,
        item.symbol,
        item.sec_type,
        expires,
        item.strike,
        item.right,
        item.exchange,
        "USD",
        item.local_symbol,
        item.trading_class if item.is_option else item.symbol,
        item.trading_class,
        item.con_id,
        world.tick_rule[0][1] if item.is_option else 0.01,
        item.multiplier,
        ORDER_TYPES,
        exchanges,
        1,
        under.con_id if item.is_option else 0,
        f"Simulated {under.symbol}",
        item.primary_exchange,
        item.expiry[:6],
        "",
        "",
        "",
        TIME_ZONE_NAME,
        trading,
        liquid,
        "",
        "",
        0,
        1 if item.is_option else 2,
        under.symbol if item.is_option else "",
        under.sec_type if item.is_option else "",
        rules,
        item.expiry,
        "" if item.is_option else "ETF",
        1,
        1,
        1 if item.is_option else 100,
    )


def _hours(universe: Universe, item: Instrument) -> tuple[str, str]:
    """Trading and liquid hours of the session's day. Options trade to the option cut-off, the stock to the close."""
    session = universe.world.session

    def span(start: str, end: str) -> str:
        return f"{session.day:%Y%m%d}:{start}-{session.day:%Y%m%d}:{end}"

    start = f"{new_york(session.open):%H%M}"
    if item.is_option:
        hours = span(start, f"{new_york(session.option_cutoff):%H%M}")
        return hours, hours
    liquid = span(start, f"{new_york(session.close):%H%M}")
    return (span("0400", "2000") if item.sec_type == "STK" else liquid), liquid
