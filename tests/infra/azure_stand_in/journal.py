"""Journal: every write of a run in its order, the time, and where a run is cut off. Shared by a test's stand-ins."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

START = datetime(2026, 11, 21, 12, 0, tzinfo=UTC)


class CutOff(BaseException):
    """The machine went down: nothing that runs may catch it."""


class Journal:
    """Time and writes. `cut_after`: the write after which the run is cut off, its answer unheard."""

    def __init__(self, cut_after: int | None = None) -> None:
        self.time = START
        self.writes: list[str] = []
        self.slept: list[float] = []
        self.cut_after = cut_after
        self.on_write: Callable[[], None] | None = None

    def now(self) -> datetime:
        """The time."""
        return self.time

    def sleep(self, seconds: float) -> None:
        """Time goes by; nothing waits."""
        self.slept.append(seconds)
        self.time += timedelta(seconds=seconds)

    def wrote(self, what: str) -> None:
        """One thing was changed. Raises CutOff when this run ends here."""
        self.writes.append(what)
        if self.on_write is not None:
            self.on_write()
        if self.cut_after is not None and len(self.writes) == self.cut_after:
            raise CutOff(what)

    def again(self, cut_after: int | None = None) -> None:
        """A new run over the same world."""
        self.writes.clear()
        self.cut_after = cut_after
