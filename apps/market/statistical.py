"""Statistical findings: RESIDUAL against fair, SPREAD and VOLUME against neighbours and norm. Pure; no I/O."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime

import numpy as np

from apps.market.chain import Array, BoolArray, Chain
from apps.market.findings import STOCK_ROW, Finding, FindingLeg, FindingReason
from apps.market.joint_fit import MAX_ABS_Y
from apps.market.judgement import Judgement
from apps.market.settings import ScanSettings
from apps.market.severity import Circumstances, apply_caps, grade_residual
from apps.market.spread_volume import SPREAD_RATIO, VOLUME_RATIO
from apps.market.terms import Flag, Kind, MarketState, Reason, Severity, SmileQuality
from apps.market.worth import statistical_worth

NEW_YORK_STANDARD_SECONDS = 5 * 3600
PIN_DOLLARS = 0.5
PIN_SECONDS = 1800.0
SPEAKING = frozenset({SmileQuality.GOOD, SmileQuality.LOW_CONFIDENCE})
"""With fewer strikes than make a smile, nothing is out of line with one: bounds and crossings only."""

MEDIUM_FACTOR = 2.0
"""SPREAD and VOLUME are MEDIUM, their highest, at this multiple of the ratio that makes them LOW."""


@dataclass(frozen=True, slots=True, eq=False)
class Judged:
    """The judgement of a scan with everything a verdict needs. Arrays (n,)."""

    judgement: Judgement
    z: Array
    z_temporal: Array
    outside: Array
    outlier: BoolArray
    stale: BoolArray
    states: tuple[MarketState, ...]
    low_confidence: bool
    few_strikes: bool
    precision_capped: bool

    def around(self, row: int, state: MarketState) -> Circumstances:
        """What caps a finding on this row."""
        own = MarketState.OPENING if self.states[row] is MarketState.OPENING else state
        return Circumstances(own, self.low_confidence, self.few_strikes, self.precision_capped)


def session_day(market_time: float) -> date:
    """The New York date of an instant of the trading day (standard time: the hour does not matter before 23:00)."""
    return datetime.fromtimestamp(market_time - NEW_YORK_STANDARD_SECONDS, UTC).date()


def dividend_in_life(chain: Chain, settings: ScanSettings) -> bool:
    """An ex-date after today and up to the expiry: a same-day option on the ex-date itself carries no dividend."""
    today = session_day(chain.market_time)
    return any(today < ex_date <= chain.expiry for ex_date in settings.ex_dates)


def flags_of(
    chain: Chain, legs: tuple[FindingLeg, ...], kind: Kind, judged: Judged, *, dividend: bool
) -> tuple[Flag, ...]:
    """What a reader must know about trading these legs."""
    options = [leg for leg in legs if leg.row != STOCK_ROW]
    sold = [leg for leg in options if not leg.buy]
    forward = judged.judgement.forward
    pinned = any(abs(float(chain.strike[leg.row]) - forward) <= PIN_DOLLARS for leg in sold)
    crossing = kind is not Kind.RESIDUAL
    found = (
        (Flag.AMERICAN, chain.american and kind in {Kind.BOX, Kind.PARITY, Kind.BOUND}),
        (Flag.ASSIGNMENT, chain.american and bool(sold) and crossing),
        (Flag.PIN, chain.seconds_to_expiry <= PIN_SECONDS and pinned),
        (Flag.DIVIDEND, dividend),
        (Flag.CROSS_EXCHANGE, len(options) > 1 and _no_common_exchange(chain, options)),
        (Flag.LOW_CONFIDENCE, judged.low_confidence or judged.precision_capped),
    )
    return tuple(flag for flag, holds in found if holds)


def _no_common_exchange(chain: Chain, legs: list[FindingLeg]) -> bool:
    """Every leg's best exchanges are known and no exchange shows them all."""
    masks = [int((chain.ask_exchange if leg.buy else chain.bid_exchange)[leg.row]) for leg in legs]
    if not all(masks):
        return False
    common = masks[0]
    for mask in masks[1:]:
        common &= mask
    return common == 0


