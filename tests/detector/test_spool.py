"""The spool: order, cursors, restart, torn and altered files, a full disk. Nothing is lost in silence."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from apps.detector.spool import Spool
from apps.detector.spool_log import EpochLog, SpoolFull
from apps.service.spool_record import Damaged, Record, decode, encode, sound_prefix
from tests.detector.helpers import STREAM
from tests.small_disk import small_disk

READERS = ("backend", "bot")


def event(seq: int, size: int = 200) -> Record:
    """An event of about `size` bytes."""
    return Record(seq, b'{"seq":%d,"market_time":"2025-05-19T14:05:00Z","x":"%b"}' % (seq, b"x" * size))


def fill(log: EpochLog, count: int, size: int = 200) -> None:
    for _ in range(count):
        log.append(event(log.last_seq + 1, size))


def read_all(log: EpochLog, after: int = 0, limit: int = 100) -> list[Record]:
    out: list[Record] = []
    while records := log.read(after, limit=limit, limit_bytes=10**9):
        out += records
        after = records[-1].seq
    return out


def seqs(records: list[Record]) -> list[int]:
    return [record.seq for record in records]


@pytest.fixture
def log(tmp_path: Path) -> Iterator[EpochLog]:
    made = EpochLog(tmp_path / "1", READERS)
    yield made
    made.close()


def test_events_come_back_in_order_across_segments_and_memory(log: EpochLog) -> None:
    fill(log, 3_000, size=1_000)
    assert len(list(log.folder.glob("*.jsonl"))) == 4
    assert seqs(read_all(log)) == list(range(1, 3_001))


def test_a_successor_reads_what_a_killed_holder_wrote(log: EpochLog) -> None:
    fill(log, 2_500, size=1_000)
    log.advance("backend", 1_200)
    later = EpochLog(log.folder, READERS)
    assert (later.last_seq, later.cursors["backend"].seq, later.cursors["bot"].seq) == (2_500, 1_200, 0)
    assert read_all(later, 1_200) == [event(seq, 1_000) for seq in range(1_201, 2_501)]


def test_each_reader_has_a_cursor_of_its_own(log: EpochLog) -> None:
    fill(log, 10)
    log.advance("backend", 7)
    log.advance("bot", 2)
    assert (log.pending("backend"), log.pending("bot"), log.done()) == (3, 8, False)


def test_a_segment_goes_only_when_every_reader_has_passed_it(log: EpochLog) -> None:
    fill(log, 3_000, size=1_000)
    log.advance("backend", 3_000)
    assert log.prune(older_than_seconds=0) == 0
    log.advance("bot", 1_500)
    assert log.prune(older_than_seconds=3_600) == 0
    assert log.prune(older_than_seconds=0) == 1
    assert seqs(read_all(log, 1_500)) == list(range(1_501, 3_001))


def test_a_seq_out_of_turn_is_refused(log: EpochLog) -> None:
    fill(log, 3)
    with pytest.raises(ValueError, match="seq 5 is not 4"):
        log.append(event(5))


def test_a_torn_tail_is_cut_at_the_last_good_record_and_the_whole_file_kept(log: EpochLog) -> None:
    fill(log, 5)
    [segment] = log.folder.glob("*.jsonl")
    whole = segment.read_bytes()
    segment.write_bytes(whole[:-40])
    later = EpochLog(log.folder, READERS)
    assert seqs(read_all(later)) == [1, 2, 3, 4]
    [repair] = later.repairs
    assert repair.kept is not None
    assert repair.kept.read_bytes() == whole[:-40]
    assert repair.bytes_cut > 0


def test_an_altered_byte_costs_the_rest_of_its_segment_and_is_reported(log: EpochLog) -> None:
    fill(log, 2_500, size=1_000)
    first = min(log.folder.glob("*.jsonl"))
    content = bytearray(first.read_bytes())
    content[500_000] ^= 0xFF
    first.write_bytes(bytes(content))
    later = EpochLog(log.folder, READERS)
    found = seqs(read_all(later))
    assert found[0] == 1
    assert found[-1] == 2_500
    assert len(found) < 2_500
    assert [repair.segment for repair in later.repairs] == [first.name]


def test_a_damaged_cursor_starts_again_instead_of_skipping(log: EpochLog) -> None:
    fill(log, 5)
    log.advance("backend", 5)
    (log.folder / "cursors" / "backend.json").write_text('{"seq": "many"}')
    assert EpochLog(log.folder, READERS).cursors["backend"].seq == 0


@given(bodies=st.lists(st.binary(max_size=60), max_size=8), cut=st.integers(0, 600), flip=st.integers(0, 600))
def test_whatever_is_cut_or_flipped_no_wrong_record_is_ever_read(bodies, cut: int, flip: int) -> None:
    records = [Record(seq, b'{"seq":%d,"b":"%b"}' % (seq, body.hex().encode())) for seq, body in enumerate(bodies, 1)]
    content = bytearray(b"".join(map(encode, records)))[:cut]
    if flip < len(content):
        content[flip] ^= 0x20
    good, last, _ = sound_prefix(bytes(content), 1)
    lines = bytes(content[:good]).splitlines(keepends=True)
    assert [decode(line) for line in lines] == records[:last]


@pytest.mark.parametrize("line", [b"", b"\n", b"00000000 {}\n", b"zzzzzzzz {}\n", b"12345678", b'{"seq":1}\n'])
def test_a_line_that_is_no_record_is_damaged(line: bytes) -> None:
    with pytest.raises(Damaged):
        decode(line)


def test_reading_an_old_epoch_leaves_a_folder_that_is_no_spool_alone(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "SPY")
    spool.open(STREAM)
    (tmp_path / "SPY" / "0").mkdir()
    (tmp_path / "SPY" / "0" / "stream.json").write_text("{")
    assert [line.stream.epoch for line in spool.older(2)] == [1]
    assert spool.damaged == 1
    assert (tmp_path / "SPY" / "0" / "stream.json").exists()


@pytest.fixture(name="small_disk")
def a_megabyte(tmp_path: Path) -> Iterator[Path]:
    """A real file system of one megabyte."""
    with small_disk(tmp_path / "disk", megabytes=1) as folder:
        yield folder


def test_a_full_disk_loses_nothing_while_memory_lasts_and_is_written_when_there_is_room(small_disk: Path) -> None:
    log = EpochLog(small_disk / "1", ("backend",))
    ballast = small_disk / "ballast"
    ballast.write_bytes(b"x" * 600_000)
    fill(log, 2_000, size=400)
    assert (log.writable, log.problem) == (False, "the disk is full")
    assert log.memory_share > 0
    assert seqs(read_all(log)) == list(range(1, 2_001))
    ballast.unlink()
    assert log.flush()
    assert log.writable
    assert log.memory_share == 0
    log.close()
    assert seqs(read_all(EpochLog(log.folder, ("backend",)))) == list(range(1, 2_001))


def test_beyond_the_memory_bound_an_event_is_refused_not_forgotten(small_disk: Path) -> None:
    log = EpochLog(small_disk / "1", ("backend",), memory_bytes=50_000)
    with pytest.raises(SpoolFull, match="full"):
        fill(log, 5_000, size=400)
    held = log.last_seq
    assert seqs(read_all(log)) == list(range(1, held + 1))
    log.advance("backend", held)  # the backend has it all: the memory is free again, the disk still full
    assert log.memory_share == 0
    fill(log, 10, size=400)
    assert seqs(read_all(log, held)) == list(range(held + 1, held + 11))
    log.close()


def test_a_write_refused_halfway_leaves_whole_records_on_the_disk(tmp_path: Path) -> None:
    """A file-size limit of the process cuts a write in the middle of a record."""
    program = (
        "import resource, signal, sys; from pathlib import Path\n"
        "from tests.detector.test_spool import EpochLog, event\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (5_000, 5_000))\n"
        "log = EpochLog(Path(sys.argv[1]), ('backend',))\n"
        "[log.append(event(seq)) for seq in range(1, 60)]\n"
        "print(log.problem, log.last_seq)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program, str(tmp_path / "1")], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "the disk is full 59"
    later = EpochLog(tmp_path / "1", ("backend",))
    assert later.repairs == []
    assert seqs(read_all(later)) == list(range(1, later.last_seq + 1))
    assert 0 < later.last_seq < 59


def test_a_finished_epoch_goes_after_a_day_unless_it_holds_something_for_a_person(tmp_path: Path) -> None:
    spool = Spool(tmp_path, "SPY", readers=("backend",))
    for epoch in (1, 2, 3, 4):
        line = spool.open(STREAM.model_copy(update={"epoch": epoch}))
        fill(line.log, 3)
        line.log.advance("backend", 3 if epoch != 3 else 1)
        line.log.close()
        os.utime(line.log.folder / "stream.json", (0, 0))
    (tmp_path / "SPY" / "2" / "dead-letter.jsonl").touch()
    os.utime(tmp_path / "SPY" / "4" / "stream.json")
    assert [line.stream.epoch for line in spool.older(9)] == [2, 3, 4]
    assert not (tmp_path / "SPY" / "1").exists()
