"""The quote book: last values win, counts are right, sentinels never become prices."""

from __future__ import annotations

from datetime import date
from math import inf, isnan, nan

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.broker.book import QuoteBook
from apps.broker.columns import UNDERLYING, OptionKey

KEYS = [OptionKey(float(strike), is_call=right) for strike in (593, 594, 595) for right in (True, False)]
DAY, EXPIRY = date(2025, 5, 19), 1747684800.0


def make_book(keys: list[OptionKey] = KEYS) -> QuoteBook:
    book = QuoteBook("SPY", "SPY")
    book.set_contracts(DAY, EXPIRY, keys)
    return book


def chain_of(book: QuoteBook, at: float = 100.0):
    chain = book.chain(at)
    assert chain is not None
    return chain


prices = st.sampled_from([-1.0, 0.0, 0.01, 1.5, 1.51, nan, inf, 1e7, -5.0])
sizes = st.sampled_from([0.0, 1.0, 10.0, -1.0, nan, inf])
ticks = st.tuples(
    st.sampled_from(["bid", "ask", "bid_size", "ask_size"]), st.integers(-1, len(KEYS) - 1), prices, sizes
)


def clean(side: str, price: float) -> float:
    lowest_is_fine = price >= 0 if side == "bid" else price > 0
    return price if lowest_is_fine and price < 1e6 else nan


@given(st.lists(st.lists(ticks, max_size=8), max_size=8))
def test_any_interleaving_of_ticks_leaves_the_last_value_of_each_side_and_right_counts(packets: list[list]) -> None:
    book = make_book()
    state = {(row, field): nan for row in range(-1, len(KEYS)) for field in ("bid", "ask", "bid_size", "ask_size")}
    times = {(row, side): -inf for row in range(-1, len(KEYS)) for side in ("bid", "ask")}
    updates = dict.fromkeys(range(-1, len(KEYS)), 0)
    for number, packet in enumerate(packets):
        book.begin(1000.0 * number, float(number))
        changes, touched = 0, set()
        for field, row, price, size in packet:
            new = {} if field.endswith("_size") else {field: clean(field, price)}
            side = field.removesuffix("_size")
            new[f"{side}_size"] = size if 0 <= size < 1e10 else nan
            getattr(book, field)(row, *((size,) if field.endswith("_size") else (price, size)))
            for name, value in new.items():
                if not (state[row, name] == value or (isnan(state[row, name]) and isnan(value))):
                    changes += 1
                    touched.add(row)
                state[row, name] = value
            times[row, side] = float(number)
        told = book.commit()
        for row in touched:
            updates[row] += 1
        if not touched:
            assert told is None
        else:
            assert told is not None
            assert (told.t_recv, told.market_time, told.quote_changes) == (1000.0 * number, float(number), changes)
            assert told.rows == tuple(sorted(touched - {UNDERLYING}))
            assert told.underlying_changed == (UNDERLYING in touched)
    chain = chain_of(book)
    for row in range(len(KEYS)):
        for name in ("bid", "ask", "bid_size", "ask_size"):
            np.testing.assert_equal(getattr(chain, name)[row], state[row, name])
        assert (chain.bid_time[row], chain.ask_time[row]) == (times[row, "bid"], times[row, "ask"])
        assert chain.updates[row] == updates[row]
    np.testing.assert_equal(chain.underlying.bid, state[UNDERLYING, "bid"])
    np.testing.assert_equal(chain.underlying.ask, state[UNDERLYING, "ask"])


def test_minus_one_is_no_quote_a_zero_bid_is_a_real_bid_and_a_zero_ask_offers_nothing() -> None:
    book = make_book()
    book.begin(0, 1.0)
    book.bid(0, 2.0, 5)
    book.bid(0, -1.0, 0)
    book.bid(1, 0.0, 0)
    book.ask(2, 0.0, 0)
    chain = chain_of(book)
    assert isnan(chain.bid[0])
    assert chain.bid[1] == 0.0
    assert isnan(chain.ask[2])


def test_a_crossed_quote_is_kept_for_the_detector_to_flag() -> None:
    book = make_book()
    book.begin(0, 1.0)
    book.bid(0, 2.0, 5)
    book.ask(0, 1.9, 5)
    assert (chain_of(book).bid[0], chain_of(book).ask[0]) == (2.0, 1.9)


