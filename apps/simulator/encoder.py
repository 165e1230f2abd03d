"""Answers as bytes, at server version 176, each with its exact number of fields. Never decides what to answer."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from apps.simulator.framing import frame
from apps.simulator.messages import SERVER_VERSION, Answer

Value = str | int | float | None


def text(value: Value) -> str:
    """One field: None is empty, a bool 1 or 0, a whole float without its point."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "1" if value else "0"
    if isinstance(value, float):
        return repr(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
    return str(value)


def message(*fields: Value) -> bytes:
    """A frame of these fields, each ended by a NUL. A NUL inside a field would be two fields, so it is dropped."""
    body = "".join(text(field).replace("\0", "") + "\0" for field in fields)
    return frame(body.encode())


def handshake(time_text: str) -> bytes:
    """Two fields, which is how the clients know it."""
    return message(SERVER_VERSION, time_text)


def error(req_id: int, code: int, reason: str, reject: str = "") -> bytes:
    """Message 4; the reject field is required from 166 on, empty or not."""
    return message(Answer.ERROR, 2, req_id, code, reason, reject)


def next_valid_id(order_id: int) -> bytes:
    """Message 9, exactly three fields before the client is ready."""
    return message(Answer.NEXT_VALID_ID, 1, order_id)


def managed_accounts(accounts: Sequence[str]) -> bytes:
    """Message 15."""
    return message(Answer.MANAGED_ACCOUNTS, 1, ",".join(accounts))


def current_time(epoch_seconds: float) -> bytes:
    """Message 49, whole seconds."""
    return message(Answer.CURRENT_TIME, 1, int(epoch_seconds))


def market_data_type(req_id: int, kind: int) -> bytes:
    """Message 58."""
    return message(Answer.MARKET_DATA_TYPE, 1, req_id, kind)


def tick_request_parameters(req_id: int, min_tick: float, exchange_map: str, permissions: int) -> bytes:
    """Message 81."""
    return message(Answer.TICK_REQUEST_PARAMETERS, req_id, min_tick, exchange_map, permissions)


def snapshot_end(req_id: int) -> bytes:
    """Message 57."""
    return message(Answer.SNAPSHOT_END, 1, req_id)


def option_parameters(
    req_id: int,
    exchange: str,
    *,
    underlying_con_id: int,
    trading_class: str,
    multiplier: str,
    expirations: Sequence[str],
    strikes: Sequence[float],
) -> bytes:
    """Message 75, once an exchange."""
    return message(
        Answer.OPTION_PARAMETERS,
        req_id,
        exchange,
        underlying_con_id,
        trading_class,
        multiplier,
        len(expirations),
        *expirations,
        len(strikes),
        *strikes,
    )


def market_rule(rule_id: int, steps: Iterable[tuple[float, float]]) -> bytes:
    """Message 93: (from price, tick) ascending."""
    rows = list(steps)
    return message(Answer.MARKET_RULE, rule_id, len(rows), *(value for row in rows for value in row))


def smart_components(req_id: int, exchanges: Sequence[tuple[str, str]]) -> bytes:
    """Message 82: (exchange, letter), bit numbers in order."""
    fields = [part for bit, (name, letter) in enumerate(exchanges) for part in (bit, name, letter)]
    return message(Answer.SMART_COMPONENTS, req_id, len(exchanges), *fields)


def end(answer: Answer, *fields: Value) -> bytes:
    """One of the end marks that carry a version."""
    return message(answer, 1, *fields)
