"""Whether data may be trusted: the states, the gaps and their reasons, at every rate of the clock."""

from __future__ import annotations

import pytest

from apps.contracts.enums import DataState, GapReason
from apps.contracts.events import Gap
from apps.detector.data_watch import DataWatch
from tests.detector.helpers import OPEN_1005


class Day:
    """A watch driven second by second: market time runs `rate` times as fast as the wall."""

    def __init__(self, rate: float = 1.0) -> None:
        self.watch, self.rate, self.wall = DataWatch(), rate, 1000.0
        self.gaps: list[Gap] = []

    @property
    def now(self) -> float:
        return OPEN_1005 + (self.wall - 1000) * self.rate

    def pass_time(self, seconds: float, *, quotes: bool, connected: bool = True, is_open: bool = True) -> DataState:
        for _ in range(round(seconds * 10)):
            self.wall += 0.1
            if quotes:
                self.watch.packet(self.now, self.wall)
            look = self.watch.look(self.now, self.wall, rate=self.rate, connected=connected, is_open=is_open)
            self.gaps += look
        return self.watch.state


def test_quotes_are_live_and_make_no_gap() -> None:
    day = Day()
    assert day.pass_time(5, quotes=True) is DataState.LIVE
    assert day.gaps == []


def test_three_silent_seconds_are_stale_and_not_sooner() -> None:
    day = Day()
    day.pass_time(1, quotes=True)
    assert day.pass_time(2.8, quotes=False) is DataState.LIVE
    assert day.pass_time(0.4, quotes=False) is DataState.STALE
    [gap] = day.gaps
    assert (gap.reason, gap.started_at.timestamp()) == (GapReason.STALE, pytest.approx(OPEN_1005 + 1, abs=0.01))


def test_a_gap_ends_with_the_first_quote_and_keeps_its_start() -> None:
    day = Day()
    day.pass_time(1, quotes=True)
    day.pass_time(5, quotes=False)
    day.pass_time(1, quotes=True)
    begun, ended = day.gaps
    assert ended.started_at == begun.started_at
    assert ended.ended_at is not None
    assert ended.ended_at.timestamp() == pytest.approx(OPEN_1005 + 6.1, abs=0.01)


def test_a_lost_gateway_is_known_at_once_and_stays_the_reason_until_quotes_are_back() -> None:
    day = Day()
    day.pass_time(1, quotes=True)
    assert day.pass_time(0.1, quotes=False, connected=False) is DataState.NO_GATEWAY
    assert day.pass_time(4, quotes=False) is DataState.STALE
    day.pass_time(1, quotes=True)
    assert {gap.reason for gap in day.gaps} == {GapReason.NO_GATEWAY}
    assert len(day.gaps) == 2


def test_silence_that_turns_out_a_lost_gateway_takes_the_graver_reason() -> None:
    day = Day()
    day.pass_time(1, quotes=True)
    day.pass_time(4, quotes=False)
    day.pass_time(1, quotes=False, connected=False)
    assert [gap.reason for gap in day.gaps] == [GapReason.STALE, GapReason.NO_GATEWAY]
    assert len({gap.started_at for gap in day.gaps}) == 1


def test_the_end_of_the_session_is_no_gap_and_ends_one() -> None:
    day = Day()
    day.pass_time(1, quotes=True)
    assert day.pass_time(10, quotes=False, is_open=False) is DataState.CLOSED
    assert day.gaps == []
    day.pass_time(4, quotes=False)
    day.pass_time(1, quotes=False, is_open=False)
    assert [gap.ended_at is None for gap in day.gaps] == [True, False]


def test_a_start_is_no_gap_unless_it_takes_too_long() -> None:
    quick = Day()
    quick.pass_time(2, quotes=False, connected=False)
    quick.pass_time(1, quotes=True)
    assert quick.gaps == []
    slow = Day()
    slow.pass_time(5, quotes=False, connected=False)
    assert [gap.reason for gap in slow.gaps] == [GapReason.NO_GATEWAY]


def test_the_time_nobody_watched_is_told_when_quotes_come() -> None:
    day = Day()
    day.watch.blind_since(OPEN_1005 - 30, GapReason.TAKEOVER)
    day.pass_time(1, quotes=True)
    [gap] = day.gaps
    assert (gap.reason, gap.started_at.timestamp()) == (GapReason.TAKEOVER, OPEN_1005 - 30)
    assert gap.ended_at is not None


def test_a_fast_clock_is_not_stale_between_two_samples_of_the_wall() -> None:
    day = Day(rate=60.0)
    assert day.pass_time(5, quotes=True) is DataState.LIVE
    assert day.pass_time(0.6, quotes=False) is DataState.LIVE
    assert day.pass_time(0.4, quotes=False) is DataState.STALE
