"""Scenarios by name: which day, from when, what is put in and what breaks. The one door of the market days."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from apps.simulator import calibrated
from apps.simulator.injections import Injected, schedule
from apps.simulator.modelled import ModelledWorld
from apps.simulator.world import World


@dataclass(frozen=True, slots=True)
class Scenario:
    """One calibrated scenario: start in seconds after the open, its own injections, and whether the day goes on."""

    summary: str
    start: float
    injections: Callable[[float], tuple[Injected, ...]] = lambda _start: ()
    scheduled_after: float | None = None
    """Seconds after the start from which the seeded schedule of injections runs; None for never."""


def _demo(start: float) -> tuple[Injected, ...]:
    return (
        Injected("mispricing", start + 6, 30, offset=-1, right="C", half_spreads=-3.0),
        Injected("stale_leg", start + 16, 34, offset=-2, right="P"),
        Injected("crossed_vertical", start + 38, 18, offset=3, right="C", dollars=0.07),
        Injected("spot_jump", start + 60, 5, dollars=1.0),
        Injected("channel_drop", start + 66, 8),
        Injected("gateway_drop", start + 80, 5),
    )


SCENARIOS: dict[str, Scenario] = {
    "calibrated": Scenario("the default: 10:05, everything once within 90 seconds, then all day", 35 * 60, _demo, 110),
    "quiet": Scenario("the calibrated day without anything put in", 35 * 60),
}


class UnknownScenario(ValueError):
    """No scenario has this name; the message names the nearest."""


def load(name: str, *, number: int = 1, truth: Path | None = None, recording: Path | None = None) -> World:
    """The market day of a scenario. `number` decides every draw; `truth` is the file only the scorer reads.

    Raises UnknownScenario with the nearest name.
    """
    scenario = SCENARIOS.get(name)
    if scenario is None:
        near = difflib.get_close_matches(name, SCENARIOS, n=1, cutoff=0.3)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UnknownScenario(f"There is no scenario named {name!r}.{hint} Known: {', '.join(SCENARIOS)}.")
    start = calibrated.OPEN + scenario.start
    injections = scenario.injections(start)
    if scenario.scheduled_after is not None:
        injections += schedule(start + scenario.scheduled_after, calibrated.CLOSE - 300, number)
    return ModelledWorld(calibrated.described(name, start), calibrated.model(number), injections, truth=truth)
