"""Waiting between attempts: exponential with jitter and a cap, and a voice that grows louder. Never gives up."""

from __future__ import annotations

import logging
import random
import time


class Backoff:
    """Delays first, 2 first, 4 first... up to `cap` seconds, each times a random 0.5 to 1 (no two clients in step)."""

    def __init__(self, first: float, cap: float, rng: random.Random | None = None) -> None:
        self._first, self._cap = first, cap
        self._rng = rng or random.Random()  # noqa: S311  jitter, not a secret
        self.attempts = 0

    def next_delay(self) -> float:
        """Seconds to wait before the next attempt."""
        whole = min(self._cap, self._first * 2.0 ** min(self.attempts, 30))
        self.attempts += 1
        return whole * self._rng.uniform(0.5, 1)

    def reset(self) -> None:
        """It worked."""
        self.attempts = 0


class Outage:
    """How long something has been broken, and how loudly to say so: warning, then error, then critical."""

    def __init__(self, escalate_seconds: float) -> None:
        self._escalate = escalate_seconds
        self.since: float | None = None
        self._told_at = 0.0

    @property
    def seconds(self) -> float:
        """Wall seconds since it began; 0 when all is well."""
        return 0.0 if self.since is None else time.monotonic() - self.since

    @property
    def level(self) -> int:
        """A `logging` level that rises with the duration."""
        if self.seconds >= 5 * self._escalate:
            return logging.CRITICAL
        return logging.ERROR if self.seconds >= self._escalate else logging.WARNING

    def begin(self) -> None:
        """It broke, if it was not broken already."""
        if self.since is None:
            self.since, self._told_at = time.monotonic(), 0.0

    def end(self) -> float:
        """It works again; the seconds it was broken."""
        seconds = self.seconds
        self.since = None
        return seconds

    def due(self) -> bool:
        """True when it should be told again: at each doubling of its duration, from the escalation time on."""
        if self.since is None or self.seconds < max(self._escalate, 2 * self._told_at):
            return False
        self._told_at = self.seconds
        return True
