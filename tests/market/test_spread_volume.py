"""SPREAD and VOLUME: against neighbours and their own session, never on the first observation."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from apps.market.findings import ScanResult
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.market.terms import Kind, Severity
from apps.simulator.families import generate, three_lognormals
from tests.market.chains import NOW, chain_from

CHAIN = chain_from(generate(three_lognormals, 3, seconds=3 * 3600, window=0.02))
ROW = int(np.flatnonzero((np.round(100 * (CHAIN.ask - CHAIN.bid)) >= 2) & (np.abs(CHAIN.strike - 690) < 4))[0])
"""A contract near the money, at least two cents wide."""


def run(minutes: float, *, widen: float = 1.0, trades: float = 0.0, step: float = 10.0) -> list[ScanResult]:
    """A clean chain; in the last two minutes the row is `widen` times as wide and trades `trades` a minute."""
    chain = CHAIN
    memory, results = ScanMemory(), []
    volume = np.full(len(chain), 1000.0)
    for tick in range(int(minutes * 60 / step)):
        now = NOW + tick * step
        late = tick * step >= minutes * 60 - 120
        volume = volume + 5 * step / 60
        bid, ask = chain.bid.copy(), chain.ask.copy()
        if late:
            volume[ROW] += trades * step / 60
            middle, half = (bid[ROW] + ask[ROW]) / 2, widen * (ask[ROW] - bid[ROW]) / 2
            bid[ROW], ask[ROW] = round(middle - half, 2), round(middle + half, 2)
        live = replace(chain, market_time=now, last_packet_time=now, bid=bid, ask=ask, volume=volume.copy())
        results.append(scan(live, memory, ScanSettings()))
    return results


def kinds(results: list[ScanResult], kind: Kind) -> list[tuple[int, Severity]]:
    return [(found.row, found.severity) for result in results for found in result.findings if found.kind is kind]


def test_a_quote_five_times_as_wide_as_its_neighbours_and_its_norm_is_a_low_spread_finding() -> None:
    found = kinds(run(6, widen=5.0), Kind.SPREAD)
    assert set(found) == {(ROW, Severity.LOW)}


def test_a_spread_finding_is_never_more_than_medium_and_has_no_legs_and_no_worth() -> None:
    results = run(6, widen=40.0)
    assert set(kinds(results, Kind.SPREAD)) == {(ROW, Severity.MEDIUM)}
    one = next(found for found in results[-1].findings if found.kind is Kind.SPREAD)
    assert (one.legs, one.worth) == ((), None)


def test_a_wide_quote_in_the_first_scans_is_no_finding_for_nobody_knows_what_is_usual() -> None:
    assert kinds(run(1.5, widen=40.0), Kind.SPREAD) == []


def test_a_burst_of_trades_in_one_contract_is_a_volume_finding_once_its_window_is_over() -> None:
    found = kinds(run(12, trades=2000.0), Kind.VOLUME)
    assert {row for row, _ in found} == {ROW}
    assert {severity for _, severity in found} <= {Severity.LOW, Severity.MEDIUM}


def test_the_first_reading_of_a_day_of_volume_is_never_a_rate() -> None:
    assert kinds(run(2, trades=1e6), Kind.VOLUME) == []


def test_a_quiet_session_has_neither() -> None:
    results = run(12)
    assert kinds(results, Kind.SPREAD) == kinds(results, Kind.VOLUME) == []
