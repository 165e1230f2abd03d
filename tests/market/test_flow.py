"""Signed premium flow: the sign of a trade, what never counts, sessions, and checkpoints."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import pytest

from apps.market.chain import Chain
from apps.market.flow import SignedFlow
from tests.market.chains import chain_of

TODAY, TOMORROW = date(2025, 5, 19), date(2025, 5, 20)


def chain(volume: list[float], last: list[float], **changes: Any) -> Chain:
    """A call and a put at 594, both 1.00 at 1.10."""
    base = chain_of([594, 594], [True, False], [1.00, 1.00], [1.10, 1.10])
    return replace(base, volume=np.array(volume), last=np.array(last), **changes)


def test_the_first_observation_never_counts() -> None:
    flow = SignedFlow()
    assert flow.observe(TODAY, chain([55_596, 10], [1.10, 1.00])).net == 0


def test_lifting_the_ask_adds_and_hitting_the_bid_subtracts() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.05, 1.05]))
    totals = flow.observe(TODAY, chain([103, 105], [1.10, 1.00]))
    assert totals.calls == pytest.approx(3 * 1.10 * 100)
    assert totals.puts == pytest.approx(-5 * 1.00 * 100)
    assert totals.net == pytest.approx(330 + 500)


def test_a_trade_inside_the_spread_has_no_side_and_is_shown_as_unsigned() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.05, 1.05]))
    totals = flow.observe(TODAY, chain([102, 100], [1.05, 1.05]))
    assert (totals.calls, totals.puts) == (0, 0)
    assert totals.unsigned == pytest.approx(210)


@pytest.mark.parametrize("missing", ["bid", "ask", "last"])
def test_a_missing_price_gives_no_side(missing: str) -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.10, 1.10]))
    blind = replace(chain([105, 105], [1.10, 1.00]), **{missing: np.full(2, np.nan)})
    assert flow.observe(TODAY, blind).net == 0


def test_after_a_reconnect_what_traded_meanwhile_does_not_count_and_the_totals_stay() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.10, 1.10]))
    before = flow.observe(TODAY, chain([110, 100], [1.10, 1.10]))
    flow.forget()
    assert flow.observe(TODAY, chain([50_000, 50_000], [1.10, 1.10])) == before
    assert flow.observe(TODAY, chain([50_001, 50_000], [1.10, 1.10])).calls == pytest.approx(before.calls + 110)


def test_a_new_session_starts_at_zero_and_its_first_observation_does_not_count() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.10, 1.10]))
    flow.observe(TODAY, chain([110, 100], [1.10, 1.10]))
    assert flow.observe(TOMORROW, chain([7, 7], [1.10, 1.10])).net == 0
    assert flow.observe(TOMORROW, chain([8, 7], [1.10, 1.10])).calls == pytest.approx(110)


def test_another_expiry_starts_its_own_volumes() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.10, 1.10]))
    assert flow.observe(TODAY, chain([900, 900], [1.10, 1.10], expiry=TOMORROW)).net == 0


def test_a_contract_that_leaves_and_returns_to_the_chain_keeps_its_volume() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.10, 1.10]))
    other = replace(chain([5, 5], [1.10, 1.10]), strike=np.array([595.0, 595.0]))
    flow.observe(TODAY, other)
    assert flow.observe(TODAY, chain([101, 100], [1.10, 1.10])).calls == pytest.approx(110)


def test_a_missing_or_corrected_volume_counts_nothing_and_is_not_forgotten() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.10, 1.10]))
    flow.observe(TODAY, chain([np.nan, 90], [1.10, 1.10]))
    totals = flow.observe(TODAY, chain([101, 91], [1.10, 1.10]))
    assert totals.calls == pytest.approx(110)
    assert totals.puts == pytest.approx(110)


def test_a_checkpoint_goes_through_json_and_the_next_observation_does_not_count() -> None:
    flow = SignedFlow()
    flow.observe(TODAY, chain([100, 100], [1.10, 1.10]))
    totals = flow.observe(TODAY, chain([110, 120], [1.10, 1.00]))
    again = SignedFlow.from_dict(json.loads(json.dumps(flow.to_dict())))
    assert again.totals == totals
    assert again.observe(TODAY, chain([999, 999], [1.10, 1.10])) == totals
    assert again.observe(TOMORROW, chain([999, 999], [1.10, 1.10])).net == 0


@pytest.mark.parametrize("broken", [{}, {"v": 9}, {"v": 1, "session": None, "calls": "x", "puts": 0, "unsigned": 0}])
def test_a_checkpoint_of_another_kind_is_refused(broken: dict[str, object]) -> None:
    with pytest.raises(ValueError, match="flow checkpoint"):
        SignedFlow.from_dict(broken)
