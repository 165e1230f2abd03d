"""Finding: what one look of the doctor found, and how looks are run: at once, each with its own time limit."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

LIMIT_SECONDS = 30.0


class State(StrEnum):
    """How something was found: as it should be, not so, or not to be known from here and now."""

    OK = "ok"
    MISSING = "missing"
    UNKNOWN = "unknown"


@dataclass(frozen=True)
class Finding:
    """One line: what was looked at, how it is, what to do. `elsewhere`: to be known somewhere else, or later."""

    name: str
    state: State
    found: str
    do: str = ""
    elsewhere: bool = False

    @property
    def fails(self) -> bool:
        """Whether a deployment should not be begun with this."""
        return self.state is not State.OK and not self.elsewhere


def ok(name: str, found: str) -> Finding:
    """As it should be."""
    return Finding(name, State.OK, found)


def missing(name: str, found: str, do: str) -> Finding:
    """Not as it should be."""
    return Finding(name, State.MISSING, found, do)


def sentence(name: str, says: str, state: State = State.MISSING) -> Finding:
    """From a sentence of the form "what is wrong: what to do"."""
    found, _, do = says.partition(": ")
    return Finding(name, state, found, do)


@dataclass(frozen=True)
class Look:
    """One look. `said`: errors whose message is a sentence for the user; any other is told by its type."""

    name: str
    look: Callable[[], Sequence[Finding]]
    said: tuple[type[Exception], ...] = ()
    limit_seconds: float = LIMIT_SECONDS


@dataclass
class _Running:
    """A look on its way in a thread of its own."""

    look: Look
    ended: threading.Event = field(default_factory=threading.Event)
    findings: Sequence[Finding] = ()

    def start(self) -> None:
        """In a thread that keeps no command from ending."""
        threading.Thread(target=self._run, name=f"doctor {self.look.name}", daemon=True).start()

    def _run(self) -> None:
        try:
            self.findings = self.look.look()
        except self.look.said as error:
            self.findings = [sentence(self.look.name, " ".join(str(error).split()), State.UNKNOWN)]
        except Exception as error:  # one look that fails hides none of the others; what failed is told
            told = f"failed, {type(error).__name__}: {' '.join(str(error).split())}"
            self.findings = [Finding(self.look.name, State.UNKNOWN, told, "Look at it by hand, and report this.")]
        finally:
            self.ended.set()


def findings(looks: Sequence[Look]) -> Iterator[Finding]:
    """Look at everything at once; what is found comes in the order of the looks, each waited for at most its limit."""
    running = [_Running(look) for look in looks]
    begun = time.monotonic()
    for one in running:
        one.start()
    for one in running:
        limit = one.look.limit_seconds
        if one.ended.wait(max(0.0, begun + limit - time.monotonic())):
            yield from one.findings
        else:
            do = "Is the line up? Run this again."
            yield Finding(one.look.name, State.UNKNOWN, f"gave no answer within {limit:g} s", do)
