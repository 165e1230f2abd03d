"""Settings refuse what would make the scan useless, and say why."""

from __future__ import annotations

import math

import pytest

from apps.market.settings import ScanSettings, SettingsError


def test_the_old_threshold_of_one_half_is_refused_with_the_reason() -> None:
    with pytest.raises(SettingsError, match="12 of 26 healthy contracts"):
        ScanSettings(threshold=0.5)


@pytest.mark.parametrize("value", [1.99, 20.01, math.nan, math.inf, -3.5])
def test_a_threshold_outside_two_to_twenty_is_refused(value: float) -> None:
    with pytest.raises(SettingsError, match="ANOMALY_THRESHOLD"):
        ScanSettings(threshold=value)


def test_medium_and_high_scale_with_the_threshold() -> None:
    assert (ScanSettings().medium, ScanSettings().high) == pytest.approx((5.0, 8.0))
    assert (ScanSettings(threshold=7.0).medium, ScanSettings(threshold=7.0).high) == pytest.approx((10.0, 16.0))


@pytest.mark.parametrize("name", ["fee_per_leg", "rate", "order_minimum_usd", "tick", "sampling_seconds"])
def test_every_number_has_bounds_and_the_message_names_it(name: str) -> None:
    for value in (math.nan, 1e9, -1e9):
        with pytest.raises(SettingsError, match=name):
            ScanSettings(**{name: value})  # type: ignore[arg-type]
