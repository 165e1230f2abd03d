"""What a finding would be worth: net edge, executable size, dollars after fees and order minimums. Pure; no I/O."""

from __future__ import annotations

import math

from apps.market.arbitrage import Claim
from apps.market.chain import Chain
from apps.market.findings import STOCK_ROW, FindingLeg, FindingWorth
from apps.market.settings import ScanSettings

SHARES = 100.0
"""Shares a contract stands for."""


def arbitrage_worth(chain: Chain, claim: Claim, settings: ScanSettings) -> FindingWorth:
    """A crossing done once at displayed prices: all legs in, held to expiry, one order for the whole set."""
    fees = claim.edge_touch - claim.edge_net
    return _worth(claim.edge_touch, claim.edge_net, fees, lots(chain, claim.legs), orders=1, settings=settings)


def statistical_worth(
    chain: Chain, row: int, *, cheap: bool, fair: float, half_spread: float, settings: ScanSettings
) -> FindingWorth:
    """Enter at the touch, leave at fair less half a spread: two orders, two fees."""
    touch = fair - float(chain.ask[row]) if cheap else float(chain.bid[row]) - fair
    fees = 2 * settings.fee_per_leg
    net = touch - fees - half_spread
    return _worth(touch, net, fees, lots(chain, (FindingLeg(row, cheap),)), orders=2, settings=settings)


def lots(chain: Chain, legs: tuple[FindingLeg, ...]) -> int:
    """Largest whole number of lots displayed on every option leg; a leg of unknown size counts as one contract.

    The stock leg does not bound it: SPY's own displayed size is not part of the option chain and is far larger.
    """
    least = math.inf
    for leg in legs:
        if leg.row == STOCK_ROW:
            continue
        size = float((chain.ask_size if leg.buy else chain.bid_size)[leg.row])
        least = min(least, (1.0 if math.isnan(size) else size) / max(leg.ratio, 1e-9))
    return int(least + 1e-9) if math.isfinite(least) else 0


def _worth(touch: float, net: float, fees: float, size: int, *, orders: int, settings: ScanSettings) -> FindingWorth:
    """`fees` is the per-share fee part of `touch - net`; each order pays at least the order minimum."""
    minimum = orders * settings.order_minimum_usd

    def dollars(count: int) -> float:
        fee = SHARES * fees * count
        return SHARES * net * count - max(minimum - fee, 0.0) if count else 0.0

    return FindingWorth(touch, net, size, dollars(size), dollars(1))
