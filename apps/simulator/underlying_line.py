"""The underlying's market-data line: scalars of its own, changes only. Never an option."""

from __future__ import annotations

import math

from apps.simulator import ticks
from apps.simulator.messages import Generic, Tick
from apps.simulator.sampler import Sample
from apps.simulator.universe import Instrument
from apps.simulator.world import World

LOT = 1


Day = tuple[float, float, float, float]
"""Previous close, and the day's open, high and low so far; NaN before the open."""


def day_so_far(world: World, now: float) -> Day:
    """The underlying's day at market time `now`, from its minute bars."""
    session = world.session
    bars = world.bars(None, now, now - session.open, 60.0) if now > session.open else ()
    if not bars:
        return session.previous_close, math.nan, math.nan, math.nan
    return session.previous_close, bars[0].open, max(bar.high for bar in bars), min(bar.low for bar in bars)


class UnderlyingLine:
    """One subscription to the stock or index; remembers what it last sent, and the day's high and low so far."""

    def __init__(
        self,
        req_id: int,
        instrument: Instrument,
        generics: frozenset[int],
        day: Day,
        *,
        delayed: bool,
    ) -> None:
        """A line that has sent nothing yet."""
        self.req_id, self.instrument, self.generics, self.delayed = req_id, instrument, generics, delayed
        self._day = day
        self._sent: tuple[float, ...] | None = None
        _, _, self._high, self._low = day

    def changes(self, taken: Sample, parts: list[bytes]) -> int:
        """Append what changed; returns how many quote sides did."""
        if not taken.underlying_sendable or taken.underlying == self._sent:
            return 0
        before = self._sent or (None,) * len(taken.underlying)
        bid, ask, bid_size, ask_size, last, volume = taken.underlying
        count = self._side(Tick.BID, Tick.BID_SIZE, (bid, bid_size), (before[0], before[2]), parts)
        count += self._side(Tick.ASK, Tick.ASK_SIZE, (ask, ask_size), (before[1], before[3]), parts)
        if not math.isnan(last) and last != before[4]:
            self._trade(last, taken.market_time, parts)
        if not math.isnan(volume) and volume != before[5]:
            parts.append(ticks.size_tick(self._size(Tick.VOLUME), volume))
            if Generic.RT_VOLUME in self.generics and not self.delayed and not math.isnan(last):
                text = f"{last};{LOT};{int(taken.market_time * 1000)};{int(volume)};;true"
                parts.append(ticks.string(self.req_id, Tick.RT_VOLUME, text))
        if self._sent is None:
            self._first(parts)
        self._sent = taken.underlying
        return count

    def _side(
        self,
        tick: Tick,
        size_tick: Tick,
        now: tuple[float, float],
        before: tuple[float | None, float | None],
        parts: list[bytes],
    ) -> int:
        price, size = (-1.0, 0.0) if math.isnan(now[0]) else (now[0], 0.0 if math.isnan(now[1]) else now[1])
        if before[0] is None or (now[0] != before[0] and not (math.isnan(now[0]) and math.isnan(before[0]))):
            parts.append(ticks.price_tick(ticks.price_prefix(self.req_id, tick, delayed=self.delayed), price, size))
            return 1
        if now[1] != before[1] and price >= 0:
            parts.append(ticks.size_tick(self._size(size_tick), size))
            return 1
        return 0

    def _trade(self, last: float, market_time: float, parts: list[bytes]) -> None:
        parts.append(self._price(Tick.LAST, last, LOT))
        parts.append(ticks.string(self.req_id, Tick.LAST_TIME, str(int(market_time)), delayed=self.delayed))
        if last > self._high:
            self._high = last
            parts.append(self._price(Tick.HIGH, last, 0))
        if last < self._low:
            self._low = last
            parts.append(self._price(Tick.LOW, last, 0))

    def _first(self, parts: list[bytes]) -> None:
        parts.append(ticks.generic(self.req_id, Tick.HALTED, 0.0))
        close, opened, _, _ = self._day
        for tick, price in ((Tick.CLOSE, close), (Tick.OPEN, opened), (Tick.HIGH, self._high), (Tick.LOW, self._low)):
            if math.isfinite(price) and price > 0:
                parts.append(self._price(tick, round(price, 4), 0))

    def _price(self, tick: Tick, price: float, size: float) -> bytes:
        prefix = ticks.price_prefix(self.req_id, tick, delayed=self.delayed)
        return ticks.price_tick(prefix, price, size, b"\x000\x00")

    def _size(self, tick: Tick) -> bytes:
        return ticks.size_prefix(self.req_id, tick, delayed=self.delayed)
