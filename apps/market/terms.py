"""Words of detection: kinds, severities, reasons, flags, states. Values only; equal, word for word, to the contracts'.

`market` may import nothing of ours, so the vocabulary stands here again; tests/market/test_terms.py holds the two
equal. Members are strings, so `contracts.Kind(finding.kind)` is the whole conversion.
"""

from __future__ import annotations

from enum import IntFlag, StrEnum


class Kind(StrEnum):
    """What is out of line."""

    RESIDUAL = "RESIDUAL"
    VERTICAL = "VERTICAL"
    BUTTERFLY = "BUTTERFLY"
    BOX = "BOX"
    PARITY = "PARITY"
    BOUND = "BOUND"
    SPREAD = "SPREAD"
    VOLUME = "VOLUME"


ARBITRAGE_KINDS = frozenset({Kind.VERTICAL, Kind.BUTTERFLY, Kind.BOX, Kind.PARITY, Kind.BOUND})


class Severity(StrEnum):
    """How sure and how much."""

    LOW = "LOW"
    MEDIUM = "MEDIUM"
    HIGH = "HIGH"


SEVERITY_ORDER = {Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 3}


def capped(severity: Severity | None, limit: Severity) -> Severity | None:
    """The lower of the two; None (no finding) stays None."""
    if severity is None or SEVERITY_ORDER[severity] <= SEVERITY_ORDER[limit]:
        return severity
    return limit


class Reason(StrEnum):
    """Why a severity was given or held down."""

    Z_SCORE = "z_score"
    TEMPORAL_Z = "temporal_z"
    OUTSIDE_QUOTE = "outside_quote"
    NET_EDGE = "net_edge"
    CULPRIT = "culprit"
    NO_CULPRIT = "no_culprit"
    WORTH = "worth"
    SPREAD_RATIO = "spread_ratio"
    VOLUME_RATE = "volume_rate"
    CAP_OPENING = "cap_opening"
    CAP_EVENT = "cap_event"
    CAP_LATE = "cap_late"
    CAP_FEW_STRIKES = "cap_few_strikes"
    CAP_LOW_CONFIDENCE = "cap_low_confidence"
    CAP_WORTH = "cap_worth"
    CAP_PRECISION = "cap_precision"
    CAP_PERSISTENCE = "cap_persistence"


class Flag(StrEnum):
    """What a reader must know beside a finding."""

    AMERICAN = "AMERICAN"
    ASSIGNMENT = "ASSIGNMENT"
    PIN = "PIN"
    DIVIDEND = "DIVIDEND"
    CROSS_EXCHANGE = "CROSS_EXCHANGE"
    LOW_CONFIDENCE = "LOW_CONFIDENCE"


class QuoteBit(IntFlag):
    """Flags of one contract's quote as bits of an int64 array."""

    NONE = 0
    STALE = 1
    CROSSED = 2
    LOCKED = 4
    ZERO_BID = 8
    ONE_SIDED = 16
    WIDE = 32
    HALTED = 64
    DELAYED = 128
    OUTLIER = 256
    LOW_CONFIDENCE = 512


class MarketState(StrEnum):
    """The session's state of a chain or of one contract."""

    PRE_OPEN = "PRE_OPEN"
    OPENING = "OPENING"
    NORMAL = "NORMAL"
    EVENT = "EVENT"
    HALTED = "HALTED"
    LATE = "LATE"
    FINAL = "FINAL"
    CLOSED = "CLOSED"


class SmileQuality(StrEnum):
    """Whether there was a smile to judge against."""

    GOOD = "good"
    LOW_CONFIDENCE = "low_confidence"
    NOT_ENOUGH_STRIKES = "not_enough_strikes"
    NONE = "none"
