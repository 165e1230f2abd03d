"""Injections: what is put into the displayed quotes on purpose, and when. Never touches a fair value but by a jump."""

from __future__ import annotations

import math
from dataclasses import dataclass, field, replace
from typing import Literal

import numpy as np

from apps.contracts.api import Injection
from apps.contracts.enums import OptionType
from apps.simulator.truth import utc

What = Literal["mispricing", "crossed_vertical", "stale_leg", "spot_jump", "halt", "gateway_drop", "channel_drop"]

EXPECTED: frozenset[What] = frozenset({"mispricing", "crossed_vertical"})
"""What a detector must find. Anything else must pass without an alarm."""

GATEWAY_FAULTS: frozenset[What] = frozenset({"gateway_drop", "channel_drop"})
"""Performed by the gateway (or the page's hub), not by the quotes."""

INJECTED_SIZE = 20.0
"""Smallest quoted size of an injected market, contracts: enough for a crossing to be worth showing."""

JUMP_DECAY_SECONDS = 600.0
"""A jump dies away over this long, unless its parameters say `lasting`."""


@dataclass(frozen=True, slots=True)
class Injected:
    """One injection with its contracts. Times in market seconds since 1970.

    `offset` is how many strikes from the forward (at its start) the contract lies, counted upwards; of a crossed
    vertical the dearer call, whose neighbour above is bid over it. `half_spreads` signed: below zero is too cheap.
    `dollars` is the jump of the forward, or the gross edge of a crossing.
    """

    what: What
    start: float
    seconds: float
    offset: int = 0
    right: Literal["C", "P"] = "C"
    half_spreads: float = 0.0
    dollars: float = 0.0
    parameters: dict[str, float | str | bool | None] = field(default_factory=dict)

    @property
    def end(self) -> float:
        """When it is over."""
        return self.start + self.seconds

    def after(self, origin: float) -> Injected:
        """The same, `start` counted from `origin`."""
        return replace(self, start=origin + self.start)


@dataclass(frozen=True, slots=True)
class Placed:
    """An injection on its contracts: `rows` of the board, and what is added to a market, in dollars.

    `spread` is the injected market's own spread: that of its fair value at the start, at least `least_spread`.
    """

    injected: Injected
    rows: tuple[int, ...]
    strikes: tuple[float, ...]
    shift: float
    spread: float

    def record(self, name: str) -> Injection:
        """The line of the truth file."""
        injected = self.injected
        option_type = OptionType.CALL if injected.right == "C" else OptionType.PUT
        return Injection(
            id=name,
            what=injected.what,
            expected=injected.what in EXPECTED,
            market_time=utc(injected.start),
            ended_at=utc(injected.end),
            strikes=self.strikes,
            option_type=option_type if self.rows else None,
            size_half_spreads=abs(self.shift) / (self.spread / 2) if self.shift else None,
        )


LEAST_FAIR = 0.06
"""Nothing is injected into a contract worth less, dollars: it moves towards the money instead."""

LEAST_SPREAD = 0.02
"""An injected market is at least this wide, dollars: half-spreads of half a tick could not be told from rounding."""


def place(injected: Injected, *, strike: np.ndarray, forward: float, fair: np.ndarray, spread: np.ndarray) -> Placed:
    """Find the contracts of an injection. Arrays (n,), strikes ascending, call then put; at the injection's start."""
    if injected.what not in {"mispricing", "crossed_vertical", "stale_leg"}:
        return Placed(injected, (), (), 0.0, 0.0)
    grid = strike[::2]
    at = int(np.clip(np.searchsorted(grid, forward) + injected.offset, 1, grid.size - 3))
    while injected.offset and 1 < at < grid.size - 3 and fair[2 * at + (injected.right == "P")] < LEAST_FAIR:
        at += -1 if injected.right == "C" else 1
    row = 2 * at + (injected.right == "P")
    if injected.what == "stale_leg":
        return Placed(injected, (row,), (float(grid[at]),), 0.0, 0.0)
    if injected.what == "crossed_vertical":
        own = max(LEAST_SPREAD, round(float(spread[row + 2]), 2))
        shift = round(float(fair[row] - fair[row + 2]) + injected.dollars + own, 2)
        return Placed(injected, (row, row + 2), (float(grid[at]), float(grid[at + 1])), shift, own)
    own = max(LEAST_SPREAD, round(float(spread[row]), 2))
    size = math.ceil(abs(injected.half_spreads) * own / 2 * 100 - 1e-9) / 100
    # What would take the bid below zero goes up instead, or it would be smaller than it claims.
    up = injected.half_spreads > 0 or fair[row] - own / 2 - size < 0
    return Placed(injected, (row,), (float(grid[at]),), size if up else -size, own)


def schedule(start: float, end: float, number: int) -> tuple[Injected, ...]:
    """The rest of the day: injections of every kind and size with quiet spells between, drawn from the number."""
    rng = np.random.default_rng([number, 21])
    made: list[Injected] = []
    now = start
    while True:
        quiet = rng.random() < 0.12
        now += float(rng.uniform(120, 300) if quiet else 15 + rng.exponential(30))
        if now > end:
            return tuple(made)
        injected = _draw(now, rng)
        made.append(injected)
        now = injected.end + 5


def _draw(at: float, rng: np.random.Generator) -> Injected:
    kind = rng.random()
    seconds = float(rng.uniform(12, 40))
    offset = int(rng.integers(-6, 7))
    if kind < 0.68:
        size = float(rng.choice([1.5, 2, 3, 5, 10], p=[0.1, 0.2, 0.3, 0.25, 0.15]))
        right: Literal["C", "P"] = "C" if rng.random() < 0.5 else "P"
        # Beyond four strikes out of the money the premium is below five cents late in the day: keep it worth a tick.
        offset = min(offset, 3) if right == "C" else max(offset, -4)
        sign = -1.0 if rng.random() < 0.6 else 1.0
        return Injected("mispricing", at, seconds, offset, right, half_spreads=sign * size)
    if kind < 0.78:
        edge = 0.05 + 0.01 * float(rng.integers(0, 4))
        return Injected("crossed_vertical", at, seconds, 6 + abs(offset) % 4, "C", dollars=edge)
    if kind < 0.90:
        return Injected("stale_leg", at, seconds, offset, "C" if offset > 0 else "P")
    if kind < 0.98:
        return Injected("spot_jump", at, 5.0, dollars=float(rng.choice([-1.0, 1.0]) * rng.uniform(0.5, 1.2)))
    return Injected("gateway_drop", at, 5.0)
