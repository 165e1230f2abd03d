"""Token buckets on a clock of the test's own: what is let through, when again, and how many are remembered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.backend import limits
from apps.backend.errors import ApiError
from apps.backend.limits import BURST_SECONDS, RateLimit


class Clock:
    """Seconds that pass only when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def taken(limit: RateLimit, key: str = "a") -> bool:
    """Whether one more is let through."""
    try:
        limit.take(key)
    except ApiError:
        return False
    return True


@pytest.mark.parametrize(("rate", "burst"), [(2.0, 20), (1.0, 10), (0.001, 1)])
def test_a_burst_is_let_through_and_no_more(rate: float, burst: int) -> None:
    limit = RateLimit(rate, Clock())
    assert [taken(limit) for _ in range(burst + 5)] == [True] * burst + [False] * 5


def test_one_more_is_let_through_at_the_moment_that_was_told_and_not_before() -> None:
    clock = Clock()
    limit = RateLimit(0.5, clock)
    while taken(limit):
        clock.now += 0.25
    with pytest.raises(ApiError) as refused:
        limit.take("a")
    assert refused.value.retry_after is not None
    clock.now += refused.value.retry_after - 1e-6
    assert not taken(limit)
    clock.now += 2e-6
    assert taken(limit)


@given(
    rate=st.floats(0.01, 50),
    steps=st.lists(st.tuples(st.sampled_from("ab"), st.floats(0, 20)), max_size=200),
)
def test_in_any_span_a_key_gets_at_most_a_burst_and_its_rate(rate: float, steps: list[tuple[str, float]]) -> None:
    clock = Clock()
    limit = RateLimit(rate, clock)
    let_through: dict[str, list[float]] = {"a": [], "b": []}
    for key, pause in steps:
        clock.now += pause
        if taken(limit, key):
            let_through[key].append(clock.now)
    burst = max(1.0, rate * BURST_SECONDS)
    for times in let_through.values():
        for first in range(len(times)):
            for last in range(first, len(times)):
                assert last - first + 1 <= burst + rate * (times[last] - times[first]) + 1e-6


def test_the_longest_unused_key_is_forgotten_and_a_refusal_is_a_use(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(limits, "KEYS_MAX", 2)
    limit = RateLimit(0.001, Clock())
    assert [taken(limit, key) for key in "abacb"] == [True, True, False, True, True]
