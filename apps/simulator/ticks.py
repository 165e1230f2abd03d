"""Tick messages as bytes, built from prefixes made once a line. Never decides which ticks are due."""

from __future__ import annotations

import math

from apps.simulator.encoder import message
from apps.simulator.framing import length_prefix
from apps.simulator.messages import DELAYED_TICK, Answer, Tick

_CACHE_MAX = 50_000
_texts: dict[float, bytes] = {}

BYTES_NAN = b"nan"


def number(value: float) -> bytes:
    """A price or size as the wire writes it, remembered: quotes repeat."""
    known = _texts.get(value)
    if known is None:
        if len(_texts) >= _CACHE_MAX:
            _texts.clear()
        if math.isnan(value):
            return BYTES_NAN
        known = (b"%d" % int(value)) if value == int(value) else repr(float(value)).encode()
        _texts[value] = known
    return known


def tick_id(tick: Tick, *, delayed: bool) -> int:
    """The id under which this tick goes."""
    return DELAYED_TICK.get(tick, int(tick)) if delayed else int(tick)


def price_prefix(req_id: int, tick: Tick, *, delayed: bool) -> bytes:
    """Head of message 1 up to the price."""
    return b"1\x006\x00%d\x00%d\x00" % (req_id, tick_id(tick, delayed=delayed))


def size_prefix(req_id: int, tick: Tick, *, delayed: bool) -> bytes:
    """Head of message 2 up to the size."""
    return b"2\x006\x00%d\x00%d\x00" % (req_id, tick_id(tick, delayed=delayed))


def price_tick(prefix: bytes, price: float, size: float, attributes: bytes = b"\x001\x00") -> bytes:
    """Message 1: the price carries its size. `attributes` is the mask between NULs: 1 can be executed at once."""
    body = prefix + number(price) + b"\x00" + number(size) + attributes
    return length_prefix(len(body)) + body


def size_tick(prefix: bytes, size: float) -> bytes:
    """Message 2."""
    body = prefix + number(size) + b"\x00"
    return length_prefix(len(body)) + body


def generic(req_id: int, tick: Tick, value: float) -> bytes:
    """Message 45."""
    return message(Answer.TICK_GENERIC, 6, req_id, int(tick), value)


def string(req_id: int, tick: Tick, value: str, *, delayed: bool = False) -> bytes:
    """Message 46."""
    return message(Answer.TICK_STRING, 6, req_id, tick_id(tick, delayed=delayed), value)


def model(req_id: int, greeks: list[float], underlying: float, *, delayed: bool) -> bytes:
    """Message 21, type 13: vol, delta, gamma, vega, theta, price in the sampler's order.

    The broker's own marks of "not computed" are -1 for vol and price and -2 for the others; pvDividend is 0.
    """
    vol, delta, gamma, vega, theta, price = greeks
    values = (vol, delta, price, 0.0, gamma, vega, theta, underlying)
    return message(
        Answer.OPTION_COMPUTATION,
        req_id,
        tick_id(Tick.MODEL, delayed=delayed),
        0,
        *("nan" if math.isnan(value) else value for value in values),
    )
