"""The display policy (D22): who sees what of licensed quotes, in the API and on the live channel alike. Pure.

FULL: everything. DELAYED: everything, DISPLAY_DELAY_SECONDS late. DERIVED: no quote and no price from which one can
be recovered. What is taken away in DERIVED, and why it must be all of it:
- bid, ask, sizes, last and the implied vols of the sides are quotes, or quotes in another unit;
- fair, fair vol, delta, forward and spot: a fair deep in the money is forward - strike, delta with the fair vol
  gives the forward, and the fair lies within half a spread of the mid;
- deviation, edges, worth and markouts: with a bound or a fair known they are the price itself (a BOUND's edge plus
  intrinsic value is the ask); worth at a known size is the edge;
- volume beside cumulated premium: a change of premium over a change of volume is the last trade's price. Premium
  totals of the whole chain stay, volumes per contract go; gamma per strike goes for the same reason (with open
  interest it gives the vol), its sum stays;
- free text of signals and status, which may quote a price.
What stays: which contract, kind, severity, reasons without amounts (z-scores stay), flags, states, times, ages,
counts, at-the-money vol to a tenth of a point.
"""

from __future__ import annotations

from collections.abc import Collection
from enum import StrEnum
from typing import Any, TypeVar

from apps.contracts.anomalies import Anomaly, Leg, Score
from apps.contracts.base import Model
from apps.contracts.enums import DisplayPolicy, Reason, Role
from apps.contracts.events import (
    AnomalyEvent,
    Event,
    FlowEvent,
    Gamma,
    GammaEvent,
    Market,
    MarketEvent,
    Signal,
    SignalEvent,
    Smile,
    SmileEvent,
    Status,
    StatusEvent,
)
from apps.contracts.frames import Cell, Frame

T = TypeVar("T", bound=Model)

_CELL_KEEPS = frozenset({"strike", "right", "z", "flags", "severity", "age"})
_NO_QUOTES: dict[str, Any] = {name: None for name in Cell._fields if name not in _CELL_KEEPS}

_DIMENSIONLESS = frozenset({Reason.Z_SCORE, Reason.TEMPORAL_Z, Reason.SPREAD_RATIO, Reason.VOLUME_RATE})


class Audience(StrEnum):
    """A group of viewers who see the same."""

    FULL = "full"
    DELAYED = "delayed"
    DERIVED = "derived"


def audience_of(roles: Collection[Role], policy: DisplayPolicy) -> Audience:
    """Under `derived` nobody sees quotes, the owner included: such a place holds none to leak."""
    if policy is DisplayPolicy.DERIVED:
        return Audience.DERIVED
    if Role.OWNER in roles:
        return Audience.FULL
    return Audience.DELAYED if policy is DisplayPolicy.DELAYED else Audience.DERIVED


def _with(model: T, **changes: object) -> T:
    return model.model_copy(update=changes)


def _vol(value: float | None) -> float | None:
    return None if value is None else round(value, 3)


def derived_cell(cell: Cell) -> Cell:
    """The contract, its z, flags, severity and age."""
    return cell._replace(**_NO_QUOTES)


def derived_frame(frame: Frame) -> Frame:
    """Header without prices, cells without quotes."""
    cells = [derived_cell(cell) for cell in frame.cells]
    gone = dict.fromkeys(("spot", "spot_bid", "spot_ask", "forward"))
    return _with(frame, **gone, atm_vol=_vol(frame.atm_vol), cells=cells)


def _derived_leg(leg: Leg) -> Leg:
    return Leg(option_type=leg.option_type, strike=leg.strike, side=leg.side, ratio=leg.ratio, bid=None, ask=None)


def _derived_score(score: Score | None) -> Score | None:
    if score is None:
        return None
    return _with(score, markouts=[_with(mark, edge_net=None, hedged_mid=None) for mark in score.markouts])


def derived_anomaly(anomaly: Anomaly) -> Anomaly:
    """What, where, how sure; no price, edge or size."""
    gone = dict.fromkeys(
        ("bid", "ask", "fair", "iv", "fair_iv", "delta", "outside", "half_spread", "volume", "open_interest", "worth")
    )
    reasons = tuple(
        reason if reason.code in _DIMENSIONLESS else _with(reason, value=None, limit=None) for reason in anomaly.reasons
    )
    legs = tuple(_derived_leg(leg) for leg in anomaly.legs)
    return _with(anomaly, **gone, legs=legs, reasons=reasons, score=_derived_score(anomaly.score))


def derived_signal(signal: Signal) -> Signal:
    """Which legs, which way, how sure."""
    legs = [_derived_leg(leg) for leg in signal.legs]
    return _with(signal, legs=legs, fair=None, edge_net=None, reason="")


def derived_market(market: Market) -> Market:
    """State and at-the-money vol."""
    return Market(price=None, forward=None, atm_vol=_vol(market.atm_vol), state=market.state)


def derived_smile(smile: Smile) -> Smile:
    """Quality and which strikes were outliers."""
    points = [_with(point, bid_iv=None, ask_iv=None, fair_iv=None) for point in smile.points]
    return _with(smile, forward=None, atm_vol=_vol(smile.atm_vol), points=points)


def derived_gamma(gamma: Gamma) -> Gamma:
    """The sum only."""
    return _with(gamma, strikes=[])


def derived_status(status: Status) -> Status:
    """Without free text."""
    return _with(status, message=None)


def derived_event(event: Event) -> Event:
    """The same event as the derived audience may see it; its seq stays, so that nobody sees a hole."""
    if isinstance(event, AnomalyEvent):
        return _with(event, body=derived_anomaly(event.body))
    if isinstance(event, SignalEvent):
        return _with(event, body=derived_signal(event.body))
    if isinstance(event, MarketEvent):
        return _with(event, body=derived_market(event.body))
    if isinstance(event, FlowEvent):
        return _with(event, body=_with(event.body, spy_price=None))
    return _derived_sample(event)


def _derived_sample(event: Event) -> Event:
    if isinstance(event, SmileEvent):
        return _with(event, body=derived_smile(event.body))
    if isinstance(event, GammaEvent):
        return _with(event, body=derived_gamma(event.body))
    if isinstance(event, StatusEvent):
        return _with(event, body=derived_status(event.body))
    return event
