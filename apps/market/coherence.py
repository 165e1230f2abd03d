"""Whether quotes of different lines speak of the same instant: stale sides and coherent legs. Judges no price.

IB sends changes only, so an old quote may be good; it is stale when the forward has moved and it has not answered.
"""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, field

import numpy as np

from apps.market.chain import Array, BoolArray, Chain

SILENCE_SECONDS = 3.0
STILL_SECONDS = 0.5
STOCK_STILL_SECONDS = 1.0
TRAIL_SECONDS = 6.0
MOVE_FLOOR = 0.01
ANSWER_SAMPLES = 2.5
"""A line has so many sampling intervals to answer a forward move before it is called STALE: 0.25 s at IB's 0.1 s."""

SETTLE_SAMPLES = 1.5
"""The forward is itself read from sampled quotes: after one side is updated, it may arrive so many intervals later."""

STILL_SAMPLES = 5.0
"""STILL_SECONDS at IB's interval; more where a fast clock stretches the interval in market seconds."""


@dataclass(slots=True)
class SideMemory:
    """Per side of every contract, (n,): when it was last updated, the forward then, and its range since."""

    time: Array
    forward: Array
    low: Array
    high: Array

    @classmethod
    def empty(cls, n: int) -> SideMemory:
        """Nothing seen yet."""
        return cls(np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan), np.full(n, np.nan))

    def observe(self, side_time: Array, forward: float, now: float, sampling_seconds: float = 0.1) -> None:
        """One scan later: sides updated since, or so lately that the forward may not have followed yet, start anew."""
        settling = now - side_time <= SETTLE_SAMPLES * sampling_seconds
        fresh = ~(self.time == side_time) | ~np.isfinite(self.forward) | settling
        self.time = side_time.copy()
        self.forward = np.where(fresh, forward, self.forward)
        self.low = np.where(fresh, forward, np.minimum(self.low, forward))
        self.high = np.where(fresh, forward, np.maximum(self.high, forward))

    def left_behind(self, forward: float, delta: Array, half_spread: Array) -> BoolArray:
        """The forward has moved since the side spoke by more than its half-spread (at least 1 c) in price, (n,)."""
        with np.errstate(invalid="ignore"):
            move = np.abs(delta * (forward - self.forward))
            return move > np.maximum(half_spread, MOVE_FLOOR)

    def take(self, source: np.ndarray, found: BoolArray) -> SideMemory:
        """The same memory for other rows: row i from `source[i]` where `found[i]`, otherwise empty."""
        columns = (self.time, self.forward, self.low, self.high)
        return SideMemory(*(np.where(found, column[source], np.nan) for column in columns))


@dataclass(slots=True)
class ForwardTrail:
    """The forward of the last few seconds, (time, dollars), oldest first."""

    points: deque[tuple[float, float]] = field(default_factory=deque)

    def add(self, time: float, forward: float) -> None:
        """Append, and forget what is older than needed; one older point is kept, as the value then in force."""
        self.points.append((time, forward))
        while len(self.points) > 2 and self.points[1][0] <= time - TRAIL_SECONDS:
            self.points.popleft()

    def range_over(self, now: float, seconds: float) -> float:
        """Highest minus lowest forward over the last `seconds`; inf when the trail is shorter than that."""
        if not self.points or self.points[0][0] > now - seconds:
            return float("inf")
        low = high = self.points[-1][1]
        for time, forward in reversed(self.points):
            low, high = min(low, forward), max(high, forward)
            if time <= now - seconds:
                break
        return high - low


@dataclass(frozen=True, slots=True, eq=False)
class Coherence:
    """(n,) masks. `stale`: no line to trust. `bid_ok`, `ask_ok`: the side may be part of an executable claim now."""

    stale: BoolArray
    bid_ok: BoolArray
    ask_ok: BoolArray
    silent: bool


def silent(chain: Chain, sampling_seconds: float = 0.1) -> bool:
    """The whole chain has said nothing for more than 3 s, or than two and a half samples of a hurried clock.

    False where no packet time is known (a file).
    """
    most = max(SILENCE_SECONDS, ANSWER_SAMPLES * sampling_seconds)
    return bool(np.isfinite(chain.last_packet_time)) and chain.market_time - chain.last_packet_time > most


def late(
    chain: Chain,
    sides: tuple[SideMemory, SideMemory],
    *,
    forward: float,
    delta: Array,
    half_spread: Array,
    sampling_seconds: float = 0.1,
) -> BoolArray:
    """Rows whose quote has not answered a forward move in time, (n,): before the fit, so that they cannot bend it."""
    out = np.zeros(len(chain), dtype=np.bool_)
    for side, times in zip(sides, (chain.bid_time, chain.ask_time), strict=True):
        unanswered = (side.time == times) & (chain.market_time - times > ANSWER_SAMPLES * sampling_seconds)
        out |= unanswered & side.left_behind(forward, delta, half_spread)
    return out


def judge(
    chain: Chain,
    bid: SideMemory,
    ask: SideMemory,
    trail: ForwardTrail,
    *,
    forward: float,
    delta: Array,
    half_spread: Array,
    sampling_seconds: float = 0.1,
) -> Coherence:
    """Architecture section 5, "Stale is not old". Memories must already have observed this scan."""
    now = chain.market_time
    limit = np.maximum(half_spread, MOVE_FLOOR)
    slope = np.where(np.isnan(delta), 0.0, np.abs(delta))
    quiet = silent(chain, sampling_seconds)
    still_seconds = max(STILL_SECONDS, STILL_SAMPLES * sampling_seconds)
    moved = trail.range_over(now, still_seconds)
    still = slope * moved <= limit if np.isfinite(moved) else np.zeros(len(chain), dtype=np.bool_)
    sides = []
    stale = chain.stale.copy()
    for memory in (bid, ask):
        with np.errstate(invalid="ignore"):
            left_behind = memory.left_behind(forward, delta, half_spread)
            excursion = slope * np.maximum(memory.high - memory.forward, memory.forward - memory.low) > limit
            age = now - memory.time
        stale |= left_behind & (age > ANSWER_SAMPLES * sampling_seconds)
        unchanged = age >= still_seconds
        sides.append(~left_behind & (~excursion | (unchanged & still)))
    if quiet:
        stale = np.ones(len(chain), dtype=bool)
    return Coherence(stale=stale, bid_ok=sides[0] & ~stale, ask_ok=sides[1] & ~stale, silent=quiet)