def test_four_messages_of_one_quote_are_one_update() -> None:
    book = make_book()
    book.begin(0, 1.0)
    book.bid(0, 2.0, 5)
    book.ask(0, 2.1, 5)
    book.bid_size(0, 6)
    book.ask_size(0, 7)
    packet = book.commit()
    assert packet is not None
    assert packet.quote_changes == 6
    assert chain_of(book).updates[0] == 1


def test_a_repeated_quote_is_fresh_but_no_update() -> None:
    book = make_book()
    for second in (1.0, 2.0):
        book.begin(0, second)
        book.bid(0, 2.0, 5)
        packet = book.commit()
    assert packet is None
    assert chain_of(book).bid_time[0] == 2.0
    assert chain_of(book).updates[0] == 1


def test_a_chain_is_a_copy_that_later_ticks_do_not_change() -> None:
    book = make_book()
    before = chain_of(book)
    book.begin(0, 1.0)
    book.bid(0, 2.0, 5)
    assert isnan(before.bid[0])


def test_recentring_keeps_the_quotes_of_contracts_that_stay_and_raises_the_generation() -> None:
    book = make_book()
    book.begin(0, 1.0)
    for row in range(len(KEYS)):
        book.bid(row, float(row + 1), 5)
    book.bid(UNDERLYING, 594.0, 100)
    book.exchanges(2, 5, is_bid=True)
    generation = book.generation
    new = [OptionKey(596.0, is_call=True), *KEYS[2:4]]
    book.set_contracts(DAY, EXPIRY, new)
    chain = chain_of(book)
    assert book.generation > generation
    assert isnan(chain.bid[0])
    assert list(chain.bid[1:]) == [3.0, 4.0]
    assert list(chain.bid_exchange) == [0, 5, 0]
    assert chain.underlying.bid == 594.0


def test_a_new_expiry_forgets_every_quote_but_the_underlying() -> None:
    book = make_book()
    book.begin(0, 1.0)
    book.bid(0, 2.0, 5)
    book.bid(UNDERLYING, 594.0, 100)
    book.set_contracts(date(2025, 5, 20), EXPIRY + 86400, KEYS)
    chain = chain_of(book)
    assert isnan(chain.bid[0])
    assert chain.bid_time[0] == -inf
    assert chain.last_packet_time == -inf
    assert chain.underlying.bid == 594.0


def test_lost_data_is_unknown_not_old() -> None:
    book = make_book()
    book.begin(0, 1.0)
    book.bid(0, 2.0, 5)
    book.bid(UNDERLYING, 594.0, 5)
    generation = book.generation
    book.forget_quotes()
    chain = chain_of(book)
    assert book.generation > generation
    assert isnan(chain.bid[0])
    assert isnan(chain.underlying.bid)
    assert chain.updates[0] == 0


def test_a_degraded_underlying_gives_no_bid_to_prove_parity_against() -> None:
    book = make_book()
    book.begin(0, 1.0)
    book.bid(UNDERLYING, 594.0, 5)
    book.ask(UNDERLYING, 594.1, 5)
    book.last(UNDERLYING, 594.05)
    book.mark_stale([UNDERLYING], stale=True)
    underlying = chain_of(book).underlying
    assert isnan(underlying.bid)
    assert underlying.last == 594.05
    assert not book.underlying_trusted


def test_the_underlying_alone_does_not_make_the_chain_alive() -> None:
    book = make_book()
    book.begin(0, 1.0)
    book.bid(UNDERLYING, 594.0, 5)
    assert chain_of(book).last_packet_time == -inf
    book.begin(0, 2.0)
    book.volume(0, 12)
    assert chain_of(book).last_packet_time == 2.0


def test_spot_falls_back_from_midpoint_to_last_to_the_previous_close() -> None:
    book = make_book()
    assert isnan(book.spot)
    book.previous_close(UNDERLYING, 590.0)
    assert book.spot == 590.0
    book.last(UNDERLYING, 593.0)
    assert book.spot == 593.0
    book.bid(UNDERLYING, 594.0, 1)
    book.ask(UNDERLYING, 594.2, 1)
    assert book.spot == pytest.approx(594.1)


def test_there_is_no_chain_before_the_first_contracts() -> None:
    assert QuoteBook("SPY", "SPY").chain(1.0) is None


def test_a_contract_twice_is_refused() -> None:
    with pytest.raises(ValueError, match="twice"):
        make_book([KEYS[0], KEYS[0]])


def test_seconds_to_expiry_count_down_to_the_expiry_instant() -> None:
    assert chain_of(make_book(), EXPIRY - 60).seconds_to_expiry == 60
