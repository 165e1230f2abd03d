"""The words of detection are the contracts' words."""

from __future__ import annotations

import pytest

from apps.contracts import enums, frames
from apps.market import scoring, terms


@pytest.mark.parametrize("name", ["Kind", "Severity", "Reason", "MarketState", "SmileQuality"])
def test_a_vocabulary_of_market_is_word_for_word_the_contracts(name: str) -> None:
    ours, theirs = getattr(terms, name), getattr(enums, name)
    assert {member.name: member.value for member in ours} == {member.name: member.value for member in theirs}


def test_flags_of_findings_are_known_to_the_contracts() -> None:
    assert {flag.value for flag in terms.Flag} <= {flag.value for flag in enums.Flag}


def test_quote_bits_are_the_frames_bits() -> None:
    assert {bit.name: bit.value for bit in terms.QuoteBit} == {bit.name: bit.value for bit in frames.QuoteFlag}


def test_movers_are_the_contracts_movers() -> None:
    assert {mover.value for mover in scoring.Mover} == {mover.value for mover in enums.Mover}


def test_kinds_that_are_arbitrage_are_the_contracts() -> None:
    assert {kind.value for kind in terms.ARBITRAGE_KINDS} == {kind.value for kind in enums.ARBITRAGE_KINDS}


def test_a_cap_lowers_and_never_raises() -> None:
    high, low = terms.Severity.HIGH, terms.Severity.LOW
    assert terms.capped(high, low) is low
    assert terms.capped(low, high) is low
    assert terms.capped(None, high) is None
