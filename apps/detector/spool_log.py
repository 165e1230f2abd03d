"""The log of one epoch: durable events appended to segments on the disk, read back in order (D8). Sends nothing.

Durability: an event is handed to the kernel before `append` returns, so it survives our death; `sync` (called about
once a second and at the end) puts it on the disk, so a power cut costs at most that second.
A full disk is outlived: events wait in memory up to a bound, in order, and are written when there is room.
"""

from __future__ import annotations

import errno
import logging
import os
import shutil
import threading
import time
from bisect import bisect_right
from collections import deque
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

from apps.detector.spool_cursor import Cursor
from apps.service.spool_record import Damaged, Record, decode, encode, sound_prefix

log = logging.getLogger(__name__)

SEGMENT_BYTES = 1_000_000
MEMORY_BYTES = 32_000_000
RECENT_EVENTS = 2_000


class SpoolFull(RuntimeError):
    """Neither the disk nor the memory bound has room. The event was not taken and must be counted by the caller."""


@dataclass(frozen=True, slots=True)
class Repair:
    """A segment that was cut at its last good record; the whole of it is kept as `kept`."""

    segment: str
    problem: str
    bytes_cut: int
    kept: Path | None


class EpochLog:
    """Segments `<first seq>.jsonl` of one folder, one cursor a reader. One writer, any number of readers."""

    def __init__(self, folder: Path, readers: tuple[str, ...], *, memory_bytes: int = MEMORY_BYTES) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._memory_bytes = memory_bytes
        self._first_seqs: list[int] = sorted(int(path.stem) for path in folder.glob("[0-9]" * 16 + ".jsonl"))
        self.cursors = {reader: Cursor(folder / "cursors" / f"{reader}.json") for reader in readers}
        self.repairs: list[Repair] = []
        self.last_seq = self._check_segments()
        self._recent: deque[Record] = deque(maxlen=RECENT_EVENTS)
        self._waiting: deque[Record] = deque()
        self._waiting_bytes = 0
        self._descriptor: int | None = None
        self._written = 0
        self._dirty = False
        self._full_segments: list[int] = []
        self._syncing = threading.Lock()
        self._places: dict[int, tuple[int, int]] = {}
        self.problem: str | None = None
        """Why the disk cannot be written now; None while it can."""
        self.write_errors = 0

    @property
    def writable(self) -> bool:
        """False while events wait in memory because the disk refuses them."""
        return self.problem is None

    @property
    def memory_share(self) -> float:
        """How much of the memory bound the waiting events use, 0 to 1."""
        return self._waiting_bytes / self._memory_bytes

    def pending(self, reader: str) -> int:
        """Events the reader still has to take."""
        return max(0, self.last_seq - self.cursors[reader].seq)

    def append(self, record: Record) -> None:
        """Take the event with the next seq. Raises SpoolFull, and then has not taken it; ValueError for another seq."""
        if record.seq != self.last_seq + 1:
            raise ValueError(f"seq {record.seq} is not {self.last_seq + 1}")
        if self._waiting_bytes + len(record.body) > self._memory_bytes and not self.flush():
            raise SpoolFull(f"the spool's disk is full and {self._waiting_bytes} bytes wait in memory")
        self.last_seq = record.seq
        self._recent.append(record)
        self._waiting.append(record)
        self._waiting_bytes += len(record.body)
        self.flush()

    def flush(self) -> bool:
        """Write what waits. False (and `problem` says why) when the disk refuses; nothing is lost by that."""
        try:
            while self._waiting:
                self._write(self._waiting[0])
                self._waiting_bytes -= len(self._waiting.popleft().body)
            for cursor in self.cursors.values():
                cursor.store()
        except OSError as error:
            self._refused(error)
            return False
        if self.problem:
            log.info("the spool is writable again")
        self.problem = None
        return True

    def advance(self, reader: str, seq: int) -> None:
        """The reader has everything up to `seq`."""
        try:
            self.cursors[reader].advance(min(seq, self.last_seq))
        except OSError as error:
            self._refused(error)
        while self._waiting and self._waiting[0].seq <= self._passed:  # delivered: it needs no disk any more
            self._waiting_bytes -= len(self._waiting.popleft().body)

    def rewind(self, reader: str, seq: int) -> None:
        """The reader asks again from `seq` + 1."""
        try:
            self.cursors[reader].rewind(seq)
        except OSError as error:
            self._refused(error)

    def read(self, after: int, *, limit: int, limit_bytes: int) -> list[Record]:
        """Records with seq > `after` in order, at least one if there is one. A jump in seq is a loss to be reported."""
        taken: list[Record] = []
        size = 0
        for record in self._records(after):
            size += len(record.body) + 1
            if taken and (len(taken) >= limit or size > limit_bytes):
                break
            taken.append(record)
        return taken

    def sync(self) -> None:
        """Put what was written on the disk. May block: call it from a thread. Raises OSError."""
        with self._syncing:
            while self._full_segments:
                descriptor = self._full_segments.pop(0)
                try:
                    os.fsync(descriptor)
                finally:
                    os.close(descriptor)
            if self._dirty and self._descriptor is not None:
                self._dirty = False
                os.fsync(self._descriptor)

    def prune(self, *, older_than_seconds: float) -> int:
        """Delete segments that every reader has passed and that are old enough; how many."""
        deleted = 0
        while len(self._first_seqs) > 1 and self._first_seqs[1] <= self._passed + 1:
            path = self._path(self._first_seqs[0])
            if time.time() - path.stat().st_mtime < older_than_seconds:
                break
            path.unlink()
            del self._first_seqs[0]
            deleted += 1
        return deleted

    def done(self) -> bool:
        """Every reader has everything."""
        return all(cursor.seq >= self.last_seq for cursor in self.cursors.values())

    def delete(self) -> None:
        """Remove the whole epoch, quarantined copies included."""
        self.close()
        shutil.rmtree(self.folder)

    def close(self) -> None:
        """Write what waits, put it on the disk and let go. What still does not fit is lost and said so."""
        if self._waiting and not self.flush():
            log.error("%d events could not be written before the end: %s", len(self._waiting), self.problem)
        try:
            self.sync()
        except OSError as error:
            self._refused(error)
        with self._syncing:
            if self._descriptor is not None:
                os.close(self._descriptor)
                self._descriptor = None

    def _records(self, after: int) -> Iterator[Record]:
        if self._recent and self._recent[0].seq <= after + 1:
            yield from islice(self._recent, after + 1 - self._recent[0].seq, None)
            return
        first = max(0, bisect_right(self._first_seqs, after + 1) - 1)
        last = after
        for first_seq in self._first_seqs[first:]:
            for record in self._segment(first_seq, last):
                last = record.seq
                yield record
        yield from (record for record in self._waiting if record.seq > last)

    def _segment(self, first_seq: int, after: int) -> Iterator[Record]:
        """Records of one segment after a seq; remembers where the last one ended, so that reading on is no search."""
        known_seq, offset = self._places.get(first_seq, (0, 0))
        with self._path(first_seq).open("rb") as file:
            file.seek(offset if known_seq <= after else 0)
            while line := file.readline():
                try:
                    record = decode(line)
                except Damaged:  # damaged after it was checked at the start: the rest of the segment is not trusted
                    self.write_errors += 1
                    log.exception("%s is damaged at byte %d", file.name, file.tell() - len(line))
                    return
                if record.seq > after:
                    yield record
                if record.seq <= after + 1:
                    self._places = {first_seq: (record.seq, file.tell())}

    def _write(self, record: Record) -> None:
        line = encode(record)
        if self._descriptor is None or self._written + len(line) > SEGMENT_BYTES:
            self._new_segment(record.seq)
        assert self._descriptor is not None  # noqa: S101  for the type checker
        done = 0
        try:
            while done < len(line):
                done += os.write(self._descriptor, line[done:])
        except OSError:
            if done:
                os.ftruncate(self._descriptor, self._written)
            raise
        self._written += len(line)
        self._dirty = True

    def _new_segment(self, first_seq: int) -> None:
        flags = os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_APPEND | os.O_CLOEXEC
        descriptor = os.open(self._path(first_seq), flags, 0o600)
        if self._descriptor is not None:  # its fsync may take long: the next `sync` does it, in its thread
            self._full_segments.append(self._descriptor)
        self._descriptor, self._written = descriptor, 0
        if first_seq not in self._first_seqs:
            self._first_seqs.append(first_seq)

    def _refused(self, error: OSError) -> None:
        self.write_errors += 1
        text = "the disk is full" if error.errno in {errno.ENOSPC, errno.EDQUOT, errno.EFBIG} else str(error.strerror)
        if self.problem is None:
            log.error("the spool cannot be written: %s; events wait in memory", text)
        self.problem = text

    @property
    def _passed(self) -> int:
        return min((cursor.seq for cursor in self.cursors.values()), default=0)

    def _check_segments(self) -> int:
        """Check what somebody may still read; the last good seq."""
        last = self._passed
        still_needed = max(0, bisect_right(self._first_seqs, last + 1) - 1)
        for first_seq in self._first_seqs[still_needed:]:
            path = self._path(first_seq)
            content = path.read_bytes()
            good, seq, problem = sound_prefix(content, first_seq)
            last = max(last, seq)
            if problem:
                self._cut(path, good, len(content) - good, problem)
        return last

    def _cut(self, path: Path, good: int, lost: int, problem: str) -> None:
        kept: Path | None = self.folder / "quarantine" / f"{path.stem}.{time.time_ns()}"
        assert kept is not None  # noqa: S101  for the type checker
        try:
            kept.parent.mkdir(exist_ok=True)
            shutil.copyfile(path, kept)
        except OSError as error:
            log.warning("no copy of the damaged %s could be kept: %s", path.name, error)
            kept = None
        os.truncate(path, good)
        self.repairs.append(Repair(path.name, problem, lost, kept))
        log.error("%s: %s; %d bytes cut, whole file kept as %s", path, problem, lost, kept)

    def _path(self, first_seq: int) -> Path:
        return self.folder / f"{first_seq:016d}.jsonl"
