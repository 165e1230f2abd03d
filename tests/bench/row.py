"""A budget, the row that answers it, and how a figure is taken: five rounds, of which the middle one is shown."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Budget:
    """What is measured and what the architecture's section 7 asks of it; "" where it asks nothing."""

    what: str
    must: str = ""
    aim: str = ""

    @property
    def asked(self) -> str:
        """The must, or the aim where there is no must; "" where nothing is asked."""
        return self.must or (f"aim: {self.aim}" if self.aim else "")


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured against a budget. Texts as they are to be printed.

    `against` names the peer or floor measured in the same run; `span` is the lowest and the highest of the rounds;
    `met` says whether the must holds, None if it is not a gate.
    """

    budget: Budget
    measured: str
    against: str = ""
    span: str = ""
    note: str = ""
    met: bool | None = None


@dataclass(frozen=True, slots=True)
class Rounds:
    """The figures of some rounds of the same measurement."""

    values: tuple[float, ...]

    @classmethod
    def of(cls, values: Iterable[float]) -> Rounds:
        """From any figures, one a round."""
        return cls(tuple(values))

    @property
    def median(self) -> float:
        """The middle one."""
        return statistics.median(self.values)

    def span(self, form: str) -> str:
        """Lowest to highest, each by this format specification such as `.2f`."""
        return f"{min(self.values):{form}} to {max(self.values):{form}}"


def rounds_of(measure: Callable[[], float]) -> Rounds:
    """Five calls of `measure`, which returns one figure each."""
    return Rounds.of(measure() for _ in range(ROUNDS))


def seconds_per_call(work: Callable[[], object], *, calls: int) -> float:
    """Wall seconds of one call, as the mean over `calls`."""
    started = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - started) / calls
