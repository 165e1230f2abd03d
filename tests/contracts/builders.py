"""Valid models in one call, with whatever the test cares about overridden."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from apps.contracts.anomalies import Anomaly, Times, anomaly_id
from apps.contracts.enums import (
    DataState,
    EpisodeStatus,
    Kind,
    MarketState,
    OptionType,
    Severity,
    SmileQuality,
    Source,
)
from apps.contracts.events import AnomalyEvent
from apps.contracts.frames import Cell, Frame

MARKET_TIME = datetime(2025, 5, 19, 14, 5, tzinfo=UTC)
DAY = "2025-05-19"


def make_anomaly(**override: Any) -> Anomaly:
    """An open RESIDUAL anomaly on the 594 call."""
    strike = override.get("strike", 594.0)
    option_type = override.get("option_type", OptionType.CALL)
    kind = override.get("kind", Kind.RESIDUAL)
    episode = override.get("episode", 1)
    source = override.get("source", Source.SIMULATED)
    run = override.get("run", "test")
    identity = anomaly_id(
        source=source,
        run=run,
        day=DAY,
        symbol="SPY",
        expiry=DAY,
        strike=strike,
        option_type=option_type,
        kind=kind,
        episode=episode,
    )
    fields: dict[str, Any] = {
        "id": identity,
        "source": source,
        "run": run,
        "day": DAY,
        "symbol": "SPY",
        "expiry": DAY,
        "kind": kind,
        "strike": strike,
        "option_type": option_type,
        "episode": episode,
        "status": EpisodeStatus.OPEN,
        "severity": Severity.LOW,
        "highest_severity": Severity.LOW,
        "state": MarketState.NORMAL,
        "timestamp": MARKET_TIME,
        "opened_at": MARKET_TIME,
        "bid": 1.20,
        "ask": 1.22,
        "fair": 1.25,
        "times": Times(t_recv=1.0, t_detect=2.0),
    }
    return Anomaly(**{**fields, **override})


def make_anomaly_event(seq: int, **override: Any) -> AnomalyEvent:
    """A durable event holding `make_anomaly(**override)`."""
    return AnomalyEvent(seq=seq, market_time=MARKET_TIME, t_publish=3.0, body=make_anomaly(**override))


def make_cell(strike: float = 594.0, right: str = "C", **override: Any) -> Cell:
    """A cell whose every field is known."""
    known = Cell(
        strike,
        right,
        1.2,
        1.22,
        10,
        12,
        1.21,
        0.14,
        0.139,
        0.141,
        0.142,
        0.5,
        1000,
        2000,
        1.25,
        -0.04,
        -3.6,
        0,
        None,
        0.4,
    )
    return known._replace(**override)


def make_frame(number: int = 1, **override: Any) -> Frame:
    """A live frame of the calibrated day with one cell."""
    fields: dict[str, Any] = {
        "source": Source.SIMULATED,
        "run": "test",
        "symbol": "SPY",
        "day": DAY,
        "epoch": 1,
        "frame": number,
        "as_of_seq": 0,
        "market_time": MARKET_TIME,
        "t_recv": 1.0,
        "t_detect": 2.0,
        "t_publish": 3.0,
        "state": MarketState.NORMAL,
        "data": DataState.LIVE,
        "data_age": 0.1,
        "smile": SmileQuality.GOOD,
        "expiry": DAY,
        "seconds_to_expiry": 21_300.0,
        "beat": 0.05,
        "spot": 594.0,
        "forward": 594.0,
        "atm_vol": 0.14,
        "strike_low": 582.0,
        "strike_high": 606.0,
        "cells": [make_cell()],
    }
    return Frame(**{**fields, **override})
