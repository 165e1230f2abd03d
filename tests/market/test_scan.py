"""The whole scan: what a user would see, for fair chains, planted errors, faults and bad input."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.market.chain import Chain
from apps.market.contract_hours import ContractHours
from apps.market.findings import ScanResult
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.market.terms import ARBITRAGE_KINDS, Flag, Kind, MarketState, QuoteBit, Severity, SmileQuality
from apps.simulator.families import FAMILIES, generate, three_lognormals
from tests.market.chains import EXPIRY, NOW, chain_from, chain_of
from tests.market.sampled_feed import sampled

SETTINGS = ScanSettings()


def fresh(chain: Chain, hours: ContractHours | None = None, limits: ScanSettings = SETTINGS) -> ScanResult:
    return scan(chain, ScanMemory(), limits, hours)


def clean(seed: int = 3, hours_left: float = 3.0, window: float = 0.02) -> Chain:
    return chain_from(generate(three_lognormals, seed, seconds=hours_left * 3600, window=window))


def moved(chain: Chain, row: int, by: float) -> Chain:
    bid, ask = chain.bid.copy(), chain.ask.copy()
    bid[row], ask[row] = round(bid[row] + by, 2), round(ask[row] + by, 2)
    return replace(chain, bid=bid, ask=ask)


def row_of(chain: Chain, strike: float, *, is_call: bool) -> int:
    return int(np.flatnonzero((chain.strike == strike) & (chain.is_call == is_call))[0])


def test_a_call_too_cheap_is_found_named_and_priced_with_its_reasons() -> None:
    chain = clean()
    row = row_of(chain, 691, is_call=True)
    result = fresh(moved(chain, row, -0.12))
    found = [f for f in result.findings if f.row == row and f.kind is Kind.RESIDUAL]
    assert len(found) == 1
    finding = found[0]
    assert (finding.strike, finding.is_call, finding.cheap) == (691.0, True, True)
    assert finding.z < -8
    assert finding.outside == pytest.approx(result.fair[row] - (chain.ask[row] - 0.12))
    assert finding.worth is not None
    assert finding.worth.edge_net < finding.worth.edge_touch == pytest.approx(finding.outside)
    assert {reason.code.value for reason in finding.reasons} >= {"z_score", "outside_quote"}
    assert finding.legs[0].buy
    assert result.quote_flags[row] & QuoteBit.OUTLIER
    assert {f.row for f in result.findings} == {row}


def test_a_crossed_vertical_is_one_finding_with_both_legs_and_the_right_culprit() -> None:
    chain = clean()
    row = row_of(chain, 692, is_call=True)
    lower = row_of(chain, 691, is_call=True)
    result = fresh(moved(chain, row, round(float(chain.ask[lower] - chain.bid[row]), 2) + 0.10))
    crossings = [f for f in result.findings if f.kind in ARBITRAGE_KINDS]
    assert [(f.kind, f.row, f.has_culprit) for f in crossings] == [(Kind.VERTICAL, row, True)]
    finding = crossings[0]
    assert {(leg.row, leg.buy) for leg in finding.legs} >= {(row, False)}
    assert finding.worth is not None
    assert finding.worth.edge_net > 0.02
    assert finding.severity is Severity.HIGH
    assert Flag.ASSIGNMENT in finding.flags


@pytest.mark.parametrize("by", [0.4, -0.4])
def test_in_the_money_errors_are_found_through_the_partner(by: float) -> None:
    chain = clean()
    row = row_of(chain, 684, is_call=True)
    assert row in {f.row for f in fresh(moved(chain, row, by)).findings}


@pytest.mark.parametrize("family", sorted(FAMILIES))
def test_a_dollar_jump_of_the_spot_through_the_sampled_feed_opens_no_arbitrage(family: str) -> None:
    """Half the lines show the old world for up to 100 ms, the stock for 250 ms: no crossing among them is coherent."""
    seed = {"jump": 1, "mixture": 2}[family]
    memory, seen, incoherent = ScanMemory(), [], 0
    for chain in sampled(lambda t: 594.0 if t < 3.02 else 595.0, seconds=6.0, step=0.02, seed=seed):
        result = scan(chain, memory, SETTINGS)
        incoherent += result.counts.claims_incoherent
        seen += [(chain.market_time - NOW, f.kind, f.strike) for f in result.findings if f.kind in ARBITRAGE_KINDS]
    assert incoherent > 0, "the jump made no crossing, so this test proves nothing"
    assert seen == []


def test_a_walking_forward_through_the_sampled_feed_opens_no_arbitrage_and_leaves_no_line_stale() -> None:
    steps = np.cumsum(np.random.default_rng(4).normal(0, 0.01, 2000))
    memory, stale, scans = ScanMemory(), 0, 0
    for chain in sampled(lambda t: 594.0 + float(steps[int(t / 0.1)]), seconds=20.0, step=0.05, seed=5):
        result = scan(chain, memory, SETTINGS)
        assert not [f for f in result.findings if f.kind in ARBITRAGE_KINDS]
        stale += int((result.quote_flags & QuoteBit.STALE > 0).sum())
        scans += 1
    assert stale <= 0.01 * scans * 58


def test_a_frozen_line_is_stale_once_the_forward_has_moved_and_is_not_flagged() -> None:
    memory = ScanMemory()
    frozen: tuple[float, float] | None = None
    for chain in sampled(lambda t: 594.0 + max(0.0, t - 2.0) * 0.05, seconds=8.0, step=0.05, seed=6):
        row = row_of(chain, 594, is_call=True)
        if frozen is None and chain.market_time >= NOW + 1.0:
            frozen = float(chain.bid[row]), float(chain.ask[row])
        if frozen is None:
            scan(chain, memory, SETTINGS)
            continue
        for values, value in ((chain.bid, frozen[0]), (chain.ask, frozen[1])):
            values[row] = value
        for times in (chain.bid_time, chain.ask_time):
            times[row] = NOW + 1.0
        result = scan(chain, memory, SETTINGS)
        assert row not in {f.row for f in result.findings}, chain.market_time - NOW
    assert result.quote_flags[row] & QuoteBit.STALE


def test_a_lasting_crossing_between_lines_of_different_times_is_found_after_one_sampling_round() -> None:
    chain = clean()
    row = row_of(chain, 692, is_call=True)
    crossed = moved(chain, row, 1.0)
    memory, first = ScanMemory(), None
    for tick in range(40):
        now = NOW + 0.05 * tick
        times = np.full(len(chain), NOW - 5.0)
        times[row] = NOW + 0.5 if now >= NOW + 0.5 else NOW - 5.0
        book = crossed if now >= NOW + 0.5 else chain
        live = replace(book, market_time=now, last_packet_time=now, bid_time=times, ask_time=times)
        if first is None and any(f.kind in ARBITRAGE_KINDS for f in scan(live, memory, SETTINGS).findings):
            first = now - NOW - 0.5
    assert first is not None
    assert 0.1 <= first <= 0.26


def test_a_dividend_inside_the_life_turns_boxes_and_parity_off_and_marks_the_rest() -> None:
    chain = replace(clean(), expiry=EXPIRY.replace(day=20), seconds_to_expiry=30 * 3600.0)
    crossed = moved(chain, row_of(chain, 692, is_call=True), 1.0)
    with_dividend = ScanSettings(ex_dates=(EXPIRY.replace(day=20),))
    result = fresh(crossed, limits=with_dividend)
    assert result.counts.claims_dividend > 0
    assert not {f.kind for f in result.findings} & {Kind.BOX, Kind.PARITY}
    assert all(Flag.DIVIDEND in f.flags for f in result.findings)
    same_day = ScanSettings(ex_dates=(EXPIRY,))
    assert fresh(moved(clean(), row_of(clean(), 692, is_call=True), 1.0), limits=same_day).counts.claims_dividend == 0


@pytest.mark.parametrize(
    ("clock", "state"),
    [
        (-60.0, MarketState.PRE_OPEN),
        (60.0, MarketState.OPENING),
        (3600.0, MarketState.NORMAL),
        (5.6 * 3600, MarketState.LATE),
        (6.45 * 3600, MarketState.FINAL),
        (6.5 * 3600, MarketState.CLOSED),
    ],
)
def test_the_state_follows_the_clock_and_quiet_states_find_nothing(clock: float, state: MarketState) -> None:
    hours = ContractHours(open=NOW - clock, close=NOW - clock + 6.5 * 3600, expiry=NOW - clock + 6.5 * 3600)
    chain = clean(hours_left=1.0)
    crossed = moved(chain, row_of(chain, 691, is_call=True), 1.5)
    result = fresh(crossed, hours)
    assert result.state is state
    if state in {MarketState.PRE_OPEN, MarketState.CLOSED}:
        assert result.findings == ()
    else:
        assert result.findings
    if state is MarketState.OPENING:
        assert {f.severity for f in result.findings} == {Severity.LOW}
    if state is MarketState.FINAL:
        assert {f.kind for f in result.findings} <= {Kind.BOUND}


def test_under_the_dearest_venue_s_fee_a_thin_crossing_is_gone_and_a_thick_one_stays() -> None:
    chain = clean()
    row, lower = row_of(chain, 692, is_call=True), row_of(chain, 691, is_call=True)
    for above, survives in ((0.02, False), (0.10, True)):
        crossed = moved(chain, row, round(float(chain.ask[lower] - chain.bid[row]), 2) + above)
        assert any(f.kind in ARBITRAGE_KINDS for f in fresh(crossed).findings)
        legs = [
            f.legs
            for f in fresh(crossed, limits=replace(SETTINGS, fee_per_leg=0.013)).findings
            if f.kind is Kind.VERTICAL
        ]
        assert any({leg.row for leg in pair} == {row, lower} for pair in legs) is survives


def test_an_event_holds_everything_at_low() -> None:
    hours = ContractHours(NOW - 3600, NOW + 20_000, NOW + 20_000)
    chain = clean()
    crossed = moved(chain, row_of(chain, 691, is_call=True), 1.5)
    around = ScanSettings(event_times=(NOW + 299.0,))
    result = fresh(crossed, hours, around)
    assert result.state is MarketState.EVENT
    assert {f.severity for f in result.findings} == {Severity.LOW}


def test_a_cell_of_poor_measured_precision_caps_live_severity_at_low() -> None:
    chain = clean(hours_left=0.5)
    wrong = moved(chain, row_of(chain, 690, is_call=True), 0.3)
    poor = ScanSettings(capped_cells=((0.02, 0.25, 1.0),), kinds=frozenset({Kind.RESIDUAL}))
    found = [f for f in fresh(wrong, limits=poor).findings if len(f.legs) == 1]
    assert found
    assert all(f.severity is Severity.LOW and Flag.LOW_CONFIDENCE in f.flags for f in found)


def test_two_strikes_have_no_smile_but_still_a_box() -> None:
    strikes, rights = [600, 601, 600, 601], [True, True, False, False]
    chain = chain_of(strikes, rights, [1.0, 0.5, 0.98, 1.48], [1.02, 0.52, 1.0, 1.5])
    result = fresh(chain)
    assert result.smile is SmileQuality.NOT_ENOUGH_STRIKES
    assert result.findings == ()
    assert result.forward == pytest.approx(600.02, abs=0.011)
    crossed = fresh(chain_of(strikes, rights, [1.2, 0.5, 0.98, 1.48], [1.22, 0.52, 1.0, 1.5]))
    assert {f.kind for f in crossed.findings} <= ARBITRAGE_KINDS
    assert len(crossed.findings) == 1


QUOTE = st.one_of(st.just(np.nan), st.just(0.0), st.floats(0.01, 50.0).map(lambda x: round(x, 2)))


def test_three_live_strikes_are_no_smile_so_nothing_is_out_of_line_with_one() -> None:
    chain = clean()
    forward = fresh(chain).forward
    nearest = np.argsort(np.abs(chain.strike - forward), kind="stable")[:6]
    near = np.zeros(len(chain), dtype=np.bool_)
    near[nearest] = True
    dead = replace(chain, bid=np.where(near, chain.bid, np.nan), ask=np.where(near, chain.ask, np.nan))
    result = fresh(moved(dead, int(nearest[0]), 0.25))
    assert result.smile is SmileQuality.NOT_ENOUGH_STRIKES
    assert not [found for found in result.findings if found.kind is Kind.RESIDUAL]


def test_a_fit_that_starts_from_the_scan_before_says_what_one_from_the_prior_says() -> None:
    chain, memory = clean(), ScanMemory()
    scan(chain, memory, SETTINGS)
    assert memory.shape is not None
    later = moved(
        replace(chain, market_time=chain.market_time + 0.05, last_packet_time=chain.market_time + 0.05), 20, 0.3
    )
    warm, cold = scan(later, memory, SETTINGS), fresh(later)
    assert {found.row for found in warm.findings} == {found.row for found in cold.findings}
    np.testing.assert_allclose(warm.fair, cold.fair, atol=0.005)


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.tuples(st.integers(580, 600), st.booleans(), QUOTE, QUOTE), max_size=40),
    st.sampled_from([0.0, 1.0, 60.0, 3600.0, 90_000.0]),
    st.booleans(),
)
def test_no_quote_however_bad_makes_an_error_or_an_infinite_number(
    rows: list[tuple[int, bool, float, float]], seconds: float, halted: bool
) -> None:
    unique = {(strike, right): (bid, ask) for strike, right, bid, ask in rows}
    chain = chain_of(
        [strike for strike, _ in unique],
        [right for _, right in unique],
        [bid for bid, _ in unique.values()],
        [ask for _, ask in unique.values()],
        seconds=seconds,
    )
    result = fresh(replace(chain, halted=np.full(len(chain), halted)))
    for finding in result.findings:
        assert finding.worth is not None
        assert np.isfinite(finding.worth.edge_net)
        assert np.isfinite(finding.worth.worth_usd)
    assert np.isfinite(result.fair[np.isfinite(result.z)]).all()


def test_a_quote_three_times_wider_than_its_own_median_is_flagged_wide_and_calm_again_when_it_narrows() -> None:
    chain, memory = clean(), ScanMemory()
    row = row_of(chain, 692, is_call=True)
    scan(chain, memory, SETTINGS)
    half = (chain.ask - chain.bid) / 2
    seen = []
    for step, factor in enumerate((1.0, 2.9, 3.5, 1.0), start=1):
        bid, ask = chain.bid.copy(), chain.ask.copy()
        middle = (bid[row] + ask[row]) / 2
        bid[row], ask[row] = middle - factor * half[row], middle + factor * half[row]
        later = replace(chain, bid=bid, ask=ask, market_time=chain.market_time + step)
        seen.append((scan(later, memory, SETTINGS).quote_flags & QuoteBit.WIDE > 0).nonzero()[0].tolist())
    assert seen == [[], [], [row], []]


def test_a_first_scan_calls_nothing_wide_because_nothing_is_known_to_be_usual() -> None:
    chain = clean()
    assert not (fresh(replace(chain, ask=chain.ask + 1.0)).quote_flags & QuoteBit.WIDE).any()


@pytest.mark.parametrize("by", [0.0, 0.4])
def test_delayed_lines_are_flagged_row_by_row_and_change_nothing_that_is_found(by: float) -> None:
    chain = clean()
    row = row_of(chain, 692, is_call=True)
    chain = moved(chain, row, by) if by else chain
    late = np.arange(len(chain)) % 3 == 0
    plain, flagged = fresh(chain), fresh(replace(chain, delayed=late))
    assert ((flagged.quote_flags & QuoteBit.DELAYED > 0) == late).all()
    assert not (plain.quote_flags & QuoteBit.DELAYED).any()
    assert [repr(finding) for finding in flagged.findings] == [repr(finding) for finding in plain.findings]
    assert bool(plain.findings) is bool(by)


def test_crossed_locked_one_sided_and_zero_bids_are_flagged_as_what_they_are() -> None:
    chain = clean()
    bid, ask = chain.bid.copy(), chain.ask.copy()
    bid[10], ask[10] = 3.0, 2.9
    bid[11], ask[11] = 3.0, 3.0
    bid[12] = np.nan
    flags = fresh(replace(chain, bid=bid, ask=ask)).quote_flags
    assert flags[10] & QuoteBit.CROSSED
    assert flags[11] & QuoteBit.LOCKED
    assert flags[12] & QuoteBit.ONE_SIDED
    assert (flags[chain.bid == 0] & QuoteBit.ZERO_BID).all()
