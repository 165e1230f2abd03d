"""Severity says how serious and why; caps hold it down and leave their reason."""

from __future__ import annotations

import math

import pytest

from apps.market.findings import FindingWorth
from apps.market.settings import ScanSettings
from apps.market.severity import Circumstances, apply_caps, grade_arbitrage, grade_residual
from apps.market.terms import MarketState, Reason, Severity

SETTINGS = ScanSettings()
RICH = FindingWorth(edge_touch=0.1, edge_net=0.08, size=50, worth_usd=400.0, worth_usd_one=8.0)
NORMAL = Circumstances(MarketState.NORMAL, low_confidence=False, few_strikes=False, precision_capped=False)


def worth(net: float, usd: float) -> FindingWorth:
    return FindingWorth(net + 0.015, net, 10, usd, usd / 10)


@pytest.mark.parametrize(
    ("z", "outside", "severity"),
    [
        (3.4, 0.05, None),
        (-9.0, 0.009, None),
        (3.5, 0.01, Severity.LOW),
        (-5.1, 0.0124, Severity.LOW),
        (-5.1, 0.0126, Severity.MEDIUM),
        (7.9, 0.50, Severity.MEDIUM),
        (8.1, 0.0274, Severity.MEDIUM),
        (-8.1, 0.0276, Severity.HIGH),
    ],
)
def test_a_residual_is_graded_by_z_and_by_what_is_left_after_one_fee(
    z: float, outside: float, severity: Severity | None
) -> None:
    assert grade_residual(z, math.nan, outside, RICH, SETTINGS)[0] is severity


@pytest.mark.parametrize("poor", [worth(0.009, 90.0), worth(0.05, 4.99)])
def test_high_needs_a_cent_net_and_five_dollars_at_the_size_that_is_there(poor: FindingWorth) -> None:
    for graded in (grade_residual(20.0, math.nan, 1.0, poor, SETTINGS), grade_arbitrage(20.0, poor, SETTINGS)):
        assert graded[0] is Severity.MEDIUM
    assert Reason.CAP_WORTH in {reason.code for reason in grade_residual(20.0, math.nan, 1.0, poor, SETTINGS)[1]}


def test_a_crossing_without_a_culprit_is_medium_and_says_so() -> None:
    for z in (3.4, math.nan):
        severity, reasons = grade_arbitrage(z, RICH, SETTINGS)
        assert severity is Severity.MEDIUM
        assert Reason.NO_CULPRIT in {reason.code for reason in reasons}
    assert grade_arbitrage(3.6, RICH, SETTINGS)[0] is Severity.HIGH


@pytest.mark.parametrize(
    ("around", "severity", "reason"),
    [
        (Circumstances(MarketState.OPENING, False, False, False), Severity.LOW, Reason.CAP_OPENING),
        (Circumstances(MarketState.EVENT, False, False, False), Severity.LOW, Reason.CAP_EVENT),
        (Circumstances(MarketState.LATE, False, False, False), Severity.MEDIUM, Reason.CAP_LATE),
        (Circumstances(MarketState.NORMAL, False, True, False), Severity.MEDIUM, Reason.CAP_FEW_STRIKES),
        (Circumstances(MarketState.NORMAL, True, False, False), Severity.LOW, Reason.CAP_LOW_CONFIDENCE),
        (Circumstances(MarketState.NORMAL, False, False, True), Severity.LOW, Reason.CAP_PRECISION),
    ],
)
def test_each_circumstance_caps_a_high_residual_and_leaves_its_reason(
    around: Circumstances, severity: Severity, reason: Reason
) -> None:
    graded = grade_residual(20.0, math.nan, 1.0, RICH, SETTINGS)
    assert graded[0] is Severity.HIGH
    capped = apply_caps(graded, around, executable=False)
    assert capped[0] is severity
    assert capped[1][-1].code is reason


def test_a_crossing_needs_no_smile_so_low_confidence_does_not_hold_it_down() -> None:
    graded = grade_arbitrage(20.0, RICH, SETTINGS)
    assert apply_caps(graded, Circumstances(MarketState.NORMAL, True, True, True), executable=True)[0] is Severity.HIGH
    opening = Circumstances(MarketState.OPENING, False, False, False)
    assert apply_caps(graded, opening, executable=True)[0] is Severity.LOW


def test_nothing_stays_nothing_and_normal_caps_nothing() -> None:
    assert apply_caps((None, ()), NORMAL, executable=False) == (None, ())
    graded = grade_residual(20.0, math.nan, 1.0, RICH, SETTINGS)
    assert apply_caps(graded, NORMAL, executable=False) == graded
