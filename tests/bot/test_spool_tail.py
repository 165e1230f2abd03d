"""The bot's way of reading the spool: behind its writer, across segments and epochs, damaging nothing."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from apps.bot.spool_tail import Place, SpoolTail
from apps.detector import spool_log
from apps.detector.spool import Line, Spool
from apps.service.spool_record import Record, encode
from tests.detector.helpers import STREAM


def line_of(root: Path, epoch: int = 1) -> Line:
    """The writer's side of an epoch."""
    return Spool(root, "SPY").open(STREAM.model_copy(update={"epoch": epoch}))


def append(line: Line, count: int = 1) -> None:
    for _ in range(count):
        seq = line.log.last_seq + 1
        line.log.append(Record(seq, b'{"seq":%d,"type":"status"}' % seq))


def seqs(tail: SpoolTail) -> list[tuple[int, int]]:
    return [(told.place.epoch, told.place.seq) for told in tail.read()]


def tail_of(root: Path, place: Place | None = Place(0, 0)) -> SpoolTail:  # noqa: B008  frozen
    return SpoolTail(root, "SPY", place)


def test_without_a_place_it_begins_at_the_end(tmp_path: Path) -> None:
    line, tail = line_of(tmp_path), tail_of(tmp_path, None)
    append(line, 3)
    assert seqs(tail) == []
    append(line, 2)
    assert seqs(tail) == [(1, 4), (1, 5)]


def test_before_the_detector_s_first_start_everything_is_still_to_come(tmp_path: Path) -> None:
    tail = tail_of(tmp_path, None)
    assert seqs(tail) == []
    append(line_of(tmp_path), 2)
    assert seqs(tail) == [(1, 1), (1, 2)]


def test_it_goes_on_from_its_place_and_on_to_the_next_epoch(tmp_path: Path) -> None:
    append(line_of(tmp_path, 1), 4)
    append(line_of(tmp_path, 7), 2)
    tail = tail_of(tmp_path, Place(1, 3))
    assert seqs(tail) == [(1, 4), (7, 1), (7, 2)]
    assert seqs(tail) == []
    assert tail.place == Place(7, 2)


def test_a_line_that_is_still_being_written_is_not_there_yet(tmp_path: Path) -> None:
    append(line_of(tmp_path), 1)
    path = next((tmp_path / "SPY" / "1").glob("*.jsonl"))
    whole = encode(Record(2, b'{"seq":2,"type":"status"}'))
    tail = tail_of(tmp_path)
    assert seqs(tail) == [(1, 1)]
    with path.open("ab") as file:
        file.write(whole[:7])
    assert seqs(tail) == []
    with path.open("ab") as file:
        file.write(whole[7:])
    assert seqs(tail) == [(1, 2)]


def test_a_damaged_line_is_passed_over_once_and_counted(tmp_path: Path) -> None:
    line = line_of(tmp_path)
    append(line, 3)
    path = next((tmp_path / "SPY" / "1").glob("*.jsonl"))
    lines = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(lines[0] + lines[1].replace(b"status", b"stolen") + lines[2])
    tail = tail_of(tmp_path)
    assert seqs(tail) == [(1, 1), (1, 3)]
    assert (seqs(tail), tail.damaged) == ([], 1)


def test_a_spool_that_began_anew_is_followed_from_its_beginning(tmp_path: Path) -> None:
    append(line_of(tmp_path, 1), 2)
    assert seqs(tail_of(tmp_path, Place(900, 17))) == [(1, 1), (1, 2)]


def test_segments_that_were_pruned_are_gone_and_nothing_else_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(spool_log, "SEGMENT_BYTES", 100)
    line = line_of(tmp_path)
    append(line, 10)
    paths = sorted((tmp_path / "SPY" / "1").glob("*.jsonl"))
    assert len(paths) > 3
    for path in paths[:2]:
        path.unlink()
    first_left = int(paths[2].stem)
    assert seqs(tail_of(tmp_path)) == [(1, seq) for seq in range(first_left, 11)]


def test_what_it_reads_it_leaves_as_it_was(tmp_path: Path) -> None:
    append(line_of(tmp_path), 3)
    before = {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()}
    seqs(tail_of(tmp_path))
    assert {path: path.read_bytes() for path in tmp_path.rglob("*") if path.is_file()} == before


@given(
    steps=st.lists(st.sampled_from(["append", "epoch", "read", "restart"]), max_size=40), segment=st.integers(40, 400)
)
@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_every_event_is_read_once_and_in_order_however_reading_and_writing_interleave(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch, steps: list[str], segment: int
) -> None:
    monkeypatch.setattr(spool_log, "SEGMENT_BYTES", segment)
    root = tmp_path_factory.mktemp("spool")
    epoch, line, tail = 1, line_of(root), tail_of(root)
    written: list[tuple[int, int]] = []
    read: list[tuple[int, int]] = []
    for step in [*steps, "read"]:
        if step == "append":
            append(line)
            written.append((epoch, line.log.last_seq))
        elif step == "epoch":
            line.log.close()
            epoch += 1
            line = line_of(root, epoch)
        elif step == "read":
            read += seqs(tail)
        else:
            tail = tail_of(root, tail.place)
    assert read == written
