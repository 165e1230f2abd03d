"""Trading hours as the broker writes them."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from apps.broker.trading_hours import parse_hours


def utc(*parts: int) -> float:
    return datetime(*parts, tzinfo=UTC).timestamp()


def test_a_day_with_its_cut_off_in_summer_time() -> None:
    assert parse_hours("20250517:CLOSED;20250519:0930-20250519:1615", "US/Eastern") == [
        (utc(2025, 5, 19, 13, 30), utc(2025, 5, 19, 20, 15))
    ]


def test_a_half_day_in_winter_time() -> None:
    assert parse_hours("20261127:0930-20261127:1315", "America/New_York") == [
        (utc(2026, 11, 27, 14, 30), utc(2026, 11, 27, 18, 15))
    ]


def test_the_older_form_and_several_spans_a_day() -> None:
    assert len(parse_hours("20250519:0930-1600,1615-1700", "EST5EDT")) == 2


@pytest.mark.parametrize("text", ["", "nonsense", "20250519:CLOSED", "20250519:1600-0930", ";;", "20259999:0930-1600"])
def test_what_cannot_be_read_is_left_out(text: str) -> None:
    assert parse_hours(text, "US/Eastern") == []


def test_an_unknown_zone_is_new_york() -> None:
    assert parse_hours("20250519:0930-1615", "Mars/Olympus") == parse_hours("20250519:0930-1615", "US/Eastern")
