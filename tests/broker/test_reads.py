"""Reads: however TCP cuts the stream, every message comes out once, in order, and no quote in halves."""

from __future__ import annotations

import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.broker.reads import MESSAGE_MAX, PIECE, BadFrame, ReadBuffer
from tests.broker.gateway import error, frame, price, quote, size

streams = st.lists(
    st.one_of(
        st.builds(quote, st.integers(1, 3), st.floats(0, 9), st.floats(0, 9)),
        st.builds(size, st.integers(1, 3), st.just(0), st.integers(0, 99)),
        st.builds(error, st.just(-1), st.just(2104), st.text(max_size=5)),
        st.builds(frame, st.just(15), st.text(alphabet="aé\0", max_size=9)),
    ),
    max_size=20,
).map(b"".join)


def messages(stream: bytes) -> list[bytes]:
    """The oracle: one frame after the other."""
    found = []
    while stream:
        length = 4 + struct.unpack(">I", stream[:4])[0]
        assert len(stream) >= length
        found.append(stream[:length])
        stream = stream[length:]
    return found


@given(streams, st.data())
def test_however_the_stream_is_cut_all_messages_come_out_once_and_in_order(stream: bytes, data: st.DataObject) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(stream)), max_size=8)))
    buffer, out = ReadBuffer(), []
    for begin, end in zip([0, *cuts], [*cuts, len(stream)], strict=True):
        out.extend(buffer.take(stream[begin:end]).pieces)
    out.extend(buffer.release().pieces)
    assert [message for piece in out for message in messages(piece)] == messages(stream)


def test_a_read_that_ends_inside_the_ask_gives_out_neither_side() -> None:
    buffer = ReadBuffer()
    stream = quote(1, 2.0, 2.1) + quote(2, 3.0, 3.1)
    cut = buffer.take(stream[:-5])
    assert cut.held
    assert b"".join(cut.pieces) == quote(1, 2.0, 2.1)
    rest = buffer.take(stream[-5:])
    assert not rest.held
    assert b"".join(rest.pieces) == quote(2, 3.0, 3.1)


def test_a_steady_stream_of_cut_reads_holds_back_one_line_at_most() -> None:
    buffer = ReadBuffer()
    stream = b"".join(quote(number, 1.0, 1.1) for number in range(100))
    out = b""
    for begin in range(0, len(stream), 70):
        out += b"".join(buffer.take(stream[begin : begin + 70]).pieces)
        assert begin + 70 - len(out) < 2 * len(quote(99, 1.0, 1.1))
    assert out == stream


def test_the_held_half_is_given_out_when_the_rest_does_not_come() -> None:
    buffer = ReadBuffer()
    bid = price(1, 1, 2.0)
    cut = buffer.take(bid + price(1, 2, 2.1)[:7])
    assert cut.pieces == ()
    assert b"".join(buffer.release().pieces) == bid
    assert b"".join(buffer.take(price(1, 2, 2.1)[7:]).pieces) == price(1, 2, 2.1)


def test_messages_that_are_no_ticks_are_never_held() -> None:
    note = error(-1, 1100, "Connectivity lost")
    assert b"".join(ReadBuffer().take(note + b"\0\0").pieces) == note


def test_an_impossible_length_is_a_broken_stream() -> None:
    with pytest.raises(BadFrame):
        ReadBuffer().take(struct.pack(">I", MESSAGE_MAX + 1))


def test_large_reads_are_cut_into_pieces_at_message_ends() -> None:
    stream = b"".join(quote(number, 1.0, 1.1) for number in range(3000))
    pieces = ReadBuffer().take(stream).pieces
    assert b"".join(pieces) == stream
    assert max(map(len, pieces)) < 2 * PIECE
    assert all(messages(piece) for piece in pieces)


def test_a_new_connection_forgets_the_old_half() -> None:
    buffer = ReadBuffer()
    buffer.take(price(1, 1, 2.0)[:7])
    buffer.clear()
    assert b"".join(buffer.take(price(1, 1, 3.0)).pieces) == price(1, 1, 3.0)
