"""One anomaly through its life: what is out of line, how sure, how much it would be worth, and how it ended."""

from __future__ import annotations

from typing import Annotated, Any

from pydantic import Field, computed_field, model_validator

from apps.contracts.base import (
    Day,
    Delta,
    Dollars,
    Exchange,
    Model,
    Price,
    Ratio,
    RunId,
    Seconds,
    SignedPrice,
    Size,
    Strike,
    Symbol,
    Token,
    UtcTime,
    Vol,
    Volume,
    WallMs,
)
from apps.contracts.enums import (
    CloseReason,
    EpisodeStatus,
    Flag,
    Kind,
    MarketState,
    Mover,
    OptionType,
    Reason,
    Severity,
    Side,
    Source,
)

COMPUTED = frozenset({"mid_price", "expected_price", "deviation_percent"})
"""Names of the public API that follow from other fields."""


class Leg(Model):
    """One leg as a taker would trade it now. `ratio` is per one lot of the whole; stock legs have no strike."""

    option_type: OptionType | None
    strike: Strike | None
    side: Side
    ratio: Annotated[float, Field(gt=0, le=1000)] = 1.0
    bid: Price | None
    ask: Price | None
    bid_size: Size | None = None
    ask_size: Size | None = None
    bid_exchange: Exchange | None = None
    ask_exchange: Exchange | None = None


class ReasonGiven(Model):
    """A reason with its measured value and the limit it was held against (units as the reason's name says)."""

    code: Reason
    value: Ratio | None = None
    limit: Ratio | None = None


class Worth(Model):
    """What could be done at displayed prices.

    `edge_touch` and `edge_net` in dollars per share, before and after all fees; `size` in lots, the smallest quoted
    size over the legs; `worth_usd` at that size, `worth_usd_one` at one lot, both net with the order minimum.
    """

    edge_touch: SignedPrice
    edge_net: SignedPrice
    size: Size
    worth_usd: Dollars
    worth_usd_one: Dollars


class Times(Model):
    """Wall-clock milliseconds along the way. IB quotes carry no exchange time, so `t_exchange` is always null."""

    t_exchange: None = None
    t_recv: WallMs
    t_detect: WallMs
    t_publish: WallMs | None = None


class Markout(Model):
    """Afterwards: at `after_seconds`, the net edge and the delta-hedged mid move in the anomaly's favour, $/share."""

    after_seconds: Annotated[float, Field(gt=0, le=3600)]
    executable: bool | None = None
    edge_net: SignedPrice | None = None
    hedged_mid: SignedPrice | None = None


class Score(Model):
    """How an episode turned out, judged by itself (no truth file): the live precision."""

    markouts: Annotated[list[Markout], Field(max_length=12)]
    moved: Mover


class Anomaly(Model):
    """One anomaly: its life, its worth and its reasons. `timestamp` is the market time of this state.

    Arbitrage kinds name the culprit leg in `strike` and `option_type` if there is one, otherwise their first leg.
    `fair` is the smile's price of that contract, null where no smile decides.
    """

    id: Token
    source: Source
    run: RunId
    day: Day
    symbol: Symbol
    expiry: Day
    kind: Kind
    strike: Strike
    option_type: OptionType
    episode: Annotated[int, Field(ge=1, le=1_000_000)]
    status: EpisodeStatus
    close_reason: CloseReason | None = None
    severity: Severity
    highest_severity: Severity
    state: MarketState
    timestamp: UtcTime
    opened_at: UtcTime
    closed_at: UtcTime | None = None
    bid: Price | None
    ask: Price | None
    fair: Price | None
    iv: Vol | None = None
    fair_iv: Vol | None = None
    delta: Delta | None = None
    z: Ratio | None = None
    z_temporal: Ratio | None = None
    outside: SignedPrice | None = None
    half_spread: Price | None = None
    volume: Volume | None = None
    open_interest: Volume | None = None
    worth: Worth | None = None
    legs: Annotated[tuple[Leg, ...], Field(max_length=8)] = ()
    reasons: Annotated[tuple[ReasonGiven, ...], Field(max_length=12)] = ()
    flags: Annotated[tuple[Flag, ...], Field(max_length=12)] = ()
    times: Times
    quote_age_seconds: Seconds | None = None
    score: Score | None = None

    @model_validator(mode="before")
    @classmethod
    def _drop_computed(cls, data: Any) -> Any:
        """A dumped anomaly reads back: what is computed here is ignored on the way in, never believed."""
        if isinstance(data, dict):
            return {key: value for key, value in data.items() if key not in COMPUTED}
        return data

    @computed_field  # type: ignore[prop-decorator]
    @property
    def mid_price(self) -> float | None:
        """Midpoint of bid and ask, dollars per share; null when a side is missing."""
        if self.bid is None or self.ask is None:
            return None
        return round((self.bid + self.ask) / 2, 6)

    @computed_field  # type: ignore[prop-decorator]
    @property
    def expected_price(self) -> float | None:
        """The older name of `fair`."""
        return self.fair

    @computed_field  # type: ignore[prop-decorator]
    @property
    def deviation_percent(self) -> float | None:
        """(mid - fair) / fair in percent; null when either is missing or fair is zero."""
        mid = self.mid_price
        if mid is None or not self.fair:
            return None
        return round(100 * (mid - self.fair) / self.fair, 4)


def anomaly_id(
    *,
    source: Source,
    run: str,
    day: str,
    symbol: str,
    expiry: str,
    strike: float,
    option_type: OptionType,
    kind: Kind,
    episode: int,
) -> str:
    """The deterministic id of this episode of this kind on this contract, so that every write is an upsert (D5)."""
    right = "C" if option_type is OptionType.CALL else "P"
    return f"{source}.{run}.{day}.{symbol}.{expiry}.{round(strike * 1000):08d}{right}.{kind}.{episode}"