def residual_findings(chain: Chain, judged: Judged, state: MarketState, settings: ScanSettings) -> Iterator[Finding]:
    """One finding for each contract out of line and not stale.

    Within |y| = 4 it is a RESIDUAL against the smile, and there is none in the last five minutes. Beyond, no smile
    speaks: a contract is worth its intrinsic value on the forward, so being out of line is a BOUND.
    """
    judgement = judged.judgement
    dividend = dividend_in_life(chain, settings)
    for row in np.flatnonzero(judged.outlier & ~judged.stale).tolist():
        z, fair = float(judged.z[row]), float(judgement.fair[row])
        cheap = z < 0
        half = float(judgement.half_spread[row])
        worth = statistical_worth(chain, row, cheap=cheap, fair=fair, half_spread=half, settings=settings)
        graded = grade_residual(z, float(judged.z_temporal[row]), float(judged.outside[row]), worth, settings)
        severity, reasons = apply_caps(graded, judged.around(row, state), executable=False)
        kind = Kind.RESIDUAL if abs(float(judgement.y[row])) <= MAX_ABS_Y else Kind.BOUND
        no_smile = state is MarketState.FINAL or judgement.quality not in SPEAKING
        off = kind not in settings.kinds or (kind is Kind.RESIDUAL and no_smile)
        if severity is None or off:
            continue
        legs = (FindingLeg(row, cheap),)
        yield Finding(
            kind=kind,
            row=row,
            strike=float(chain.strike[row]),
            is_call=bool(chain.is_call[row]),
            severity=severity,
            has_culprit=True,
            cheap=cheap,
            z=z,
            z_temporal=float(judged.z_temporal[row]),
            fair=fair,
            outside=float(judged.outside[row]),
            worth=worth,
            legs=legs,
            reasons=reasons,
            flags=flags_of(chain, legs, Kind.RESIDUAL, judged, dividend=dividend),
        )


def activity_findings(
    chain: Chain,
    judged: Judged,
    spread_ratios: Array,
    volume_ratios: Array,
    *,
    state: MarketState,
    settings: ScanSettings,
) -> Iterator[Finding]:
    """SPREAD and VOLUME: they name a contract and nothing to trade, so they carry no legs and no worth."""
    if state is MarketState.FINAL:
        return
    for kind, ratios, limit, reason in (
        (Kind.SPREAD, spread_ratios, SPREAD_RATIO, Reason.SPREAD_RATIO),
        (Kind.VOLUME, volume_ratios, VOLUME_RATIO, Reason.VOLUME_RATE),
    ):
        if kind not in settings.kinds:
            continue
        with np.errstate(invalid="ignore"):
            rows = np.flatnonzero((ratios >= limit) & ~judged.stale & ~chain.halted)
        for row in rows.tolist():
            ratio = float(ratios[row])
            severity = Severity.MEDIUM if ratio >= MEDIUM_FACTOR * limit else Severity.LOW
            given = (FindingReason(reason, ratio, limit),)
            capped, reasons = apply_caps((severity, given), judged.around(row, state), executable=False)
            if capped is not None:
                yield _activity(chain, judged, row, kind=kind, severity=capped, reasons=reasons)


def _activity(
    chain: Chain, judged: Judged, row: int, *, kind: Kind, severity: Severity, reasons: tuple[FindingReason, ...]
) -> Finding:
    return Finding(
        kind=kind,
        row=row,
        strike=float(chain.strike[row]),
        is_call=bool(chain.is_call[row]),
        severity=severity,
        has_culprit=True,
        cheap=False,
        z=float(judged.z[row]),
        z_temporal=float(judged.z_temporal[row]),
        fair=float(judged.judgement.fair[row]),
        outside=float(judged.outside[row]),
        worth=None,
        legs=(),
        reasons=reasons,
        flags=(Flag.LOW_CONFIDENCE,) if judged.low_confidence else (),
    )
