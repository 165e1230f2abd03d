"""Durable events: what has a `seq`, is kept, and can be fetched again (D7)."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, TypeAdapter

from apps.contracts.anomalies import Anomaly, Leg
from apps.contracts.base import (
    Day,
    Dollars,
    Model,
    Price,
    Ratio,
    RunId,
    Seconds,
    Sequence,
    SignedPrice,
    Strike,
    Symbol,
    Text,
    Token,
    UtcTime,
    Vol,
    Volume,
    WallMs,
)
from apps.contracts.enums import Action, DataState, FeedState, GapReason, MarketState, OptionType, SmileQuality, Source


class Stream(Model):
    """Names one sequence of events and frames: (source, run, symbol, day, epoch)."""

    source: Source
    run: RunId
    symbol: Symbol
    day: Day
    epoch: Sequence


class Status(Model):
    """The detector's own truth about itself, sent when it changes and at least every 10 s."""

    state: MarketState
    data: DataState
    feed: FeedState
    ibkr_connected: bool
    data_age_seconds: Seconds | None
    expiry: Day | None
    smile: SmileQuality
    strikes_subscribed: Annotated[int, Field(ge=0, le=10_000)] = 0
    lines_used: Annotated[int, Field(ge=0, le=10_000)] = 0
    lines_budget: Annotated[int, Field(ge=0, le=10_000)] = 0
    labels: Annotated[tuple[Token, ...], Field(max_length=8)] = ()
    """Origin labels of the source, such as CALIBRATED, DERIVED or ASSUMED-SIZES; shown beside the watermark."""
    message: Text | None = None


class Gap(Model):
    """An interval without data. `ended_at` null while it lasts; the same `started_at` is then sent again closed."""

    started_at: UtcTime
    ended_at: UtcTime | None = None
    reason: GapReason


class Market(Model):
    """A sample of the underlying and its forward, every few market seconds."""

    price: Price | None
    bid: Price | None = None
    ask: Price | None = None
    last: Price | None = None
    volume: Volume | None = None
    previous_close: Price | None = None
    forward: Price | None = None
    atm_vol: Vol | None = None
    state: MarketState


class Flow(Model):
    """Signed premium flow since the session's start, dollars: +ask-side, -bid-side trades (requirements 4.3)."""

    cum_call_flow: Dollars
    cum_put_flow: Dollars
    net_flow: Dollars
    spy_price: Price | None


class GammaStrike(Model):
    """Dealer gamma exposure at one strike, dollars per 1 % move; sign convention in apps/market/gamma.py."""

    strike: Strike
    gex: Dollars


class Gamma(Model):
    """Gamma exposure of the subscribed strikes (x.24: real gamma and open interest)."""

    net_gex: Dollars
    strikes: Annotated[list[GammaStrike], Field(max_length=400)]


class SmilePoint(Model):
    """One strike of the smile plot: bid and ask implied vol, fitted vol, and whether it was judged an outlier."""

    strike: Strike
    option_type: OptionType
    bid_iv: Vol | None = None
    ask_iv: Vol | None = None
    fair_iv: Vol | None = None
    outlier: bool = False


class Smile(Model):
    """The fitted smile of the expiry at one instant."""

    quality: SmileQuality
    forward: Price | None
    atm_vol: Vol | None
    degree: Annotated[int, Field(ge=0, le=6)] | None = None
    share_inside: Annotated[float, Field(ge=0, le=1)] | None = None
    points: Annotated[list[SmilePoint], Field(max_length=400)]


class Signal(Model):
    """Made once when an episode opens at or rises to MEDIUM or above (requirements P9.11b)."""

    signal_id: Token
    source: Source
    epoch: Sequence
    timestamp: UtcTime
    action: Action
    symbol: Symbol
    legs: Annotated[list[Leg], Field(min_length=1, max_length=8)]
    fair: Price | None
    edge_net: SignedPrice | None
    """Dollars per share after all fees; null only where the display policy hides prices."""
    reason: Text
    confidence: Annotated[float, Field(ge=0, le=1)]
    valid_until: UtcTime


class Decision(Model):
    """What a bot made of a signal; posted to /api/decisions."""

    decision_id: Token
    signal_id: Token
    timestamp: UtcTime
    accepted: bool
    rule: Token
    text: Text
    frame: Sequence | None = None
    frame_age_seconds: Seconds | None = None
    source: Source
    score: Ratio | None = None


class _Event(Model):
    seq: Annotated[int, Field(ge=1, le=2**53 - 1)]
    market_time: UtcTime
    t_publish: WallMs


class AnomalyEvent(_Event):
    """An episode opened, changed, closed or was scored."""

    type: Literal["anomaly"] = "anomaly"
    body: Anomaly


class SignalEvent(_Event):
    """A signal for the bot."""

    type: Literal["signal"] = "signal"
    body: Signal


class StatusEvent(_Event):
    """A change of the detector's state."""

    type: Literal["status"] = "status"
    body: Status


class GapEvent(_Event):
    """A gap began or ended."""

    type: Literal["gap"] = "gap"
    body: Gap


class MarketEvent(_Event):
    """A sample of the underlying."""

    type: Literal["market"] = "market"
    body: Market


class FlowEvent(_Event):
    """A sample of the flow totals."""

    type: Literal["flow"] = "flow"
    body: Flow


class GammaEvent(_Event):
    """A sample of gamma exposure."""

    type: Literal["gamma"] = "gamma"
    body: Gamma


class SmileEvent(_Event):
    """A sample of the smile."""

    type: Literal["smile"] = "smile"
    body: Smile


Event = Annotated[
    AnomalyEvent | SignalEvent | StatusEvent | GapEvent | MarketEvent | FlowEvent | GammaEvent | SmileEvent,
    Field(discriminator="type"),
]
EVENT_ADAPTER: TypeAdapter[Event] = TypeAdapter(Event)
