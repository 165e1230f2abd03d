"""Reads a symbol's spool behind its writer, from a place it is told. Never writes, repairs or deletes anything there.

The writer may be at work: a line without its line feed is not there yet. What is damaged is passed over and counted.
"""

from __future__ import annotations

import logging
from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from apps.contracts.events import Stream
from apps.service.spool_record import Damaged, Record, decode

log = logging.getLogger(__name__)

READ_BYTES = 4_000_000
"""Most that one read takes: a day behind is caught up in a few, without a day in memory."""


@dataclass(frozen=True, slots=True, order=True)
class Place:
    """The last event that was read: its epoch and its number in it."""

    epoch: int
    seq: int


@dataclass(frozen=True, slots=True)
class Told:
    """One event as the detector spooled it."""

    stream: Stream
    record: Record

    @property
    def place(self) -> Place:
        """Where it stands."""
        return Place(self.stream.epoch, self.record.seq)


class SpoolTail:
    """`read()` gives what came since the last time, in order. Without a place it begins at the end."""

    def __init__(self, root: Path, symbol: str, place: Place | None) -> None:
        self._root = root / symbol
        self.place = place
        self.damaged = 0
        self._offset: tuple[Path, int] | None = None
        self._known: tuple[int, Stream | None] | None = None
        """The epoch that was read last, and its stream; None for one that cannot be read."""

    def read(self) -> list[Told]:
        """May block: call it from a thread. Raises OSError when the spool is there and cannot be read."""
        epochs = self._epochs()
        if not epochs:
            self.place = self.place or Place(0, 0)  # whatever comes, comes from now on
            return []
        if self.place is None:
            self.place = Place(epochs[-1], self._last_seq(epochs[-1]))
            return []
        if epochs[-1] < self.place.epoch:
            log.warning("the spool began anew: its newest epoch is %d, ours was %d", epochs[-1], self.place.epoch)
            self.place = Place(epochs[-1], 0)
        told: list[Told] = []
        room = READ_BYTES
        for epoch in (number for number in epochs if number >= self.place.epoch):
            for each in self._read_epoch(epoch, room):
                told.append(each)
                room -= len(each.record.body)
            if room <= 0:
                break
        return told

    def _read_epoch(self, epoch: int, room: int) -> Iterator[Told]:
        assert self.place is not None  # noqa: S101  for the type checker
        if epoch > self.place.epoch:
            self.place, self._offset = Place(epoch, 0), None
        folder = self._root / str(epoch)
        if self._known is None or self._known[0] != epoch:
            self._known = epoch, self._stream(folder)
        stream = self._known[1]
        if stream is None:
            return
        firsts = _first_seqs(folder)
        for first in firsts[max(0, bisect_right(firsts, self.place.seq + 1) - 1) :]:
            for record in self._records(folder / f"{first:016d}.jsonl", room):
                room -= len(record.body)
                if record.seq > self.place.seq:
                    self.place = Place(epoch, record.seq)
                    yield Told(stream, record)
            if room <= 0:
                return

    def _records(self, path: Path, room: int) -> Iterator[Record]:
        """Whole lines from where we were; a segment that was pruned meanwhile is empty."""
        offset = self._offset[1] if self._offset and self._offset[0] == path else 0
        try:
            with path.open("rb") as file:
                file.seek(offset)
                while room > 0 and (line := file.readline()).endswith(b"\n"):
                    offset += len(line)
                    room -= len(line)
                    self._offset = path, offset
                    try:
                        yield decode(line)
                    except Damaged as error:
                        self.damaged += 1
                        log.warning("%s is damaged before byte %d (%s): passed over", path.name, offset, error)
        except FileNotFoundError:
            return

    def _last_seq(self, epoch: int) -> int:
        """The last event of an epoch, read from its last segments only."""
        folder = self._root / str(epoch)
        for first in reversed(_first_seqs(folder)):
            last = 0
            for record in self._records(folder / f"{first:016d}.jsonl", room=1 << 40):
                last = record.seq
            if last:
                return last
        return 0

    def _epochs(self) -> list[int]:
        """Epochs that have begun, ascending."""
        if not self._root.is_dir():
            return []
        names = (path.name for path in self._root.iterdir() if (path / "stream.json").is_file())
        return sorted(int(name) for name in names if name.isascii() and name.isdigit())

    def _stream(self, folder: Path) -> Stream | None:
        try:
            return Stream.model_validate_json((folder / "stream.json").read_bytes())
        except FileNotFoundError:  # deleted: everybody else was done with it
            return None
        except ValidationError:
            self.damaged += 1
            log.warning("%s is damaged: its epoch is passed over", folder / "stream.json")
            return None


def _first_seqs(folder: Path) -> list[int]:
    return sorted(int(path.stem) for path in folder.glob("[0-9]" * 16 + ".jsonl"))
