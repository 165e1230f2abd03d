"""The spool of one symbol: an epoch log with its stream beside it, old epochs to drain first (D8). Sends nothing."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pydantic import ValidationError

from apps.contracts.events import Stream
from apps.detector.spool_log import EpochLog
from apps.service.atomic import write_atomically

log = logging.getLogger(__name__)

BACKEND = "backend"
READERS = (BACKEND,)
"""Whose reading keeps events on the disk. The bot reads beside it and keeps its own place: old ones do not help it."""

KEEP_SECONDS = 24 * 3600.0
"""What every reader has stays this long: a backend that lost its store can be given a day again."""


@dataclass(slots=True)
class Line:
    """One stream and its log."""

    stream: Stream
    log: EpochLog


async def keep_on_disk(epoch_log: EpochLog, failed: Callable[[str], None]) -> None:
    """fsync about once a second, in a thread, until cancelled; a full disk is told to `failed` and tried again."""
    while True:
        await asyncio.sleep(1)
        epoch_log.flush()
        try:
            await asyncio.to_thread(epoch_log.sync)
        except OSError as error:
            failed("sync")
            log.warning("the spool could not be put on the disk: %s", error)
        epoch_log.prune(older_than_seconds=KEEP_SECONDS)


class Spool:
    """`<root>/<symbol>/<epoch>/`: one folder a stream."""

    def __init__(self, root: Path, symbol: str, *, readers: tuple[str, ...] = READERS) -> None:
        self._root = root / symbol
        self._readers = readers
        self.damaged = 0
        """Epoch folders that could not be read at all; they stay on the disk for a person to look at."""

    @property
    def highest_epoch(self) -> int:
        """The highest epoch on the disk; 0 when there is none."""
        return max(self._epochs(), default=0)

    def open(self, stream: Stream) -> Line:
        """The log of a new epoch. Raises OSError when the folder cannot be made."""
        folder = self._root / str(stream.epoch)
        folder.mkdir(parents=True, exist_ok=True)
        write_atomically(folder / "stream.json", stream.model_dump_json().encode(), durable=True)
        return Line(stream, EpochLog(folder, self._readers))

    def older(self, epoch: int) -> list[Line]:
        """Lines of lower epochs, ascending. Those that are finished and old are deleted."""
        loaded = (self._load(self._root / str(number)) for number in sorted(self._epochs()) if number < epoch)
        return [line for line in loaded if line is not None and not self._forgotten(line)]

    def _forgotten(self, line: Line) -> bool:
        """Delete an epoch that every reader is done with, unless it is young or holds something for a person."""
        kept = any((line.log.folder / name).exists() for name in ("quarantine", "dead-letter.jsonl"))
        age = time.time() - (line.log.folder / "stream.json").stat().st_mtime
        if kept or not line.log.done() or age < KEEP_SECONDS:
            return False
        line.log.delete()
        return True

    def _epochs(self) -> list[int]:
        if not self._root.exists():
            return []
        return [int(path.name) for path in self._root.iterdir() if path.is_dir() and path.name.isdigit()]

    def _load(self, folder: Path) -> Line | None:
        try:
            stream = Stream.model_validate_json((folder / "stream.json").read_bytes())
            return Line(stream, EpochLog(folder, self._readers))
        except (OSError, ValidationError, ValueError):
            self.damaged += 1
            log.exception("the spool folder %s cannot be read and is left as it is", folder)
            return None
