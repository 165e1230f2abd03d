"""Settings of a scan: every limit with its bounds and the reason for them. Data only; reads no environment."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date

from apps.market.terms import Kind


class SettingsError(ValueError):
    """A setting is outside its bounds. The message says which, why, and what to set instead."""


THRESHOLD_MIN = 2.0
THRESHOLD_MAX = 20.0

_BOUNDS: dict[str, tuple[float, float]] = {
    "fee_per_leg": (0.0, 0.1),
    "stock_fee_per_share": (0.0, 0.1),
    "short_stock_fee_per_share": (0.0, 1.0),
    "order_minimum_usd": (0.0, 100.0),
    "tick": (0.001, 1.0),
    "rate": (-0.02, 0.25),
    "high_edge_net": (0.0, 10.0),
    "high_worth_usd": (0.0, 1e6),
    "sampling_seconds": (0.0, 5.0),
    "event_margin_seconds": (0.0, 7200.0),
}


@dataclass(frozen=True, slots=True)
class ScanSettings:
    """Dollars per share unless the name says otherwise.

    `threshold`: smallest robust |z| that is a statistical anomaly; MEDIUM (5) and HIGH (8) scale with it.
    `fee_per_leg`: one contract, all in: the broker's tiered commission of $0.65 and $0.10 of regulatory, clearing
    and exchange fees; a dear venue takes 0.013. `rate`: risk-free, for the American allowance K(1 - exp(-rT)).
    `ex_dates`: the stock's ex-dividend dates. `event_times`: market seconds since 1970 of scheduled news.
    `sampling_seconds`: how often the broker samples an option line (0.1 s at IB), hence how long two lines may
    disagree about the same instant. `capped_cells`: measured (window fraction, least hours, most hours) cells whose
    precision is below 0.85: live severity there is capped.
    """

    threshold: float = 3.5
    fee_per_leg: float = 0.0075
    stock_fee_per_share: float = 0.005
    short_stock_fee_per_share: float = 0.005
    order_minimum_usd: float = 1.0
    tick: float = 0.01
    rate: float = 0.043
    high_edge_net: float = 0.01
    high_worth_usd: float = 5.0
    sampling_seconds: float = 0.1
    event_margin_seconds: float = 300.0
    ex_dates: tuple[date, ...] = ()
    event_times: tuple[float, ...] = ()
    kinds: frozenset[Kind] = frozenset(Kind)
    capped_cells: tuple[tuple[float, float, float], ...] = ()

    def __post_init__(self) -> None:
        """Raises SettingsError for a value outside its bounds."""
        if not math.isfinite(self.threshold) or self.threshold < THRESHOLD_MIN:
            raise SettingsError(
                f"ANOMALY_THRESHOLD={self.threshold:g} is below {THRESHOLD_MIN:g}: it is a robust z-score, not a price "
                "fraction. The value 0.5 of older texts flagged 12 of 26 healthy contracts. Set 3.5 (the default), or "
                f"anything from {THRESHOLD_MIN:g} to {THRESHOLD_MAX:g}."
            )
        if self.threshold > THRESHOLD_MAX:
            raise SettingsError(
                f"ANOMALY_THRESHOLD={self.threshold:g} is above {THRESHOLD_MAX:g}: nothing would ever be found. "
                f"Set 3.5 (the default), or anything from {THRESHOLD_MIN:g} to {THRESHOLD_MAX:g}."
            )
        for name, (low, high) in _BOUNDS.items():
            value = getattr(self, name)
            if not (math.isfinite(value) and low <= value <= high):
                raise SettingsError(f"{name}={value!r} must be a number from {low:g} to {high:g}")
        if not all(math.isfinite(time) for time in self.event_times):
            raise SettingsError("event_times must be finite market seconds since 1970")

    @property
    def medium(self) -> float:
        """|z| for MEDIUM: 5 at the default threshold."""
        return 5.0 * self.threshold / 3.5

    @property
    def high(self) -> float:
        """|z| for HIGH: 8 at the default threshold."""
        return 8.0 * self.threshold / 3.5
