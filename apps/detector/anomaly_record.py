"""Writes an episode's state down as the contract's Anomaly, from the finding and the chain it was seen in. Pure."""

from __future__ import annotations

import math
from datetime import UTC, datetime
from string import ascii_lowercase, ascii_uppercase

from apps.contracts.anomalies import Anomaly, Leg, ReasonGiven, Times, Worth, anomaly_id
from apps.contracts.base import Model
from apps.contracts.enums import (
    CloseReason,
    EpisodeStatus,
    Flag,
    Kind,
    MarketState,
    OptionType,
    Reason,
    Side,
)
from apps.contracts.events import Stream
from apps.detector.cells import number
from apps.detector.episodes import Change
from apps.market.chain import Chain
from apps.market.findings import STOCK_ROW, Finding, FindingLeg, FindingWorth, ScanResult

_PRICE = (0.0, 1e6)
_SIGNED = (-1e6, 1e6)


def instant(market_time: float) -> datetime:
    """Market seconds since 1970 as an aware UTC instant, to the millisecond."""
    return datetime.fromtimestamp(round(market_time, 3), UTC)


def anomaly_of(
    stream: Stream,
    change: Change,
    finding: Finding,
    chain: Chain,
    result: ScanResult,
    *,
    t_recv: float,
    t_detect: float,
) -> Anomaly:
    """The anomaly as it is now. Times in wall milliseconds; `t_publish` is set when it is written to the spool."""
    episode, row = change.episode, finding.row
    kind, strike, is_call = episode.key
    right = OptionType.CALL if is_call else OptionType.PUT
    expiry = chain.expiry.isoformat()
    age = chain.market_time - max(float(chain.bid_time[row]), float(chain.ask_time[row]))
    return Anomaly(
        id=anomaly_id(
            source=stream.source,
            run=stream.run,
            day=stream.day,
            symbol=stream.symbol,
            expiry=expiry,
            strike=strike,
            option_type=right,
            kind=kind,
            episode=episode.number,
        ),
        source=stream.source,
        run=stream.run,
        day=stream.day,
        symbol=stream.symbol,
        expiry=expiry,
        kind=kind,
        strike=strike,
        option_type=right,
        episode=episode.number,
        status=change.status,
        severity=episode.severity,
        highest_severity=episode.highest,
        state=MarketState(result.state),
        timestamp=instant(chain.market_time),
        opened_at=instant(episode.opened_at),
        bid=number(chain.bid[row], 4, *_PRICE),
        ask=number(chain.ask[row], 4, *_PRICE),
        fair=number(finding.fair, 4, *_PRICE),
        iv=number(result.iv[row], 5, 0, 50),
        fair_iv=number(result.fair_iv[row], 5, 0, 50),
        delta=number(result.delta[row], 4, -1, 1),
        z=number(finding.z, 2, *_SIGNED),
        z_temporal=number(finding.z_temporal, 2, *_SIGNED),
        outside=number(finding.outside, 4, *_SIGNED),
        half_spread=number(result.half_spread[row], 4, *_PRICE),
        volume=_count(chain.volume[row], 1e10),
        open_interest=_count(chain.open_interest[row], 1e10),
        worth=_worth(finding.worth),
        legs=tuple(_leg(leg, chain) for leg in finding.legs[:8]),
        reasons=_reasons(finding, held=episode.held),
        flags=tuple(Flag(flag) for flag in finding.flags),
        times=Times(t_recv=round(t_recv, 3), t_detect=round(t_detect, 3)),
        quote_age_seconds=number(max(age, 0.0), 3, 0, 1e9),
    )


def closed(last: Anomaly, change: Change, market_time: float, *, t_recv: float, t_detect: float) -> Anomaly:
    """The last state of the anomaly, ended. What was measured last stays in it."""
    return revised(
        last,
        status=EpisodeStatus.CLOSED,
        close_reason=change.reason or CloseReason.REVERTED,
        timestamp=instant(market_time),
        closed_at=instant(market_time),
        severity=change.episode.severity,
        highest_severity=change.episode.highest,
        times=Times(t_recv=round(t_recv, 3), t_detect=round(t_detect, 3)),
    )


def revised(anomaly: Anomaly, **changes: object) -> Anomaly:
    """A copy with `changes` (values of the right type already)."""
    return anomaly.model_copy(update=changes)


def stamped(body: Model, t_publish: float) -> Model:
    """An anomaly with its publication time; any other body as it is."""
    if isinstance(body, Anomaly):
        return body.model_copy(update={"times": body.times.model_copy(update={"t_publish": t_publish})})
    return body


def episode_key(anomaly: Anomaly) -> tuple[Kind, float, bool]:
    """The episode's key in the life cycle."""
    return anomaly.kind, anomaly.strike, anomaly.option_type is OptionType.CALL


def _leg(leg: FindingLeg, chain: Chain) -> Leg:
    side = Side.BUY if leg.buy else Side.SELL
    if leg.row == STOCK_ROW:
        stock = chain.underlying
        return Leg(
            option_type=None,
            strike=None,
            side=side,
            ratio=leg.ratio,
            bid=number(stock.bid, 4, *_PRICE),
            ask=number(stock.ask, 4, *_PRICE),
        )
    return Leg(
        option_type=OptionType.CALL if chain.is_call[leg.row] else OptionType.PUT,
        strike=float(chain.strike[leg.row]),
        side=side,
        ratio=leg.ratio,
        bid=number(chain.bid[leg.row], 4, *_PRICE),
        ask=number(chain.ask[leg.row], 4, *_PRICE),
        bid_size=_count(chain.bid_size[leg.row], 1e7),
        ask_size=_count(chain.ask_size[leg.row], 1e7),
        bid_exchange=exchange_letters(int(chain.bid_exchange[leg.row])),
        ask_exchange=exchange_letters(int(chain.ask_exchange[leg.row])),
    )


def exchange_letters(mask: int) -> str | None:
    """The broker's letters of an exchange mask (A-Z are bits 0 to 25, a-z 26 to 51), at most 12; None if unknown."""
    letters = [letter for bit, letter in enumerate(ascii_uppercase + ascii_lowercase) if mask >> bit & 1]
    return "".join(letters[:12]) or None


def _worth(worth: FindingWorth | None) -> Worth | None:
    if worth is None or not all(map(math.isfinite, (worth.edge_touch, worth.edge_net, worth.worth_usd))):
        return None
    return Worth(
        edge_touch=round(worth.edge_touch, 4),
        edge_net=round(worth.edge_net, 4),
        size=max(0, min(worth.size, 10_000_000)),
        worth_usd=round(worth.worth_usd, 2),
        worth_usd_one=round(worth.worth_usd_one, 2),
    )


def _reasons(finding: Finding, *, held: bool) -> tuple[ReasonGiven, ...]:
    given = [
        ReasonGiven(code=Reason(reason.code), value=_ratio(reason.value), limit=_ratio(reason.limit))
        for reason in finding.reasons
    ]
    if held:
        given.append(ReasonGiven(code=Reason.CAP_PERSISTENCE))
    return tuple(given[:12])


def _ratio(value: float | None) -> float | None:
    return None if value is None else number(value, 4, *_SIGNED)


def _count(value: float, high: float) -> int | None:
    return int(value) if 0 <= value <= high else None
