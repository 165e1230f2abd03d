"""The bot's journal: what it made of each signal, a line each, for ever; and the place up to which it has read.

One file a UTC day. A decision is on the disk before the place moves on, so after a crash the newest line tells what was
decided last and nothing is decided twice.
"""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from apps.bot.spool_tail import Place
from apps.contracts.events import Decision, Stream
from apps.service.atomic import write_atomically

log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entry:
    """A decision on the signal that stood at `place` of `stream`."""

    stream: Stream
    place: Place
    decision: Decision

    @property
    def line(self) -> bytes:
        """As it is written."""
        content = {
            "stream": self.stream.model_dump(mode="json"),
            "seq": self.place.seq,
            "decision": self.decision.model_dump(mode="json"),
        }
        return json.dumps(content, separators=(",", ":")).encode() + b"\n"


class Journal:
    """`folder/SYMBOL-decisions-DAY.jsonl` and `folder/SYMBOL-place.json`. Everything may block: use it in a thread."""

    def __init__(self, folder: Path, symbol: str) -> None:
        self._folder = folder
        self._symbol = symbol
        self._place_path = folder / f"{symbol}-place.json"
        self._newest = self._newest_decided()

    def place(self) -> Place | None:
        """Up to where signals were read and decided; None before the first time."""
        try:
            content = json.loads(self._place_path.read_bytes())
            stored, decided = Place(*map(int, content["place"])), content["decided"]
        except FileNotFoundError:
            return self._newest
        except (ValueError, KeyError, TypeError):
            log.warning("%s is damaged: the newest decision tells the place", self._place_path)
            return self._newest
        known = None if decided is None else Place(*map(int, decided))
        return stored if known == self._newest else self._newest  # we died between a decision and its place

    def keep(self, entries: Sequence[Entry], place: Place) -> None:
        """Write the decisions, then the place. Raises OSError, and then the place has not moved."""
        by_day: dict[str, list[bytes]] = {}
        for entry in entries:
            by_day.setdefault(entry.decision.timestamp.date().isoformat(), []).append(entry.line)
        for day, lines in by_day.items():
            self._append(self._folder / f"{self._symbol}-decisions-{day}.jsonl", b"".join(lines))
        if entries:
            self._newest = entries[-1].place
        decided = self._newest and (self._newest.epoch, self._newest.seq)
        content = {"place": (place.epoch, place.seq), "decided": decided}
        write_atomically(self._place_path, json.dumps(content).encode())

    def _append(self, path: Path, lines: bytes) -> None:
        """Whole lines on the disk; what could be written only in part is taken back. Raises OSError."""
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            end = os.lseek(descriptor, 0, os.SEEK_END)
            if end and os.pread(descriptor, 1, end - 1) != b"\n":  # a power cut left half a line
                lines = b"\n" + lines
            try:
                while lines:
                    lines = lines[os.write(descriptor, lines) :]
                os.fsync(descriptor)
            except OSError:
                os.ftruncate(descriptor, end)
                raise
        finally:
            os.close(descriptor)

    def _newest_decided(self) -> Place | None:
        """Where the newest decision's signal stood."""
        paths = sorted(self._folder.glob(f"{self._symbol}-decisions-*.jsonl"))
        for line in reversed(paths[-1].read_bytes().splitlines() if paths else []):
            try:
                content = json.loads(line)
                return Place(int(content["stream"]["epoch"]), int(content["seq"]))
            except (ValueError, KeyError, TypeError):
                log.warning("%s ends with half a line", paths[-1])
        return None
