"""Frames on their way to the backend: made once a beat, sent one a request, given back when lost. Sends nothing."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field

from apps.detector.frames import ComposedFrame


@dataclass(slots=True)
class FrameTap:
    """Where frames come from. `compose` is called only when they can be sent now; `lost` when one did not arrive."""

    compose: Callable[[], list[ComposedFrame]]
    lost: Callable[[ComposedFrame], None]
    beat_seconds: Callable[[], float]


@dataclass(slots=True)
class FrameQueue:
    """The frames of the running beat that still wait. Times are monotonic wall seconds."""

    tap: FrameTap
    clock: Callable[[], float] = time.monotonic
    _waiting: deque[ComposedFrame] = field(default_factory=deque)
    _next_beat: float = 0.0

    @property
    def free(self) -> bool:
        """Whether a change of the picture could go now."""
        return not self._waiting and self.clock() >= self._next_beat

    def take(self) -> ComposedFrame | None:
        """The next frame; None while nothing is due."""
        if self.free:
            self._waiting.extend(self.tap.compose())
            if self._waiting:  # a beat in which nothing was due is not used up: the next change goes at once
                # Counted from the schedule, not from now: a beat that counts from its own lateness slides behind the
                # scan whose picture it sends, by up to a whole beat.
                beat = self.tap.beat_seconds()
                self._next_beat = max(self._next_beat, self.clock() - beat) + beat
        return self._waiting.popleft() if self._waiting else None

    def give_back(self, frame: ComposedFrame | None) -> None:
        """The frame did not arrive; those behind it would be out of date, so they count as lost too."""
        for lost in ([frame] if frame else []) + list(self._waiting):
            self.tap.lost(lost)
        self._waiting.clear()

    def hold(self, seconds: float) -> None:
        """No frame for so long."""
        self._next_beat = self.clock() + seconds

    @property
    def pause(self) -> float:
        """Seconds until there may be a frame again."""
        left = self._next_beat - self.clock()
        return left if left > 0 else self.tap.beat_seconds()
