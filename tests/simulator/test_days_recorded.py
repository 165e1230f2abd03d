"""A recorded day plays what was recorded, at any rhythm; a file that is none is refused in one sentence."""

from __future__ import annotations

import gzip
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from apps.contracts.enums import OptionType, Source
from apps.contracts.recording import RecordedContract, RecordingHeader
from apps.simulator.recorded import RecordedWorld, RecordingError
from apps.simulator.scenarios import environment, load

START = datetime(2025, 7, 3, 14, 0, tzinfo=UTC)
T0 = START.timestamp()
Line = tuple[float, int, int, float]


def header(**changes: object) -> RecordingHeader:
    """Two contracts of a half-day."""
    fields: dict[str, object] = {
        "symbol": "SPY",
        "trading_class": "SPY",
        "session": "2025-07-03",
        "source": Source.LIVE,
        "started_at": START,
        "contracts": tuple(
            RecordedContract(expiry="2025-07-03", strike=620.0, option_type=kind) for kind in OptionType
        ),
    }
    return RecordingHeader.model_validate(fields | changes)


def recording(folder: Path, lines: Sequence[Line | str], **changes: object) -> Path:
    """A file of the header and ticks of (seconds after the start, row, tick type, value), or raw text."""
    path = folder / "day.jsonl.gz"
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write(header(**changes).model_dump_json() + "\n")
        for line in lines:
            raw = line if isinstance(line, str) else json.dumps([round((T0 + line[0]) * 1000), *line[1:]])
            file.write(raw + "\n")
    return path


TICKS: list[Line] = [
    (0, -1, 1, 622.10),
    (0, -1, 2, 622.11),
    (0, 0, 1, 2.5),
    (0, 0, 2, 2.52),
    (0, 0, 0, 7),
    (1, 0, 8, 120),
    (1, 0, 4, 2.52),
    (2, 1, 2, 0.4),
    (3, 0, 1, -1),
    (4, 0, 49, 1),
    (5, 1, 28, 900),
]


def test_a_recording_plays_tick_by_tick(tmp_path: Path) -> None:
    day = load("anything", recording=recording(tmp_path, TICKS))
    first, later = day.board(T0), day.board(T0 + 10)
    assert (first.underlying_bid, first.underlying_ask) == (622.10, 622.11)
    assert (first.bid[0], first.ask[0], first.bid_size[0]) == (2.5, 2.52, 7)
    assert np.isnan(first.bid[1])
    assert (later.last[0], later.volume[0], later.ask[1], later.open_interest[1]) == (2.52, 120, 0.4, 900)
    assert np.isnan(later.bid[0]), "-1 is no quote"
    assert later.halted.tolist() == [True, False]
    assert day.labels == ("RECORDED",)
    assert day.session.start == T0


def test_a_recording_of_a_simulated_gateway_says_so(tmp_path: Path) -> None:
    path = recording(tmp_path, TICKS, source=Source.SIMULATED, labels=("CALIBRATED",))
    assert load("recorded", recording=path).labels == ("CALIBRATED", "RECORDED", "SIMULATED")


def test_a_half_day_ends_at_one(tmp_path: Path) -> None:
    session = load("recorded", recording=recording(tmp_path, TICKS)).session
    assert (session.close - session.open) / 3600 == 3.5
    assert datetime.fromtimestamp(session.close, UTC).hour == 17


def test_an_index_recording_keeps_its_ticks_and_tells_its_symbol(tmp_path: Path) -> None:
    path = recording(tmp_path, TICKS, symbol="SPX", trading_class="SPXW")
    day = load("recorded", recording=path)
    assert (day.underlying_sec_type, day.tick_rule) == ("IND", ((0.0, 0.05), (3.0, 0.10)))
    assert environment("recorded", path)["SYMBOL"] == "SPX"


@settings(max_examples=25, deadline=None)
@given(st.lists(st.floats(-1, 8), min_size=1, max_size=6))
def test_a_recorded_board_does_not_depend_on_what_was_asked_before(
    tmp_path_factory: pytest.TempPathFactory, offsets: list[float]
) -> None:
    path = recording(tmp_path_factory.mktemp("day"), TICKS)
    walked = load("recorded", recording=path)
    for offset in offsets:
        one, other = walked.board(T0 + offset), load("recorded", recording=path).board(T0 + offset)
        for name in ("bid", "ask", "last", "volume", "halted", "open_interest"):
            np.testing.assert_array_equal(getattr(one, name), getattr(other, name))


def test_bars_are_midpoints_of_what_was_played(tmp_path: Path) -> None:
    lines: list[Line] = [(0, -1, 1, 100.0), (0, -1, 2, 102.0), (30, -1, 2, 104.0), (61, -1, 1, 98.0), (300, 0, 1, 1.0)]
    day = load("recorded", recording=recording(tmp_path, lines))
    day.board(T0 + 200)
    first, second = day.bars(None, T0 + 200, 3600, 60)
    assert (first.open, first.high, first.low, first.close) == (101, 102, 101, 102)
    assert (second.open, second.close) == (101, 101)
    assert day.bars(0, T0 + 200, 3600, 60) == []


def test_lines_that_cannot_be_used_are_counted_and_the_rest_plays(tmp_path: Path) -> None:
    bad = ["nonsense", "[1,2]", "{}", "[1751551201000, 9, 1, 3.0]", "[1751551201000, 0, 77, 3.0]", "[1, 0, 1, 3.0]"]
    path = recording(tmp_path, [TICKS[2], *bad, "[1751551201000, 0, 1, NaN]", (2, 0, 1, 2.6)])
    day = load("recorded", recording=path)
    assert isinstance(day, RecordedWorld)
    assert day.board(T0 + 5).bid[0] == 2.6
    assert day.refused == 7


def test_a_recording_that_was_cut_off_plays_to_where_it_ends(tmp_path: Path) -> None:
    path = recording(tmp_path, [(i * 0.01, 0, 1, round(2 + (i * 7919 % 997) / 100, 2)) for i in range(20_000)])
    path.write_bytes(path.read_bytes()[:-4000])
    day = load("recorded", recording=path)
    assert isinstance(day, RecordedWorld)
    assert day.board(T0 + 1000).bid[0] > 0
    assert day.refused >= 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"not gzip at all", "cannot be unpacked"),
        (gzip.compress(b"{}\n", mtime=0), "not a recording of version 1"),
        (gzip.compress(b'{"v":2}\n', mtime=0), "not a recording of version 1: v"),
        (b"", "not a recording"),
    ],
)
def test_a_file_that_is_no_recording_is_refused_in_one_sentence(tmp_path: Path, content: bytes, said: str) -> None:
    path = tmp_path / "file.gz"
    path.write_bytes(content)
    with pytest.raises(RecordingError, match=said) as error:
        load("recorded", recording=path)
    assert "\n" not in str(error.value)


def test_a_recording_without_ticks_or_of_a_closed_day_is_refused(tmp_path: Path) -> None:
    with pytest.raises(RecordingError, match="holds no ticks"):
        load("recorded", recording=recording(tmp_path, []))
    with pytest.raises(RecordingError, match="exchange was closed"):
        load("recorded", recording=recording(tmp_path, TICKS, session="2025-07-04"))


def test_a_truth_file_of_a_recorded_day_is_there_and_empty(tmp_path: Path) -> None:
    truth = tmp_path / "run" / "truth.jsonl"
    load("recorded", recording=recording(tmp_path, TICKS), truth=truth)
    assert truth.read_text() == ""
