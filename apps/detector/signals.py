"""Signals: what an episode proposes to a bot, once, when it reaches MEDIUM (P9.11b). Pure; places no order."""

from __future__ import annotations

from datetime import timedelta

from apps.contracts.anomalies import Anomaly, Leg
from apps.contracts.enums import ARBITRAGE_KINDS, SEVERITY_ORDER, Action, Kind, OptionType, Severity, Side
from apps.contracts.events import Signal

ARBITRAGE_VALID_SECONDS = 1.0
REVERSION_VALID_SECONDS = 5.0
_TRADABLE = ARBITRAGE_KINDS | {Kind.RESIDUAL}
"""A wide spread or a burst of volume has no side to take."""


def signal_of(anomaly: Anomaly, epoch: int) -> Signal | None:
    """The signal of an anomaly at MEDIUM or above; None when there is nothing to propose.

    `confidence` orders signals by how far |z| lies beyond the LOW limit of 3.5 (z^2 / (z^2 + 3.5^2)); it is no
    measured probability. Arbitrage without a culprit has 0.5.
    """
    if SEVERITY_ORDER[anomaly.severity] < SEVERITY_ORDER[Severity.MEDIUM] or anomaly.kind not in _TRADABLE:
        return None
    legs = list(anomaly.legs) or _single_leg(anomaly)
    if not legs or anomaly.worth is None:
        return None
    seconds = ARBITRAGE_VALID_SECONDS if anomaly.kind in ARBITRAGE_KINDS else REVERSION_VALID_SECONDS
    action = Action.COMBO if len(legs) > 1 else Action(legs[0].side)
    return Signal(
        signal_id=anomaly.id,
        source=anomaly.source,
        epoch=epoch,
        timestamp=anomaly.timestamp,
        action=action,
        symbol=anomaly.symbol,
        legs=legs,
        fair=anomaly.fair,
        edge_net=anomaly.worth.edge_net,
        reason=_sentence(anomaly, action),
        confidence=_confidence(anomaly),
        valid_until=anomaly.timestamp + timedelta(seconds=seconds),
    )


def _single_leg(anomaly: Anomaly) -> list[Leg]:
    if anomaly.fair is None or anomaly.mid_price is None:
        return []
    side = Side.BUY if anomaly.mid_price < anomaly.fair else Side.SELL
    return [Leg(option_type=anomaly.option_type, strike=anomaly.strike, side=side, bid=anomaly.bid, ask=anomaly.ask)]


def _confidence(anomaly: Anomaly) -> float:
    if anomaly.z is None:
        return 0.5
    squared = anomaly.z**2
    return round(squared / (squared + 3.5**2), 4)


def _sentence(anomaly: Anomaly, action: Action) -> str:
    right = "call" if anomaly.option_type is OptionType.CALL else "put"
    against = f", fair {anomaly.fair:.2f}" if anomaly.fair is not None else ""
    z = f", z {anomaly.z:+.1f}" if anomaly.z is not None else ""
    net = f", net {anomaly.worth.edge_net:+.4f}" if anomaly.worth else ""
    return f"{anomaly.kind} {action} {anomaly.strike:g} {right}: {anomaly.bid} x {anomaly.ask}{against}{z}{net}"
