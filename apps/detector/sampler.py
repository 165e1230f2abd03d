"""Samples of the market, flow, gamma and smile as durable events, each at its own pace. Pure; the times are given."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from apps.contracts.enums import MarketState, OptionType, SmileQuality
from apps.contracts.events import Flow, Gamma, GammaStrike, Market, Smile, SmilePoint
from apps.detector.cells import number
from apps.market.black import greeks
from apps.market.calendar import years_between
from apps.market.chain import Chain
from apps.market.findings import ScanResult
from apps.market.flow import FlowTotals
from apps.market.gamma import gamma_exposure
from apps.market.terms import QuoteBit

Sample = Market | Flow | Gamma | Smile

PERIODS: dict[type[Sample], float] = {Market: 1.0, Flow: 5.0, Gamma: 15.0, Smile: 5.0}
"""Market seconds between two samples of a kind."""

WALL_SECONDS = 1.0
"""No kind oftener than this on the wall, however fast the simulated clock runs."""

_DOLLARS = 1e15


@dataclass(slots=True)
class Sampler:
    """Remembers when each kind was last sampled."""

    _last: dict[type[Sample], tuple[float, float]] = field(default_factory=dict)

    def due(self, now: float, wall: float) -> set[type[Sample]]:
        """Kinds whose time has come at market time `now` and wall time `wall` (both seconds); marks them as taken."""
        kinds = {kind for kind in PERIODS if self._is_due(kind, now, wall)}
        for kind in kinds:
            self._last[kind] = (now, wall)
        return kinds

    def take(self, chain: Chain, result: ScanResult, flow: FlowTotals, *, now: float, wall: float) -> list[Sample]:
        """The samples that are due."""
        kinds = self.due(now, wall)
        samples: list[Sample] = []
        if Market in kinds:
            samples.append(market_of(chain, result))
        if Flow in kinds:
            samples.append(flow_of(chain, flow))
        if Gamma in kinds and (gamma := gamma_of(chain, result)) is not None:
            samples.append(gamma)
        if Smile in kinds:
            samples.append(smile_of(chain, result))
        return samples

    def _is_due(self, kind: type[Sample], now: float, wall: float) -> bool:
        if kind not in self._last:
            return True
        market, real = self._last[kind]
        return (now - market >= PERIODS[kind] - 1e-6 and wall - real >= WALL_SECONDS - 0.05) or now < market


def market_of(chain: Chain, result: ScanResult) -> Market:
    """The underlying and its forward."""
    stock = chain.underlying
    volume = stock.volume
    return Market(
        price=spot_of(chain),
        bid=number(stock.bid, 4, 0, 1e6),
        ask=number(stock.ask, 4, 0, 1e6),
        last=number(stock.last, 4, 0, 1e6),
        volume=int(volume) if 0 <= volume <= 1e10 else None,
        previous_close=number(stock.previous_close, 4, 0, 1e6),
        forward=number(result.forward, 4, 0, 1e6),
        atm_vol=number(result.atm_vol, 5, 0, 50),
        state=MarketState(result.state),
    )


def flow_of(chain: Chain, totals: FlowTotals) -> Flow:
    """Signed premium since the open."""
    return Flow(
        cum_call_flow=_dollars(totals.calls),
        cum_put_flow=_dollars(totals.puts),
        net_flow=_dollars(totals.net),
        spy_price=spot_of(chain),
    )


def gamma_of(chain: Chain, result: ScanResult) -> Gamma | None:
    """Gamma exposure by strike; None while no contract has a vol and an open interest."""
    spot = spot_of(chain)
    if spot is None or not np.isfinite(result.forward):
        return None
    years = years_between(chain.market_time, chain.market_time + chain.seconds_to_expiry)
    gamma = greeks(result.forward, chain.strike, chain.is_call, result.fair_iv, years).gamma
    exposure = gamma_exposure(chain.strike, chain.is_call, gamma, chain.open_interest, spot)
    if not exposure.known:
        return None
    strikes = [
        GammaStrike(strike=strike, gex=_dollars(net))
        for strike, net in zip(exposure.strike.tolist(), exposure.net.tolist(), strict=True)
        if np.isfinite(net)
    ]
    return Gamma(net_gex=_dollars(exposure.total), strikes=strikes[:400])


def smile_of(chain: Chain, result: ScanResult) -> Smile:
    """The fitted smile with every contract's implied vols."""
    points = [
        SmilePoint(
            strike=strike,
            option_type=OptionType.CALL if call else OptionType.PUT,
            bid_iv=number(result.bid_iv[row], 4, 0, 50),
            ask_iv=number(result.ask_iv[row], 4, 0, 50),
            fair_iv=number(result.fair_iv[row], 4, 0, 50),
            outlier=bool(result.quote_flags[row] & int(QuoteBit.OUTLIER)),
        )
        for row, (strike, call) in enumerate(zip(chain.strike.tolist(), chain.is_call.tolist(), strict=True))
    ]
    return Smile(
        quality=SmileQuality(result.smile),
        forward=number(result.forward, 4, 0, 1e6),
        atm_vol=number(result.atm_vol, 5, 0, 50),
        degree=result.degree,
        share_inside=number(result.share_inside, 4, 0, 1),
        points=points[:400],
    )


def spot_of(chain: Chain) -> float | None:
    """Midpoint of the underlying, its last price when a side is missing, None when both are unknown."""
    mid = number(chain.underlying.mid, 4, 0, 1e6)
    return mid if mid is not None else number(chain.underlying.last, 4, 0, 1e6)


def _dollars(value: float) -> float:
    return round(max(-_DOLLARS, min(_DOLLARS, value)), 2)
