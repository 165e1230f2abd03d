"""Executable crossings: found at displayed prices after fees, and never invented."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.market.arbitrage import Claim, american_allowance, executable, find_claims
from apps.market.chain import Chain, Underlying
from apps.market.findings import STOCK_ROW
from apps.market.grid import grid_of
from apps.market.settings import ScanSettings
from apps.market.terms import Kind
from apps.simulator.families import FAMILIES, Mixture, generate, prices, three_lognormals
from tests.market.chains import NOW, chain_from, chain_of

SETTINGS = ScanSettings()


def claims_of(chain: Chain, settings: ScanSettings = SETTINGS) -> list[Claim]:
    return find_claims(chain, grid_of(chain.strike, chain.is_call), executable(chain), settings)


def fair_chain_at(strikes: list[float], forward: float = 600.0) -> Chain:
    """Calls and puts at their fair values, two cents wide, not rounded."""
    mixture = three_lognormals(np.random.default_rng(1), 0.004, forward)
    mixture = Mixture(mixture.weight, mixture.mean * forward / mixture.forward, mixture.deviation)
    strike = np.array(strikes * 2)
    is_call = np.arange(strike.size) < len(strikes)
    fair = prices(mixture, strike, is_call) + 0.02
    return chain_of(strike, is_call, fair - 0.01, fair + 0.01)


def moved(chain: Chain, strike: float, is_call: bool, by: float) -> Chain:
    row = (chain.strike == strike) & (chain.is_call == is_call)
    return replace(chain, bid=np.where(row, chain.bid + by, chain.bid), ask=np.where(row, chain.ask + by, chain.ask))


def stock(bid: float, ask: float, *, derived: bool = False) -> Underlying:
    return Underlying(bid, ask, (bid + ask) / 2, NOW, NOW, derived)


def test_a_fair_chain_with_unequal_strike_gaps_has_no_crossing() -> None:
    assert claims_of(fair_chain_at([590, 592.5, 595, 596, 597, 598, 599, 599.5, 600, 601, 602, 605, 610])) == []


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_untouched_generated_chains_have_no_crossing(family: str) -> None:
    for seed in range(40):
        generated = generate(FAMILIES[family], seed, seconds=3 * 3600, window=0.02)
        assert claims_of(chain_from(generated)) == [], f"seed {seed}"


def test_a_call_bid_above_the_ask_of_a_lower_strike_is_a_vertical_with_its_legs_and_fees() -> None:
    chain = fair_chain_at([598, 599, 600, 601, 602])
    chain = moved(chain, 600, True, 2.0)
    low = int(np.flatnonzero((chain.strike == 599) & chain.is_call)[0])
    body = int(np.flatnonzero((chain.strike == 600) & chain.is_call)[0])
    found = [c for c in claims_of(chain) if c.kind is Kind.VERTICAL and {leg.row for leg in c.legs} == {low, body}]
    assert len(found) == 1
    claim = found[0]
    assert {(leg.row, leg.buy) for leg in claim.legs} == {(low, True), (body, False)}
    assert claim.edge_touch == pytest.approx(chain.bid[body] - chain.ask[low])
    assert claim.edge_net == pytest.approx(claim.edge_touch - 2 * SETTINGS.fee_per_leg)


def test_a_vertical_worth_more_than_its_width_is_sold() -> None:
    chain = moved(fair_chain_at([598, 599, 600, 601, 602]), 598, True, 1.5)
    assert any(
        c.kind is Kind.VERTICAL and any(not leg.buy and chain.strike[leg.row] == 598 for leg in c.legs)
        for c in claims_of(chain)
    )


def test_a_butterfly_on_unequal_gaps_uses_the_weights_of_the_gaps() -> None:
    chain = moved(fair_chain_at([596, 598, 599, 600]), 598, False, 0.35)
    found = [c for c in claims_of(chain) if c.kind is Kind.BUTTERFLY]
    wide = next(c for c in found if {float(chain.strike[leg.row]) for leg in c.legs} == {596.0, 598.0, 599.0})
    ratios = {float(chain.strike[leg.row]): leg.ratio for leg in wide.legs}
    assert ratios == {598.0: 1.0, 596.0: pytest.approx(1 / 3), 599.0: pytest.approx(2 / 3)}


def test_boxes_cross_in_both_directions_and_pay_the_american_allowance() -> None:
    chain = fair_chain_at([599, 601])
    for by in (0.3, -0.3):
        boxes = [c for c in claims_of(moved(chain, 599, True, by)) if c.kind is Kind.BOX]
        assert len(boxes) == 1
        assert len(boxes[0].legs) == 4
    european = [c for c in claims_of(replace(moved(chain, 599, True, 0.3), american=False)) if c.kind is Kind.BOX]
    american = [c for c in claims_of(moved(chain, 599, True, 0.3)) if c.kind is Kind.BOX]
    allowance = american_allowance(chain, SETTINGS, 601.0)
    assert european[0].edge_touch - american[0].edge_touch == pytest.approx(allowance)
    assert 0.005 < allowance < 0.012


def test_parity_against_the_stock_is_off_when_the_line_is_itself_a_parity_forward() -> None:
    chain = fair_chain_at([598, 599, 600, 601, 602])
    against = replace(chain, underlying=stock(599.00, 599.01))
    kinds = {c.kind for c in claims_of(against)}
    assert Kind.PARITY in kinds
    assert all(any(leg.row == STOCK_ROW for leg in c.legs) for c in claims_of(against) if c.kind is Kind.PARITY)
    assert claims_of(replace(chain, underlying=stock(599.00, 599.01, derived=True))) == []


@pytest.mark.parametrize("quote", [(np.nan, np.nan), (600.0, np.nan), (600.0, 600.0), (600.1, 600.0), (0.0, 1.0)])
def test_an_unusable_stock_quote_makes_no_claim(quote: tuple[float, float]) -> None:
    assert claims_of(replace(fair_chain_at([598, 600, 602]), underlying=stock(*quote))) == []


def test_a_call_asked_below_intrinsic_and_a_put_bid_above_its_strike_are_bounds() -> None:
    chain = replace(fair_chain_at([590, 600]), underlying=stock(600.0, 600.01))
    cheap = moved(chain, 590, True, -0.5)
    assert any(c.kind is Kind.BOUND and len(c.legs) == 2 for c in claims_of(cheap))
    dear = moved(chain, 590, False, 592)
    assert any(c.kind is Kind.BOUND and len(c.legs) == 1 for c in claims_of(dear))


def test_a_crossed_quote_never_makes_an_executable_claim() -> None:
    chain = fair_chain_at([598, 599, 600, 601, 602])
    row = (chain.strike == 600) & chain.is_call
    crossed = replace(chain, bid=np.where(row, chain.bid + 3, chain.bid))
    assert claims_of(crossed) == []
    halted = replace(moved(chain, 600, True, 3.0), halted=row)
    assert claims_of(halted) == []


def test_an_edge_inside_the_fees_is_not_money() -> None:
    chain = chain_of([599, 600], [True, True], [1.00, 1.01], [1.00 - 0.001, 1.02])
    assert claims_of(replace(chain, bid=np.array([0.98, 1.01]))) == []
    assert claims_of(replace(chain, bid=np.array([0.98, 1.02]), ask=np.array([1.0, 1.04])))[0].edge_net > 0


@settings(deadline=None)
@given(
    st.lists(st.floats(1, 20).map(lambda gap: round(gap, 1)), min_size=1, max_size=12),
    st.integers(0, 2**31),
    st.booleans(),
)
def test_every_claim_pays_its_edge_whatever_the_stock_does(gaps: list[float], seed: int, american: bool) -> None:
    """Buy and sell the legs at displayed prices, hold to expiry: at no price may one end with less than the edge."""
    rng = np.random.default_rng(seed)
    strikes = 500 + np.cumsum(gaps)
    strike = np.concatenate([strikes, strikes])
    is_call = np.arange(strike.size) < strikes.size
    mid = np.maximum(np.where(is_call, 505 - strike, strike - 505), 0) + rng.uniform(0, 4, strike.size)
    chain = chain_of(strike, is_call, np.maximum(mid - 0.05, 0), mid + 0.05, american=american)
    ends = np.concatenate([[0.0, 1.0], strikes, strikes + 0.5, [5000.0]])
    for claim in claims_of(chain):
        cash = sum(leg.ratio * (-chain.ask[leg.row] if leg.buy else chain.bid[leg.row]) for leg in claim.legs)
        value = np.full(ends.size, float(cash))
        for leg in claim.legs:
            sign = 1 if chain.is_call[leg.row] else -1
            value += leg.ratio * (1 if leg.buy else -1) * np.maximum(sign * (ends - strike[leg.row]), 0)
        assert value.min() >= claim.edge_touch - 1e-9, claim


@pytest.mark.parametrize("n", [0, 1, 2])
def test_hardly_any_contracts_make_no_claim_and_no_error(n: int) -> None:
    assert claims_of(chain_of([600.0] * n, [True, False][:n], [1.0] * n, [1.1] * n)) == []
