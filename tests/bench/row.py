"""One row of the bench table, and how a figure is taken: best of a few in a round, median of five rounds."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass

ROUNDS = 5


@dataclass(frozen=True, slots=True)
class Row:
    """What was measured against the architecture's budget (section 7). Texts as they are to be printed.

    `ratio_to` names the peer or floor measured in the same run; `met` says whether the must holds, None if it is not
    a gate.
    """

    what: str
    must: str
    aim: str
    measured: str
    ratio_to: str = ""
    note: str = ""
    met: bool | None = None


def median_of_five(measure: Callable[[], float]) -> float:
    """Median of five calls of `measure`, which returns one figure each."""
    return statistics.median(measure() for _ in range(ROUNDS))


def seconds_per_call(work: Callable[[], object], *, calls: int) -> float:
    """Wall seconds of one call, as the mean over `calls`."""
    started = time.perf_counter()
    for _ in range(calls):
        work()
    return (time.perf_counter() - started) / calls
