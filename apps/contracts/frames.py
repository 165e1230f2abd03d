"""Frames: the coalesced, never-repeated picture of the chain. Absolute values, so a lost one heals within 5 s (D7)."""

from __future__ import annotations

from enum import IntFlag
from typing import Annotated, NamedTuple

from pydantic import Field

from apps.contracts.base import (
    Day,
    Delta,
    Model,
    Price,
    Ratio,
    RunId,
    Seconds,
    Sequence,
    SignedPrice,
    Size,
    Strike,
    Symbol,
    UtcTime,
    Vol,
    Volume,
    WallMs,
)
from apps.contracts.enums import DataState, Flag, MarketState, Severity, SmileQuality, Source, StorageState


class QuoteFlag(IntFlag):
    """Flags of one cell as bits, in the order of `FLAG_BITS`; the page shows each as a glyph with a label."""

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


FLAG_BITS: tuple[Flag, ...] = (
    Flag.STALE,
    Flag.CROSSED,
    Flag.LOCKED,
    Flag.ZERO_BID,
    Flag.ONE_SIDED,
    Flag.WIDE,
    Flag.HALTED,
    Flag.DELAYED,
    Flag.OUTLIER,
    Flag.LOW_CONFIDENCE,
)


class Cell(NamedTuple):
    """One contract, absolute. An array on the wire, in this order; unknown is null.

    `right` is "C" or "P"; prices in dollars per share; `deviation` = mid - fair; `age` = market seconds since either
    side was last received; `severity` of the worst open anomaly on this contract.
    """

    strike: Strike
    right: Annotated[str, Field(pattern="^[CP]$")]
    bid: Price | None
    ask: Price | None
    bid_size: Size | None
    ask_size: Size | None
    last: Price | None
    iv: Vol | None
    bid_iv: Vol | None
    ask_iv: Vol | None
    fair_iv: Vol | None
    delta: Delta | None
    volume: Volume | None
    open_interest: Volume | None
    fair: Price | None
    deviation: SignedPrice | None
    z: Ratio | None
    flags: Annotated[int, Field(ge=0, le=1023)]
    severity: Severity | None
    age: Seconds | None


class Frame(Model):
    """One beat. `frame` rises by one within its stream; `as_of_seq` is the last durable event it already reflects.

    `strike_low` to `strike_high` is the subscribed window: a receiver forgets cells outside it. Serialised compactly
    with its invocation envelope it is at most FRAME_BYTES_MAX.
    """

    v: Annotated[int, Field(ge=1, le=1)] = 1
    source: Source
    run: RunId
    symbol: Symbol
    day: Day
    epoch: Sequence
    frame: Annotated[int, Field(ge=1, le=2**53 - 1)]
    as_of_seq: Sequence
    market_time: UtcTime
    t_recv: WallMs | None
    t_detect: WallMs | None
    t_publish: WallMs
    state: MarketState
    data: DataState
    data_age: Seconds | None
    storage: StorageState = StorageState.OK
    smile: SmileQuality
    expiry: Day | None
    seconds_to_expiry: Seconds | None
    beat: Annotated[float, Field(gt=0, le=60)]
    rate: Annotated[float, Field(gt=0, le=1000)] = 1.0
    spot: Price | None
    spot_bid: Price | None = None
    spot_ask: Price | None = None
    forward: Price | None
    atm_vol: Vol | None
    net_flow: Ratio | None = Field(default=None, ge=-1e15, le=1e15)
    strike_low: Strike | None
    strike_high: Strike | None
    cells: Annotated[list[Cell], Field(max_length=400)]
