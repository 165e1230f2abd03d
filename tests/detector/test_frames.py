"""Frames: exact bytes, changed cells first, every cell again within five seconds, numbers without a hole."""

from __future__ import annotations

import json
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts.frames import Frame
from apps.contracts.live import record
from apps.contracts.names import FRAME_BYTES_MAX, RESEND_SECONDS, Target
from apps.detector.frames import HEARTBEAT_SECONDS, FrameComposer
from tests.detector.helpers import cell, cells, header

GOLDEN = (
    '{"type":1,"target":"frame","arguments":[{"v":1,"source":"simulated","run":"test","symbol":"SPY",'
    '"day":"2025-05-19","epoch":1,"frame":1,"as_of_seq":7,"market_time":"2025-05-19T14:05:00Z",'
    '"t_recv":1763708000123.1,"t_detect":1763708000124.1,"t_publish":1763708000125.1,"state":"NORMAL",'
    '"data":"live","data_age":0.05,"storage":"ok","smile":"good","expiry":"2025-05-19","seconds_to_expiry":21300.0,'
    '"beat":0.05,"rate":1.0,"spot":594.01,"spot_bid":null,"spot_ask":null,"forward":594.0123,'
    '"atm_vol":0.1423,"net_flow":null,"strike_low":583.0,"strike_high":606.0,"cells":['
    '[594.0,"C",1.23,1.25,10,12,1.24,0.1234,0.12,0.125,0.1233,0.512,12345,54321,1.231,0.009,1.2,0,"HIGH",0.4],'
    '[594.0,"P",0.0,null,null,12,null,null,null,null,null,null,null,null,null,null,null,24,null,null]]}]}\x1e'
)


def nothing_known(strike: float) -> object:
    known = cell(strike, "P", bid=0.0, flags=24)
    return known._replace(**dict.fromkeys((*known._fields[3:5], *known._fields[6:17], "severity", "age")))


def test_the_bytes_of_a_frame_are_these() -> None:
    composer = FrameComposer()
    composer.update({(594.0, "C"): cell(594.0, severity="HIGH"), (594.0, "P"): nothing_known(594.0)})  # type: ignore[dict-item]
    [frame] = composer.compose(header, 0.0)
    assert record(Target.FRAME, frame.body.decode()) == GOLDEN


def test_a_frame_read_and_written_again_keeps_every_byte() -> None:
    composer = FrameComposer()
    composer.update(cells(120))
    for frame in composer.compose(header, 0.0):
        assert Frame.model_validate_json(frame.body).model_dump_json().encode() == frame.body


def test_every_frame_fits_with_its_envelope_and_is_filled() -> None:
    composer = FrameComposer(frames_per_beat=100)
    composer.update(cells(400))
    sizes = [len(record(Target.FRAME, frame.body.decode()).encode()) for frame in composer.compose(header, 0.0)]
    assert max(sizes) <= FRAME_BYTES_MAX
    assert min(sizes[:-1]) > FRAME_BYTES_MAX - 120, "room for another cell was left"


def test_a_changed_quote_goes_first_and_judgements_after_it() -> None:
    composer = FrameComposer(frames_per_beat=100)
    picture = cells(60)
    composer.update(picture)
    composer.compose(header, 0.0)
    quote, judged = (575.0, "C"), (561.0, "P")
    composer.update(picture | {judged: cell(*judged, fair=9.9), quote: cell(*quote, bid=9.9)})
    [frame] = composer.compose(header, 0.1)
    assert frame.keys[:2] == (quote, judged)


def test_a_change_of_age_alone_is_no_change() -> None:
    composer = FrameComposer(frames_per_beat=100)
    composer.update(cells(20))
    composer.compose(header, 0.0)
    composer.update(cells(20, age=3.3))
    assert composer.compose(header, 0.5) == []


def test_when_nothing_changes_there_is_still_a_heartbeat_each_second() -> None:
    composer = FrameComposer(frames_per_beat=100)
    composer.update(cells(10))
    sent = [beat / 20 for beat in range(200) if composer.compose(header, beat / 20)]
    assert max(later - earlier for earlier, later in pairwise(sent)) <= HEARTBEAT_SECONDS


def test_with_no_chain_at_all_the_heartbeat_still_says_so() -> None:
    composer = FrameComposer()
    [frame] = composer.compose(header, 0.0)
    assert json.loads(frame.body)["cells"] == []


def test_a_lost_frame_is_made_good_by_the_next() -> None:
    composer = FrameComposer()
    composer.update(cells(8))
    [frame] = composer.compose(header, 0.0)
    composer.lost(frame)
    [again] = composer.compose(header, 0.05)
    assert (again.number, set(again.keys)) == (2, set(frame.keys))


def test_cells_that_left_the_window_are_sent_no_more() -> None:
    composer = FrameComposer(frames_per_beat=100)
    composer.update(cells(40))
    composer.compose(header, 0.0)
    composer.update(cells(10))
    keys = {key for beat in range(200) for frame in composer.compose(header, 1 + beat / 20) for key in frame.keys}
    assert keys == set(cells(10))


changes = st.lists(st.tuples(st.integers(0, 59), st.integers(1, 500)), max_size=12)


@settings(max_examples=40, deadline=None)
@given(history=st.lists(changes, min_size=10, max_size=60), start=st.integers(0, 60))
def test_any_suffix_of_frames_reaches_the_same_cells_within_five_seconds(history, start: int) -> None:
    """A receiver that knows nothing and joins at any beat has every cell right 5 s later; nothing is numbered twice."""
    composer, picture, have = FrameComposer(frames_per_beat=2), cells(60), {}
    keys, numbers, sent_at = list(picture), [], {}
    beats = max(start, len(history)) + int(RESEND_SECONDS * 20)
    for beat in range(beats):
        for index, cents in history[beat] if beat < len(history) else []:
            picture = picture | {keys[index]: cell(*keys[index], bid=cents / 100)}
        composer.update(picture)
        for frame in composer.compose(header, beat * 0.05):
            numbers.append(frame.number)
            sent_at |= dict.fromkeys(frame.keys, beat * 0.05)
            if beat >= start:
                have |= {(row[0], row[1]): row for row in json.loads(frame.body)["cells"]}
    assert numbers == list(range(1, len(numbers) + 1))
    assert {key: tuple(row) for key, row in have.items()} == {key: tuple(value) for key, value in picture.items()}
    assert min(sent_at.values()) >= beats * 0.05 - RESEND_SECONDS
