"""What can be broken on purpose, and what is broken now. Decides when a fault holds; never touches a socket."""

from __future__ import annotations

import difflib
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime

from apps.contracts.api import ScenarioFault
from apps.simulator.changes import Version
from apps.simulator.clock import MarketClock
from apps.simulator.fault_kinds import KINDS, FaultError, FaultKind, Parameter, Scalar
from apps.simulator.world import TimedFault

ACTIVE_MAX = 100


@dataclass(frozen=True, slots=True)
class Active:
    """One fault that holds. Times in market seconds since 1970; `ends_at` None until cleared."""

    id: str
    what: str
    started_at: float
    ends_at: float | None
    parameters: dict[str, Scalar] = field(default_factory=dict)

    def number(self, name: str) -> float | None:
        """A numeric parameter, None when not given."""
        value = self.parameters.get(name)
        return float(value) if isinstance(value, int | float) and not isinstance(value, bool) else None

    def text(self, name: str) -> str:
        """A text parameter, empty when not given."""
        value = self.parameters.get(name)
        return value if isinstance(value, str) else ""

    def touches(self, strike: float, right: str) -> bool:
        """Whether the line of this strike and right is meant; a fault without them means every line."""
        wanted_strike, wanted_right = self.number("strike"), self.text("right")
        return (wanted_strike is None or wanted_strike == strike) and wanted_right in {"", right}


class FaultBoard:
    """The scenario's faults in market time, and those set by hand."""

    def __init__(self, clock: MarketClock, scheduled: Sequence[TimedFault] = ()) -> None:
        self._clock = clock
        for fault in scheduled:
            kind_of(fault.what).check(fault.parameters)
        self._waiting = sorted(scheduled, key=lambda fault: fault.at)
        self._active: dict[str, Active] = {}
        self._count = 0
        self.version = Version()

    @property
    def all_active(self) -> tuple[Active, ...]:
        """Everything that holds now, oldest first."""
        return tuple(self._active.values())

    def active(self, what: str) -> tuple[Active, ...]:
        """The faults of this kind that hold now."""
        if not self._active:
            return ()
        return tuple(fault for fault in self._active.values() if fault.what == what)

    def missing_strikes(self) -> frozenset[float]:
        """Strikes that are to look as if they were not listed."""
        strikes = (fault.number("strike") for fault in self.active("missing_strike"))
        return frozenset(strike for strike in strikes if strike is not None)

    def begin(self, what: str, seconds: float | None, parameters: dict[str, Scalar]) -> Active:
        """Start a fault now for `seconds` of market time. Raises FaultError for what is unknown or out of bounds."""
        kind = kind_of(what)
        checked = kind.check(parameters)
        if seconds is not None and not 0 < seconds <= 86_400:
            raise FaultError("seconds", f"seconds must be above 0 and at most 86400, not {seconds:g}")
        if len(self._active) >= ACTIVE_MAX:
            raise FaultError("what", f"{ACTIVE_MAX} faults hold already; clear some with DELETE /faults/ID")
        return self._start(kind, self._clock.now(), seconds, checked)

    def end(self, fault_id: str) -> Active | None:
        """Clear a fault now; None when none has this id."""
        fault = self._active.pop(fault_id, None)
        if fault is not None:
            self.version.changed()
        return fault

    def due(self) -> tuple[list[Active], list[Active]]:
        """Advance to the clock's time: the faults that began and those that ended since the last call."""
        now = self._clock.now()
        ended = [fault for fault in self._active.values() if self._over(fault, now)]
        for fault in ended:
            self.end(fault.id)
        began: list[Active] = []
        while self._waiting and self._waiting[0].at <= now:
            timed = self._waiting.pop(0)
            kind = kind_of(timed.what)
            began.append(self._start(kind, timed.at, timed.seconds, kind.check(timed.parameters)))
        return began, ended

    def as_told(self, fault: Active) -> ScenarioFault:
        """A fault in the words of the control port."""
        now = self._clock.now()
        left = None if fault.ends_at is None else max(0.0, (fault.ends_at - now) / self._clock.rate)
        return ScenarioFault(
            id=fault.id,
            what=fault.what,
            started_at=datetime.fromtimestamp(fault.started_at, UTC),
            ends_at=None if fault.ends_at is None else datetime.fromtimestamp(fault.ends_at, UTC),
            seconds_left=left,
            parameters=dict(fault.parameters),
        )

    def _over(self, fault: Active, now: float) -> bool:
        # The clock stops at the day's end: what would end after it ends there, or it never would.
        return fault.ends_at is not None and now >= min(fault.ends_at, self._clock.end)

    def _start(self, kind: FaultKind, at: float, seconds: float | None, parameters: dict[str, Scalar]) -> Active:
        self._count += 1
        length = kind.instant_seconds if kind.instant_seconds is not None else seconds
        fault = Active(f"f{self._count}", kind.name, at, None if length is None else at + length, parameters)
        self._active[fault.id] = fault
        self.version.changed()
        return fault


def kind_of(what: str) -> FaultKind:
    """The kind of this name. Raises FaultError that lists what there is."""
    kind = KINDS.get(what)
    if kind is None:
        near = difflib.get_close_matches(what, KINDS, n=1, cutoff=0.3)
        hint = f" Did you mean {near[0]}?" if near else ""
        raise FaultError("what", f"There is no fault {what[:40]!r}.{hint} GET /faults on the control port lists them.")
    return kind


__all__ = ["KINDS", "Active", "FaultBoard", "FaultError", "FaultKind", "Parameter", "kind_of"]
