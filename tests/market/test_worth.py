"""Worth: what could be done at displayed size, after fees and order minimums."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from apps.market.arbitrage import Claim
from apps.market.findings import STOCK_ROW, FindingLeg
from apps.market.settings import ScanSettings
from apps.market.terms import Kind
from apps.market.worth import arbitrage_worth, lots, statistical_worth
from tests.market.chains import chain_of

CHAIN = chain_of([600, 601], [True, True], [1.0, 1.2], [1.02, 1.22], bid_size=np.array([7.0, 30.0]))
LEGS = (FindingLeg(0, True), FindingLeg(1, False))


def test_the_size_is_the_smallest_displayed_size_over_the_legs_and_their_ratios() -> None:
    assert lots(CHAIN, LEGS) == 30
    assert lots(CHAIN, (FindingLeg(0, False), FindingLeg(1, False, 0.5))) == 7
    assert lots(CHAIN, (FindingLeg(0, True), FindingLeg(STOCK_ROW, False))) == 50


def test_an_unknown_size_counts_as_one_contract_and_a_zero_size_as_none() -> None:
    assert lots(replace(CHAIN, ask_size=np.full(2, np.nan)), LEGS) == 1
    assert lots(replace(CHAIN, bid_size=np.zeros(2)), LEGS) == 0


def test_a_crossing_pays_each_leg_once_and_at_least_the_order_minimum() -> None:
    settings = ScanSettings()
    claim = Claim(Kind.VERTICAL, LEGS, 0.18, 0.165)
    worth = arbitrage_worth(CHAIN, claim, settings)
    assert worth.worth_usd == pytest.approx(30 * 16.5)
    assert worth.worth_usd_one == pytest.approx(16.5)
    dear = ScanSettings(order_minimum_usd=5.0)
    assert arbitrage_worth(CHAIN, claim, dear).worth_usd_one == pytest.approx(18.0 - 5.0)


def test_a_residual_pays_two_fees_and_leaves_half_a_spread_at_the_exit() -> None:
    worth = statistical_worth(CHAIN, 0, cheap=True, fair=1.10, half_spread=0.01, settings=ScanSettings())
    assert worth.edge_touch == pytest.approx(0.08)
    assert worth.edge_net == pytest.approx(0.08 - 0.015 - 0.01)
    assert worth.worth_usd_one == pytest.approx(100 * 0.055 - 0.5)
    rich = statistical_worth(CHAIN, 1, cheap=False, fair=1.15, half_spread=0.01, settings=ScanSettings())
    assert rich.edge_touch == pytest.approx(0.05)


def test_without_size_there_is_nothing_to_earn() -> None:
    none = replace(CHAIN, ask_size=np.zeros(2))
    worth = arbitrage_worth(none, Claim(Kind.VERTICAL, LEGS, 0.18, 0.165), ScanSettings())
    assert (worth.size, worth.worth_usd) == (0, 0.0)
