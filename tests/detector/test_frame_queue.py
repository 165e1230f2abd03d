"""When frames may go: once a beat of the schedule, and at once after a quiet stretch."""

from __future__ import annotations

from dataclasses import dataclass, field

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.detector.frame_queue import FrameQueue, FrameTap
from apps.detector.frames import ComposedFrame

BEAT = 0.25
"""Seconds; a power of two, so that sums of beats are exact."""


@dataclass
class Bench:
    """A queue on a clock that the test moves; `due` is whether the picture has changed."""

    now: float = 64.0
    due: bool = True
    lost: list[int] = field(default_factory=list)
    sent_at: list[float] = field(default_factory=list)
    queue: FrameQueue = field(init=False)

    def __post_init__(self) -> None:
        tap = FrameTap(self._compose, lambda frame: self.lost.append(frame.number), lambda: BEAT)
        self.queue = FrameQueue(tap, clock=lambda: self.now)

    def _compose(self) -> list[ComposedFrame]:
        return [ComposedFrame(len(self.sent_at) + 1, b"{}", ())] if self.due else []

    def goes(self, *, after: float) -> bool:
        """Whether a frame goes when looked at so many seconds later."""
        self.now += after
        if self.queue.take() is None:
            return False
        self.sent_at.append(self.now)
        return True


@pytest.fixture
def bench() -> Bench:
    return Bench()


def test_a_late_frame_does_not_push_back_the_ones_behind_it(bench: Bench) -> None:
    assert bench.goes(after=0.0)
    assert bench.goes(after=1.5 * BEAT)
    assert bench.goes(after=0.5 * BEAT), "due at the second beat of the schedule, not a beat after the late one"


def test_after_a_long_silence_the_schedule_starts_anew(bench: Bench) -> None:
    assert bench.goes(after=0.0)
    assert bench.goes(after=10 * BEAT)
    assert bench.goes(after=0.0), "the beat that the late frame stood for"
    assert not bench.goes(after=0.5 * BEAT), "missed beats are not made up for"


def test_a_beat_without_a_change_is_not_used_up(bench: Bench) -> None:
    bench.due = False
    assert not bench.goes(after=0.0)
    bench.due = True
    assert bench.goes(after=0.25 * BEAT)


def test_a_held_queue_waits_and_says_how_long(bench: Bench) -> None:
    bench.queue.hold(8 * BEAT)
    assert bench.queue.pause == 8 * BEAT
    assert not bench.goes(after=7 * BEAT)
    assert bench.goes(after=BEAT)


@given(looks=st.lists(st.floats(min_value=0.0, max_value=4 * BEAT), min_size=1, max_size=60))
def test_however_late_it_is_looked_at_there_are_never_more_frames_than_beats(looks: list[float]) -> None:
    bench = Bench()
    for wait in looks:
        bench.goes(after=wait)
    for index, start in enumerate(bench.sent_at):
        for count, end in enumerate(bench.sent_at[index:], start=1):
            assert count <= (end - start) / BEAT + 2 + 1e-9
