"""How serious a finding is, and the reasons: the numbers held against the limits, then the caps. Pure; no I/O."""

from __future__ import annotations

import math
from dataclasses import dataclass

from apps.market.findings import FindingReason, FindingWorth
from apps.market.settings import ScanSettings
from apps.market.terms import SEVERITY_ORDER, MarketState, Reason, Severity, capped

HIGH_OUTSIDE_NET = 0.02
MEDIUM_OUTSIDE_NET = 0.005
"""Outside edge less one leg's fee, $/share."""

HIGH_ARBITRAGE_NET = 0.02


@dataclass(frozen=True, slots=True)
class Circumstances:
    """What caps every severity in this scan for one contract, besides its own numbers."""

    state: MarketState
    low_confidence: bool
    few_strikes: bool
    """Fewer than five live strikes: one level lower, for the smile has no redundancy."""
    precision_capped: bool


Graded = tuple[Severity | None, tuple[FindingReason, ...]]


def grade_residual(z: float, z_temporal: float, outside: float, worth: FindingWorth, settings: ScanSettings) -> Graded:
    """RESIDUAL before the caps of circumstance. None when it is not an anomaly."""
    size = abs(z)
    net = outside - settings.fee_per_leg
    reasons = [
        FindingReason(Reason.Z_SCORE, z, settings.threshold),
        FindingReason(Reason.OUTSIDE_QUOTE, outside, settings.tick),
    ]
    if abs(z_temporal) >= settings.threshold:
        reasons.append(FindingReason(Reason.TEMPORAL_Z, z_temporal, settings.threshold))
    if size < settings.threshold or outside < settings.tick - 1e-9:
        return None, ()
    if size >= settings.high and net >= HIGH_OUTSIDE_NET:
        return _worth_cap(Severity.HIGH, reasons, worth, settings)
    if size >= settings.medium and net >= MEDIUM_OUTSIDE_NET:
        return Severity.MEDIUM, tuple(reasons)
    return Severity.LOW, tuple(reasons)


def grade_arbitrage(culprit_z: float, worth: FindingWorth, settings: ScanSettings) -> Graded:
    """A crossing: `culprit_z` is the worst leg's z in the direction of the crossing, NaN without a smile."""
    reasons = [FindingReason(Reason.NET_EDGE, worth.edge_net, 0.0)]
    if not culprit_z >= settings.threshold:
        reasons.append(
            FindingReason(Reason.NO_CULPRIT, None if math.isnan(culprit_z) else culprit_z, settings.threshold)
        )
        return Severity.MEDIUM, tuple(reasons)
    reasons.append(FindingReason(Reason.CULPRIT, culprit_z, settings.threshold))
    if worth.edge_net >= HIGH_ARBITRAGE_NET:
        return _worth_cap(Severity.HIGH, reasons, worth, settings)
    return Severity.MEDIUM, tuple(reasons)


def _worth_cap(severity: Severity, reasons: list[FindingReason], worth: FindingWorth, settings: ScanSettings) -> Graded:
    """HIGH also needs a net edge of a cent and five dollars at the size that is there."""
    if worth.edge_net >= settings.high_edge_net and worth.worth_usd >= settings.high_worth_usd:
        return severity, (*reasons, FindingReason(Reason.WORTH, worth.worth_usd, settings.high_worth_usd))
    return Severity.MEDIUM, (*reasons, FindingReason(Reason.CAP_WORTH, worth.worth_usd, settings.high_worth_usd))


def apply_caps(graded: Graded, around: Circumstances, *, executable: bool) -> Graded:
    """Caps by state, confidence and measured precision. An executable crossing needs no smile, so it escapes the last.

    OPENING and EVENT hold everything at LOW; LATE lowers statistical findings to MEDIUM; FINAL likewise.
    """
    severity, reasons = graded
    if severity is None:
        return graded
    caps: list[tuple[bool, Severity, Reason]] = [
        (around.state is MarketState.OPENING, Severity.LOW, Reason.CAP_OPENING),
        (around.state is MarketState.EVENT, Severity.LOW, Reason.CAP_EVENT),
    ]
    if not executable:
        late = around.state in {MarketState.LATE, MarketState.FINAL}
        lower = Severity.MEDIUM if severity is Severity.HIGH else Severity.LOW
        caps += [
            (late, Severity.MEDIUM, Reason.CAP_LATE),
            (around.few_strikes, lower, Reason.CAP_FEW_STRIKES),
            (around.low_confidence, Severity.LOW, Reason.CAP_LOW_CONFIDENCE),
            (around.precision_capped, Severity.LOW, Reason.CAP_PRECISION),
        ]
    for holds, limit, reason in caps:
        if holds and SEVERITY_ORDER[severity] > SEVERITY_ORDER[limit]:
            severity = capped(severity, limit)
            assert severity is not None  # noqa: S101  capped() of a severity is a severity
            reasons = (*reasons, FindingReason(reason))
    return severity, reasons
