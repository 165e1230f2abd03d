"""Token buckets: how many requests somebody may make. Memory is bounded: the longest unused bucket is forgotten."""

from __future__ import annotations

import time
from collections import OrderedDict
from collections.abc import Callable

from apps.backend.errors import ApiError
from apps.contracts.enums import ErrorCode

BURST_SECONDS = 10.0
KEYS_MAX = 10_000


class RateLimit:
    """`rate` requests a second per key; a bucket holds BURST_SECONDS of them, one at least. `clock` gives seconds."""

    def __init__(self, rate: float, clock: Callable[[], float] = time.monotonic) -> None:
        self._rate, self._size, self._clock = rate, max(1.0, rate * BURST_SECONDS), clock
        self._buckets: OrderedDict[str, tuple[float, float]] = OrderedDict()

    def take(self, key: str) -> None:
        """Use one. Raises ApiError 429 that says when to try again."""
        now = self._clock()
        level, at = self._buckets.get(key, (self._size, now))
        level = min(self._size, level + (now - at) * self._rate)
        granted = level >= 1
        self._buckets[key] = (level - granted, now)
        self._buckets.move_to_end(key)
        if len(self._buckets) > KEYS_MAX:
            self._buckets.popitem(last=False)
        if not granted:
            wait = (1 - level) / self._rate
            raise ApiError(ErrorCode.RATE_LIMITED, "Too many requests; wait and try again", retry_after=wait)
