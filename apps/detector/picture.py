"""The newest picture as frames: keeps what the last scan saw and gives the publisher what is due. Sends nothing."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field

import numpy as np

from apps.contracts.enums import DataState, MarketState, Severity, SmileQuality, StorageState
from apps.contracts.events import Stream
from apps.contracts.frames import Frame
from apps.detector.anomaly_record import instant
from apps.detector.cells import cells_of, number
from apps.detector.frames import ComposedFrame, FrameComposer
from apps.detector.sampler import spot_of
from apps.market.chain import Chain
from apps.market.findings import ScanResult
from apps.service.clock import Clock, wall_ms

ARRIVALS_KEPT = 1_000
_GOLDEN = 0.6180339887498949


@dataclass(slots=True)
class Seen:
    """One scan as the page shall see it."""

    chain: Chain
    result: ScanResult
    severities: Mapping[tuple[float, bool], Severity]
    arrivals: tuple[float, ...]
    t_detect: float
    net_flow: float


@dataclass(slots=True)
class Truth:
    """What stands in every frame besides the chain."""

    data: DataState
    data_age: float | None
    state: MarketState
    as_of_seq: int
    storage: StorageState


@dataclass(slots=True)
class Picture:
    """`truth()` is asked for every frame, so that no frame says live while data is not."""

    stream: Stream
    clock: Clock
    beat_seconds: float
    truth: Callable[[], Truth]
    composer: FrameComposer = field(default_factory=FrameComposer)
    _seen: Seen | None = None
    _arrivals: list[tuple[float, float]] = field(default_factory=list)
    """Receive and detect times of the packets that no frame has shown yet."""

    _picks: int = 0

    def show(self, seen: Seen) -> None:
        """A newer scan."""
        self._arrivals += ((arrival, seen.t_detect) for arrival in seen.arrivals[:ARRIVALS_KEPT])
        del self._arrivals[:-ARRIVALS_KEPT]
        self._seen = seen

    def compose(self) -> list[ComposedFrame]:
        """Frames of this beat."""
        if self._arrivals and self._seen is not None:
            self.composer.update(cells_of(self._seen.chain, self._seen.result, self._seen.severities))
        base = self._header()
        frames = self.composer.compose(lambda number: base.model_copy(update={"frame": number}), time.monotonic())
        if frames:
            self._arrivals.clear()
            self._picks += 1
        return frames

    def _pick(self) -> tuple[float | None, float | None]:
        """Times of one of the packets this beat shows, another place in the row each time (golden-ratio steps).

        A beat shows many packets and has room for one time. Picked evenly, the quantiles that a page measures over
        frames are those of packets; the oldest each time would be too dark, the newest too bright.
        """
        if not self._arrivals:
            return None, None
        arrival, detect = self._arrivals[int(len(self._arrivals) * (self._picks * _GOLDEN % 1))]
        return round(arrival, 1), round(detect, 1)

    def _header(self) -> Frame:
        truth, now = self.truth(), self.clock.now()
        t_recv, t_detect = self._pick()
        known = _nothing() if self._seen is None else _chain_header(self._seen, now)
        if truth.data is not DataState.LIVE:
            known["smile"] = SmileQuality.NONE  # there is none of quotes that are not live
        return Frame.model_validate(
            {
                **self.stream.model_dump(),
                "frame": 1,
                "as_of_seq": truth.as_of_seq,
                "market_time": instant(now),
                "t_publish": round(wall_ms(), 1),
                "state": truth.state,
                "data": truth.data,
                "data_age": None if truth.data_age is None else round(truth.data_age, 2),
                "storage": truth.storage,
                "beat": self.beat_seconds,
                "rate": self.clock.rate,
                **known,
                "t_recv": t_recv,
                "t_detect": t_detect,
                "cells": [],
            }
        )


def _chain_header(seen: Seen, now: float) -> dict[str, object]:
    chain, result = seen.chain, seen.result
    left = chain.seconds_to_expiry - (now - chain.market_time)
    return {
        "smile": SmileQuality(result.smile),
        "expiry": chain.expiry.isoformat(),
        "seconds_to_expiry": round(max(0.0, left), 1),
        "spot": spot_of(chain),
        "spot_bid": number(chain.underlying.bid, 4, 0, 1e6),
        "spot_ask": number(chain.underlying.ask, 4, 0, 1e6),
        "forward": number(result.forward, 3, 0, 1e6),
        "atm_vol": number(result.atm_vol, 4, 0, 50),
        "net_flow": number(seen.net_flow, 0, -1e15, 1e15),
        "strike_low": float(np.min(chain.strike)) if len(chain) else None,
        "strike_high": float(np.max(chain.strike)) if len(chain) else None,
    }


def _nothing() -> dict[str, object]:
    unknown = (
        "expiry",
        "seconds_to_expiry",
        "spot",
        "spot_bid",
        "spot_ask",
        "forward",
        "atm_vol",
        "net_flow",
        "strike_low",
        "strike_high",
    )
    return {"smile": SmileQuality.NONE, **dict.fromkeys(unknown)}
