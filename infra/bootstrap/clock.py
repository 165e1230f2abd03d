"""Clock: the time, and waiting for what Azure makes known late. The one place of bootstrap that waits."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from typing import Protocol

PAUSES = (1.0, 2.0, 4.0, 8.0)
LONGEST_PAUSE = 15.0


class Clock(Protocol):
    """What bootstrap asks of time."""

    def now(self) -> datetime:
        """The time, with its zone."""
        ...

    def sleep(self, seconds: float) -> None:
        """Wait."""
        ...


class WallClock:
    """This machine's clock."""

    def now(self) -> datetime:
        """UTC."""
        return datetime.now(UTC)

    def sleep(self, seconds: float) -> None:
        """Wait for real."""
        time.sleep(seconds)


def pauses(patience_seconds: float) -> Iterator[float]:
    """Lengthening pauses that add up to about `patience_seconds`."""
    left, index = patience_seconds, 0
    while left > 0:
        pause = min(PAUSES[index] if index < len(PAUSES) else LONGEST_PAUSE, left)
        yield pause
        left -= pause
        index += 1


def awaited(holds: Callable[[], bool], clock: Clock, patience_seconds: float) -> bool:
    """Ask until it holds or patience ends; the first question comes at once."""
    if holds():
        return True
    for pause in pauses(patience_seconds):
        clock.sleep(pause)
        if holds():
            return True
    return False
