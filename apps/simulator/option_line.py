"""One option's market-data line: its message heads, and what a change of its quote is in messages. Keeps no state."""

from __future__ import annotations

from dataclasses import dataclass

from apps.simulator import ticks
from apps.simulator.messages import Generic, Tick
from apps.simulator.sampler import NOTHING, Column
from apps.simulator.universe import Instrument


@dataclass(frozen=True, slots=True)
class OptionLine:
    """One subscription with its message heads."""

    req_id: int
    instrument: Instrument
    generics: frozenset[int]
    delayed: bool
    exchanges: tuple[str, str]
    bid: bytes
    ask: bytes
    bid_size: bytes
    ask_size: bytes
    last: bytes
    last_size: bytes
    volume: bytes


def option_line(
    req_id: int, instrument: Instrument, generics: frozenset[int], exchanges: tuple[str, str], *, delayed: bool
) -> OptionLine:
    """A line whose heads are made."""

    def price(tick: Tick) -> bytes:
        return ticks.price_prefix(req_id, tick, delayed=delayed)

    def size(tick: Tick) -> bytes:
        return ticks.size_prefix(req_id, tick, delayed=delayed)

    return OptionLine(
        req_id, instrument, generics, delayed, exchanges,
        price(Tick.BID), price(Tick.ASK), size(Tick.BID_SIZE), size(Tick.ASK_SIZE),
        price(Tick.LAST), size(Tick.LAST_SIZE), size(Tick.VOLUME),
    )  # fmt: skip


def append_quotes(line: OptionLine, values: list[float], moves: list[bool], parts: list[bytes]) -> int:
    """Bid and ask, each as a price with its size, or as a size alone. Returns how many sides changed."""
    count = 0
    if moves[Column.BID]:
        parts.append(ticks.price_tick(line.bid, values[Column.BID], values[Column.BID_SIZE]))
        count += 1
    elif moves[Column.BID_SIZE]:
        parts.append(ticks.size_tick(line.bid_size, values[Column.BID_SIZE]))
        count += 1
    if moves[Column.ASK]:
        parts.append(ticks.price_tick(line.ask, values[Column.ASK], values[Column.ASK_SIZE]))
        count += 1
    elif moves[Column.ASK_SIZE]:
        parts.append(ticks.size_tick(line.ask_size, values[Column.ASK_SIZE]))
        count += 1
    return count


def append_trade(line: OptionLine, values: list[float], market_time: float, parts: list[bytes]) -> None:
    """A trade: last with its size, its time, and the real-time volume when asked for."""
    last, size, volume = values[Column.LAST], values[Column.LAST_SIZE], values[Column.VOLUME]
    if last == NOTHING:
        return
    size = 0.0 if size == NOTHING else size
    parts.append(ticks.price_tick(line.last, last, size, b"\x000\x00"))
    parts.append(ticks.size_tick(line.last_size, size))
    parts.append(ticks.string(line.req_id, Tick.LAST_TIME, str(int(market_time)), delayed=line.delayed))
    if Generic.RT_VOLUME in line.generics and not line.delayed:
        total = 0.0 if volume == NOTHING else volume
        # The vwap is not known to the simulator; the client takes an empty one.
        text = f"{last};{int(size)};{int(market_time * 1000)};{int(total)};;true"
        parts.append(ticks.string(line.req_id, Tick.RT_VOLUME, text))


def append_facts(line: OptionLine, values: list[float], moves: list[bool], parts: list[bytes], *, new: bool) -> None:
    """Volume, open interest (the other right's as 0), halted, and at first the exchanges of both sides."""
    call = line.instrument.right == "C"
    if moves[Column.VOLUME]:
        parts.append(ticks.size_tick(line.volume, values[Column.VOLUME]))
        if Generic.OPTION_VOLUME in line.generics:
            _append_pair(line, Tick.CALL_VOLUME, Tick.PUT_VOLUME, values[Column.VOLUME], parts, call=call)
    if moves[Column.OPEN_INTEREST] and Generic.OPEN_INTEREST in line.generics:
        tick = (Tick.CALL_OPEN_INTEREST, Tick.PUT_OPEN_INTEREST)
        _append_pair(line, *tick, values[Column.OPEN_INTEREST], parts, call=call)
    if moves[Column.HALTED]:
        parts.append(ticks.generic(line.req_id, Tick.HALTED, values[Column.HALTED]))
    if new:
        parts.append(ticks.string(line.req_id, Tick.BID_EXCHANGE, line.exchanges[0]))
        parts.append(ticks.string(line.req_id, Tick.ASK_EXCHANGE, line.exchanges[1]))


def _append_pair(line: OptionLine, calls: Tick, puts: Tick, value: float, parts: list[bytes], *, call: bool) -> None:
    for tick, mine in ((calls, call), (puts, not call)):
        parts.append(ticks.size_tick(ticks.size_prefix(line.req_id, tick, delayed=False), value if mine else 0.0))
