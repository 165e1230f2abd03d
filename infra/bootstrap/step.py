"""Step: one thing that bootstrap makes: look, say what is missing or differs, make it, look again. Knows no Azure."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from enum import StrEnum
from typing import Protocol

from infra.bootstrap.clock import Clock, awaited
from infra.bootstrap.refusal import Refused

PATIENCE_SECONDS = 300.0
"""How long a thing that was made may take to be seen: grants and directory objects are known late."""


class Standing(StrEnum):
    """How a thing stands."""

    THERE = "there"
    MISSING = "missing"
    DIFFERS = "differs"
    LATER = "later"
    """Not yet to be made: something that bootstrap does not make comes first."""


@dataclass(frozen=True)
class Finding:
    """What a look found. `words`: what is missing, what differs, what comes first, or what to mind."""

    standing: Standing
    words: str = ""

    @property
    def to_do(self) -> bool:
        """Whether something is to be made."""
        return self.standing in {Standing.MISSING, Standing.DIFFERS}


THERE = Finding(Standing.THERE)


class Step(Protocol):
    """One thing. Looking writes nothing; making may be cut off anywhere, and the next run finishes it."""

    @property
    def name(self) -> str:
        """Short and fixed, for scripts."""
        ...

    @property
    def title(self) -> str:
        """What it is, with its name in Azure."""
        ...

    def look(self) -> Finding:
        """How it stands. Raises Refused where it stands in a way that no run repairs."""
        ...

    def make(self) -> None:
        """Make or correct it. Raises Refused."""
        ...


@dataclass(frozen=True)
class Outcome:
    """What a run found and left of one step."""

    name: str
    title: str
    found: Finding
    left: Finding

    @property
    def was_made(self) -> bool:
        """Whether this run made or corrected it."""
        return self.found.to_do and not self.left.to_do


def run(steps: Iterable[Step], clock: Clock, *, apply: bool, tell: Callable[[Outcome], None]) -> list[Outcome]:
    """Every step in its order, and with `apply` what is to do done. Raises Refused at the first that cannot be."""
    outcomes = []
    for step in steps:
        found = step.look()
        left = _made(step, clock) if apply and found.to_do else found
        outcomes.append(Outcome(step.name, step.title, found, left))
        tell(outcomes[-1])
    return outcomes


def _made(step: Step, clock: Clock) -> Finding:
    """Make a thing and look until it is seen. Raises Refused where it is not within patience."""
    step.make()
    seen: list[Finding] = []

    def is_seen() -> bool:
        seen.append(step.look())
        return not seen[-1].to_do

    patience = getattr(step, "patience_seconds", PATIENCE_SECONDS)
    if not awaited(is_seen, clock, patience):
        raise Refused(
            f"{step.title} was made and is not seen as it should be after {patience / 60:.0f} minutes "
            f"({seen[-1].words or seen[-1].standing}): run this again, it goes on from here"
        )
    return seen[-1]
