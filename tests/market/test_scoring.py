"""Afterwards: an episode is scored by what its own legs did next."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest

from apps.market.chain import Chain
from apps.market.findings import Finding, ScanResult
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.scoring import Mover, Watch, markout, watch, watch_from, who_moved
from apps.market.settings import ScanSettings
from apps.market.terms import Kind
from apps.simulator.families import generate, three_lognormals
from tests.market.chains import chain_from

SETTINGS = ScanSettings()
CLEAN = chain_from(generate(three_lognormals, 3, seconds=3 * 3600, window=0.02))
ROW = int(np.flatnonzero((CLEAN.strike == 691) & CLEAN.is_call)[0])


def shifted(by: float, row: int = ROW) -> Chain:
    bid, ask = CLEAN.bid.copy(), CLEAN.ask.copy()
    bid[row] += by
    ask[row] += by
    return replace(CLEAN, bid=np.round(bid, 2), ask=np.round(ask, 2))


def looked_at(chain: Chain) -> ScanResult:
    return scan(chain, ScanMemory(), SETTINGS)


def opened(by: float, kind: Kind) -> tuple[Watch, Finding]:
    chain = shifted(by)
    result = looked_at(chain)
    finding = next(found for found in result.findings if found.kind is kind)
    watched = watch(finding, result, chain)
    assert watched is not None
    return watched, finding


def test_a_residual_that_comes_back_was_right_and_the_quote_moved() -> None:
    watched, _ = opened(-0.12, Kind.RESIDUAL)
    mark = markout(watched, CLEAN, looked_at(CLEAN), 5.0, SETTINGS)
    assert mark.hedged_mid == pytest.approx(0.12, abs=0.01)
    assert mark.executable is False
    assert who_moved(watched, CLEAN, looked_at(CLEAN)) is Mover.QUOTE


def test_while_the_quote_stays_out_of_line_the_edge_is_still_there_and_nobody_moved() -> None:
    watched, finding = opened(-0.12, Kind.RESIDUAL)
    chain = shifted(-0.12)
    mark = markout(watched, chain, looked_at(chain), 1.0, SETTINGS)
    assert finding.worth is not None
    assert mark.edge_net == pytest.approx(finding.worth.edge_net, abs=0.002)
    assert mark.executable is True
    assert who_moved(watched, chain, looked_at(chain)) is Mover.NEITHER


def test_when_fair_comes_to_the_quote_the_detector_was_wrong_and_the_score_says_so() -> None:
    watched, _ = opened(-0.12, Kind.RESIDUAL)
    chain = shifted(-0.12)
    result = looked_at(chain)
    fair = result.fair.copy()
    fair[ROW] = (chain.bid[ROW] + chain.ask[ROW]) / 2
    assert who_moved(watched, chain, replace(result, fair=fair)) is Mover.FAIR
    assert markout(watched, chain, result, 5.0, SETTINGS).hedged_mid == pytest.approx(0.0, abs=1e-3)


def test_a_crossing_is_marked_by_the_prices_of_its_legs_and_its_constant_payoff() -> None:
    watched, finding = opened(1.0, Kind.VERTICAL)
    assert finding.worth is not None
    still = shifted(1.0)
    assert markout(watched, still, looked_at(still), 1.0, SETTINGS).edge_net == pytest.approx(finding.worth.edge_net)
    gone = markout(watched, CLEAN, looked_at(CLEAN), 1.0, SETTINGS)
    assert gone.executable is False
    assert gone.edge_net == pytest.approx(finding.worth.edge_net - 1.0)


def test_a_leg_that_left_the_chain_is_unknown_not_zero() -> None:
    watched, _ = opened(-0.12, Kind.RESIDUAL)
    rows = np.arange(len(CLEAN)) != ROW
    names = [name for name in CLEAN.__slots__ if isinstance(getattr(CLEAN, name), np.ndarray)]
    smaller = replace(CLEAN, **{name: getattr(CLEAN, name)[rows] for name in names})
    mark = markout(watched, smaller, looked_at(smaller), 1.0, SETTINGS)
    assert (mark.executable, mark.edge_net, mark.hedged_mid) == (None, None, None)
    assert who_moved(watched, smaller, looked_at(smaller)) is Mover.NEITHER


def test_a_watch_survives_json() -> None:
    watched, _ = opened(1.0, Kind.VERTICAL)
    assert watch_from(json.loads(json.dumps(watched.saved(), allow_nan=False))) == watched
