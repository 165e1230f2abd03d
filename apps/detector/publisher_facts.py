"""What the publisher knows about itself, for metrics and tests. Counts; decides nothing."""

from __future__ import annotations

import logging
from collections import deque
from dataclasses import dataclass, field

log = logging.getLogger(__name__)


@dataclass(slots=True)
class PublisherFacts:
    """Totals since the stream began; `publish_seconds` from an event's append to its acknowledgement."""

    reachable: bool = False
    problem: str | None = None
    failures: dict[str, int] = field(default_factory=dict)
    parked: int = 0
    holes_asked: int = 0
    """How often the backend lacked events that were sent."""
    publish_seconds: deque[float] = field(default_factory=lambda: deque(maxlen=2000))

    def failed(self, reason: str, problem: str) -> None:
        """Count a failure; the first of a row is logged."""
        self.failures[reason] = self.failures.get(reason, 0) + 1
        if self.reachable or self.problem != problem:
            log.warning("publisher: %s (%s)", problem, reason)
        self.reachable, self.problem = False, problem
