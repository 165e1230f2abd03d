"""The session's states follow hours, halts and silence."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from apps.market.contract_hours import ContractHours, clock_state
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.market.terms import MarketState
from apps.simulator.families import generate, three_lognormals
from tests.market.chains import NOW, chain_from

HOURS = ContractHours(open=NOW - 3600, close=NOW + 5.5 * 3600, expiry=NOW + 5.5 * 3600)
CHAIN = chain_from(generate(three_lognormals, 3, seconds=5.5 * 3600, window=0.02))


@pytest.mark.parametrize(
    ("after_open", "state"),
    [
        (-0.1, MarketState.PRE_OPEN),
        (0.0, MarketState.OPENING),
        (299.9, MarketState.OPENING),
        (300.0, MarketState.NORMAL),
        (5.5 * 3600 - 0.1, MarketState.NORMAL),
        (5.5 * 3600, MarketState.LATE),
        (6.5 * 3600 - 300.0, MarketState.FINAL),
        (6.5 * 3600, MarketState.CLOSED),
    ],
)
def test_the_clock_alone_knows_these(after_open: float, state: MarketState) -> None:
    assert clock_state(HOURS, HOURS.open + after_open) is state


def test_a_half_day_is_late_an_hour_before_its_own_expiry() -> None:
    short = ContractHours(open=0.0, close=3.5 * 3600, expiry=3.5 * 3600)
    assert clock_state(short, 2.6 * 3600) is MarketState.LATE


def test_a_chain_without_two_sided_quotes_stays_in_its_opening() -> None:
    one_sided = replace(CHAIN, bid=np.where(np.arange(len(CHAIN)) % 2, CHAIN.bid, np.nan))
    assert scan(one_sided, ScanMemory(), ScanSettings(), HOURS).state is MarketState.OPENING
    assert scan(CHAIN, ScanMemory(), ScanSettings(), HOURS).state is MarketState.NORMAL


def test_once_opened_a_wide_moment_does_not_bring_the_opening_back() -> None:
    memory = ScanMemory()
    scan(CHAIN, memory, ScanSettings(), HOURS)
    wide = replace(CHAIN, market_time=NOW + 1, last_packet_time=NOW + 1, ask=CHAIN.ask + 5.0)
    assert scan(wide, memory, ScanSettings(), HOURS).state is MarketState.NORMAL


def test_a_halted_contract_is_halted_alone_and_a_halted_chain_as_a_whole_finds_nothing() -> None:
    one = replace(CHAIN, halted=np.arange(len(CHAIN)) == 5)
    result = scan(one, ScanMemory(), ScanSettings(), HOURS)
    assert result.state is MarketState.NORMAL
    assert [row for row, state in enumerate(result.row_state) if state is MarketState.HALTED] == [5]
    every = replace(CHAIN, halted=np.ones(len(CHAIN), dtype=np.bool_), bid=CHAIN.bid + 1.0)
    result = scan(every, ScanMemory(), ScanSettings(), HOURS)
    assert result.state is MarketState.HALTED
    assert result.findings == ()


def test_a_chain_frozen_for_a_minute_while_the_clock_runs_is_halted() -> None:
    frozen = replace(CHAIN, last_packet_time=NOW - 61.0)
    assert scan(frozen, ScanMemory(), ScanSettings(), HOURS).state is MarketState.HALTED
    quiet = replace(CHAIN, last_packet_time=NOW - 59.0)
    assert scan(quiet, ScanMemory(), ScanSettings(), HOURS).state is MarketState.NORMAL
    overnight = replace(CHAIN, market_time=HOURS.open + 301, last_packet_time=HOURS.open + 290)
    assert scan(overnight, ScanMemory(), ScanSettings(), HOURS).state is not MarketState.HALTED


def test_a_file_scan_has_no_session_and_switches_nothing_off() -> None:
    assert scan(CHAIN, ScanMemory(), ScanSettings()).state is MarketState.NORMAL
