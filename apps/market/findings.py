"""What a scan finds: findings with their legs, worth and reasons, and the arrays they came from. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field

from apps.market.chain import Array, BoolArray, IntArray
from apps.market.terms import Flag, Kind, MarketState, Reason, Severity, SmileQuality

STOCK_ROW = -1
"""`FindingLeg.row` of the underlying itself."""


@dataclass(frozen=True, slots=True)
class FindingLeg:
    """One leg as a taker would trade it: `row` of the chain, or STOCK_ROW; `ratio` contracts (or 100 shares) a lot."""

    row: int
    buy: bool
    ratio: float = 1.0


@dataclass(frozen=True, slots=True)
class FindingWorth:
    """`edge_touch`, `edge_net` in $/share of one lot; `size` in lots; `worth_usd` net at that size, `_one` at one."""

    edge_touch: float
    edge_net: float
    size: int
    worth_usd: float
    worth_usd_one: float


@dataclass(frozen=True, slots=True)
class FindingReason:
    """A reason with its measured value and the limit it was held against; None where there is no number."""

    code: Reason
    value: float | None = None
    limit: float | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing out of line in this scan, before persistence (that is the episodes' business).

    `row` is the culprit's row of the chain; without a culprit (`has_culprit` False) the leg that fits worst. `severity`
    is the candidate the episode may show once it lasted. `z`, `z_temporal`, `fair` NaN where no smile decides;
    `outside` = max(fair - ask, bid - fair), $/share, NaN likewise. `cheap`: the culprit is to be bought.
    """

    kind: Kind
    row: int
    strike: float
    is_call: bool
    severity: Severity
    has_culprit: bool
    cheap: bool
    z: float
    z_temporal: float
    fair: float
    outside: float
    worth: FindingWorth | None
    legs: tuple[FindingLeg, ...]
    reasons: tuple[FindingReason, ...]
    flags: tuple[Flag, ...]

    @property
    def key(self) -> tuple[str, float, bool]:
        """(kind, strike, is_call): one episode at a time per key."""
        return (self.kind.value, self.strike, self.is_call)


@dataclass(frozen=True, slots=True)
class ScanCounts:
    """What this scan looked at and what it let go, so that nothing is dropped in silence."""

    contracts: int = 0
    judged: int = 0
    claims: int = 0
    """Executable crossings seen at displayed prices after fees, before any filter."""
    claims_incoherent: int = 0
    claims_dividend: int = 0
    claims_off: int = 0
    """Crossings whose rule is off in this state or by settings."""
    residuals_stale: int = 0


@dataclass(frozen=True, slots=True, eq=False)
class ScanResult:
    """One scan of one chain. Arrays of shape (n,), rows as the chain; NaN where unknown.

    Units: prices $/share; vols per sqrt(year) as fractions; `delta` undiscounted Black on the forward; `z` robust
    cross-sectional, `z_temporal` against the contract's own past; `deviation` = mid - fair; `outside` =
    max(fair - ask, bid - fair); `quote_flags` bits of terms.QuoteBit; `row_state` one MarketState a contract.
    """

    market_time: float
    seconds_to_expiry: float
    state: MarketState
    row_state: tuple[MarketState, ...]
    forward: float
    atm_vol: float
    smile: SmileQuality
    degree: int | None
    share_inside: float
    low_confidence: bool
    fair: Array
    fair_iv: Array
    iv: Array
    bid_iv: Array
    ask_iv: Array
    delta: Array
    z: Array
    z_temporal: Array
    deviation: Array
    outside: Array
    half_spread: Array
    quote_flags: IntArray
    outlier: BoolArray
    findings: tuple[Finding, ...]
    counts: ScanCounts = field(default_factory=ScanCounts)
