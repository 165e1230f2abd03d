"""Patience grows, never ends, and gets louder."""

from __future__ import annotations

import logging
import random
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.broker.backoff import Backoff, Outage


@given(st.floats(0.01, 5), st.floats(5, 60), st.integers(0, 2**32), st.integers(1, 60))
def test_delays_double_up_to_the_cap_with_jitter_below_them(first: float, cap: float, number: int, tries: int) -> None:
    backoff = Backoff(first, cap, random.Random(number))
    for attempt in range(tries):
        whole = min(cap, first * 2.0**attempt)
        assert whole / 2 <= backoff.next_delay() <= whole
    assert backoff.attempts == tries


def test_success_starts_over() -> None:
    backoff = Backoff(1, 60)
    for _ in range(9):
        backoff.next_delay()
    backoff.reset()
    assert backoff.next_delay() <= 1


def test_it_never_overflows() -> None:
    backoff = Backoff(1, 60)
    backoff.attempts = 100_000
    assert backoff.next_delay() <= 60


def test_an_outage_gets_louder_and_is_told_at_each_doubling(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 1000.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    outage = Outage(60)
    assert not outage.due()
    outage.begin()
    told, levels = [], {}
    for second in range(900):
        now = 1000.0 + second
        levels[second] = outage.level
        if outage.due():
            told.append(second)
    assert told == [60, 120, 240, 480]
    assert (levels[59], levels[60], levels[300]) == (logging.WARNING, logging.ERROR, logging.CRITICAL)
    assert outage.end() == 899
    assert outage.seconds == 0


def test_a_second_beginning_does_not_shorten_an_outage(monkeypatch: pytest.MonkeyPatch) -> None:
    now = 0.0
    monkeypatch.setattr(time, "monotonic", lambda: now)
    outage = Outage(60)
    outage.begin()
    now = 50.0
    outage.begin()
    assert outage.seconds == 50
