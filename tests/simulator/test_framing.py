"""Frames: any split of the stream gives the same messages, and what is no stream of frames is refused at once."""

from __future__ import annotations

import contextlib
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.simulator.encoder import message, text
from apps.simulator.framing import FRAME_BYTES_MAX, PREAMBLE, FrameReader, FramingError, fields_of, frame

BODIES = st.lists(st.binary(min_size=1, max_size=300), max_size=20)


def fed(reader: FrameReader, *parts: bytes) -> list[bytes]:
    """Everything the reader makes of these parts."""
    return [body for part in parts for body in reader.feed(part)]


@given(bodies=BODIES, cuts=st.lists(st.integers(0, 7_000), max_size=30))
def test_any_split_of_the_stream_gives_the_same_frames(bodies: list[bytes], cuts: list[int]) -> None:
    stream = PREAMBLE + b"".join(frame(body) for body in bodies)
    edges = sorted({0, len(stream), *(cut for cut in cuts if cut < len(stream))})
    reader = FrameReader()
    assert fed(reader, *(stream[start:end] for start, end in pairwise(edges))) == bodies
    assert reader.pending == 0


@given(fields=st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=1))
def test_fields_survive_the_way_there_and_back(fields: list[str]) -> None:
    (body,) = fed(FrameReader(), PREAMBLE + message(*fields))
    assert fields_of(body) == fields


@given(data=st.binary(max_size=2_000))
def test_no_bytes_make_the_reader_keep_more_than_one_frame(data: bytes) -> None:
    reader = FrameReader()
    with contextlib.suppress(FramingError):
        fed(reader, PREAMBLE, data)
    assert reader.pending <= FRAME_BYTES_MAX + 4


def test_good_frames_before_a_bad_one_are_still_delivered() -> None:
    reader = FrameReader()
    feeding = reader.feed(PREAMBLE + frame(b"one\0") + frame(b"two\0") + b"\xff\xff\xff\xff")
    assert [next(feeding), next(feeding)] == [b"one\0", b"two\0"]
    with pytest.raises(FramingError, match="4294967295"):
        next(feeding)


@pytest.mark.parametrize("start", [b"GET / HTTP/1.1", b"\0\0\0\x05hello", b"APIX"])
def test_a_stream_that_is_not_the_brokers_is_refused(start: bytes) -> None:
    with pytest.raises(FramingError, match="begins with API"):
        fed(FrameReader(), start)


@pytest.mark.parametrize("size", [0, FRAME_BYTES_MAX + 1, 2**31])
def test_a_length_no_request_has_is_refused_before_any_byte_of_it_is_kept(size: int) -> None:
    reader = FrameReader()
    with pytest.raises(FramingError, match="outside"):
        fed(reader, PREAMBLE + size.to_bytes(4, "big"))


def test_a_message_without_its_last_nul_or_with_too_many_is_refused() -> None:
    with pytest.raises(FramingError, match="ended by a NUL"):
        fields_of(b"71\x002")
    with pytest.raises(FramingError, match="at most"):
        fields_of(b"\0" * 5_000)


def test_bytes_that_are_not_text_are_kept_as_escapes() -> None:
    assert fields_of(b"\xff\xfe\0") == ["\\xff\\xfe"]


@pytest.mark.parametrize(
    ("value", "wanted"), [(None, ""), (True, "1"), (600.0, "600"), (0.05, "0.05"), (-1.0, "-1"), ("SPY", "SPY")]
)
def test_a_field_is_written_as_the_broker_writes_it(value: str | float | None, wanted: str) -> None:
    assert text(value) == wanted
