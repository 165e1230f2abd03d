"""Scenarios by name: which day, from when, what is put in and what breaks. The one door of the market days."""

from __future__ import annotations

import difflib
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

import numpy as np

from apps.contracts.names import Env
from apps.simulator import calibrated, families, generated
from apps.simulator.injections import Injected, schedule
from apps.simulator.modelled import ModelledWorld
from apps.simulator.pricing import Mixture
from apps.simulator.recorded import RecordedWorld, read_header
from apps.simulator.spxw_replay import SpxwReplay
from apps.simulator.truth import utc
from apps.simulator.world import World

MINUTE = 60.0
EVENT_AFTER_OPEN = 270 * MINUTE
"""14:00 in New York: when the `event` day's decision is known."""

SCHEDULE_ENDS_BEFORE_CLOSE = 5 * MINUTE


@dataclass(frozen=True, slots=True)
class Scenario:
    """One way through the calibrated day. Times in seconds; `start` after the open, the rest after the start."""

    summary: str
    start: float
    injections: tuple[Injected, ...] = ()
    """Their `start` counts from the scenario's start."""
    scheduled_after: float | None = None
    """From when on the seeded schedule of injections runs; None for never."""
    event_after_open: float | None = None
    """An event whose smile is W-shaped until then, seconds after the open."""


DEMO = (
    Injected("mispricing", 6, 30, offset=-1, right="C", half_spreads=-3.0),
    Injected("stale_leg", 16, 34, offset=-6, right="C"),
    # Far out of the money: nearer, the dear call would also cross with the stock, and that would be shown instead.
    Injected("crossed_vertical", 38, 18, offset=8, right="C", dollars=0.07),
    Injected("spot_jump", 60, 5, dollars=1.0),
    Injected("channel_drop", 66, 8),
    Injected("gateway_drop", 80, 5),
)
"""What a newcomer sees within 90 seconds of 10:05."""

SCENARIOS: dict[str, Scenario] = {
    "calibrated": Scenario(
        "10:05 of the calibrated day: everything once within 90 seconds, then all day",
        35 * MINUTE,
        DEMO,
        scheduled_after=110,
    ),
    "open": Scenario("09:29:30: before the open, then wide one-sided quotes that settle", -30, (), 10 * MINUTE),
    "halt": Scenario(
        "11:00, trading halted after 20 seconds for 90 seconds", 90 * MINUTE, (Injected("halt", 20, 90),), 240
    ),
    "last-hour": Scenario("15:00 to the close and past it, with few live strikes", 330 * MINUTE, (), 40),
    "event": Scenario(
        "13:54:30 of a day with a decision at 14:00: the smile is W-shaped, then the forward jumps and stays",
        EVENT_AFTER_OPEN - 330,
        (Injected("spot_jump", 330, 5, dollars=2.5, parameters={"lasting": True}),),
        event_after_open=EVENT_AFTER_OPEN,
    ),
    "quiet": Scenario("10:05 of the calibrated day with nothing put in", 35 * MINUTE),
}

SPXW_REPLAY = "spxw-replay"
RECORDED = "recorded"
GENERATED = {f"generated-{family}": family for family in families.FAMILIES}
NAMES = (*SCENARIOS, SPXW_REPLAY, RECORDED, *GENERATED)

W_SHAPE = Mixture(
    weight=np.array([0.47, 0.47, 0.06]), shift=np.array([1.1, -1.1, 0.0]), width=np.array([0.4, 0.4, 2.6])
)
"""Two outcomes 2.2 standard deviations apart and a little of anything: the smile is high between the outcomes, sinks
beyond them, and its wings rise again."""


class UnknownScenario(ValueError):
    """No scenario has this name, or it needs a file that was not given; one sentence says what to do."""


def environment(name: str, recording: Path | None = None) -> dict[str, str]:
    """What the services must be told of a market day: its symbol, its window, the times of its events if it has any."""
    if recording is not None:
        return {Env.SYMBOL: read_header(recording).symbol}
    if name == SPXW_REPLAY:
        # Its two strikes are a hundred points apart: the default window would hold only one of them.
        return {Env.SYMBOL: "SPX", Env.STRIKES_RANGE_PERCENT: "3.0"}
    times = event_times(name)
    return {Env.SYMBOL: "SPY"} | ({Env.EVENT_TIMES: ",".join(time.isoformat() for time in times)} if times else {})


def event_times(name: str) -> tuple[datetime, ...]:
    """Instants (UTC) of a scenario's events, for the detector's EVENT_TIMES; empty for a day without."""
    scenario = SCENARIOS.get(name)
    if scenario is None or scenario.event_after_open is None:
        return ()
    return (utc(calibrated.OPEN + scenario.event_after_open),)


def require(name: str) -> None:
    """Raises UnknownScenario, in one sentence, for a name that `load` cannot take without a recording."""
    if name == RECORDED:
        raise UnknownScenario("The scenario `recorded` needs a file: give it with `spy replay FILE`.")
    if name not in NAMES:
        near = difflib.get_close_matches(name, NAMES, n=1, cutoff=0.3)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise UnknownScenario(f"There is no scenario named {name!r}.{hint} Known: {', '.join(NAMES)}.")


def load(name: str, *, number: int = 1, truth: Path | None = None, recording: Path | None = None) -> World:
    """The market day of a scenario, or of `recording` whatever the name. `number` decides every draw.

    `truth` is the file only the scorer reads. Raises UnknownScenario naming the nearest, RecordingError for a file
    that is no recording.
    """
    if recording is not None:
        return _without_injections(RecordedWorld(RECORDED, recording), truth)
    require(name)
    if name in SCENARIOS:
        return _calibrated(name, SCENARIOS[name], number, truth)
    if name in GENERATED:
        model = generated.model(GENERATED[name], number)
        described = generated.described(name, generated.OPEN, model.strike.size)
        return ModelledWorld(described, model, (), truth=truth)
    return _without_injections(SpxwReplay(name), truth)


def _calibrated(name: str, scenario: Scenario, number: int, truth: Path | None) -> ModelledWorld:
    start = calibrated.OPEN + scenario.start
    injections = tuple(injected.after(start) for injected in scenario.injections)
    if scenario.scheduled_after is not None:
        until = calibrated.CLOSE - SCHEDULE_ENDS_BEFORE_CLOSE
        injections += schedule(start + scenario.scheduled_after, until, number)
    event = None
    if scenario.event_after_open is not None:
        event = calibrated.WShape(W_SHAPE, calibrated.OPEN + scenario.event_after_open)
    return ModelledWorld(calibrated.described(name, start), calibrated.model(number, event), injections, truth=truth)


def _without_injections(world: World, truth: Path | None) -> World:
    """A day that is as it was: its truth file is there, so that the scorer finds one, and stays empty."""
    if truth is not None:
        truth.parent.mkdir(parents=True, exist_ok=True)
        truth.write_text("", encoding="utf-8")
    return world
