"""How far one reader has got in one epoch's log. An atomic file; reading and sending are other modules' work."""

from __future__ import annotations

import json
import logging
from pathlib import Path

from apps.service.atomic import write_atomically

log = logging.getLogger(__name__)


class Cursor:
    """`seq` is the last event the reader needs no more. Moves only forward, except by `rewind`.

    A cursor that cannot be stored (full disk) still counts in memory; after a crash events are then sent twice, which
    is harmless because their writes are upserts.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self.seq = self._read()
        self._stored = self.seq

    def advance(self, seq: int) -> None:
        """Everything up to `seq` is done. Raises OSError when it cannot be stored; the position counts all the same."""
        if seq > self.seq:
            self.seq = seq
            self.store()

    def rewind(self, seq: int) -> None:
        """The reader lost what it had said it had: go back."""
        if seq < self.seq:
            self.seq = seq
            self.store()

    def store(self) -> None:
        """Write the position if the file does not have it yet. Raises OSError."""
        if self._stored != self.seq:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._path, json.dumps({"seq": self.seq}).encode())
            self._stored = self.seq

    def _read(self) -> int:
        try:
            seq = json.loads(self._path.read_bytes())["seq"]
        except FileNotFoundError:
            return 0
        except (ValueError, KeyError, TypeError):
            log.warning("%s is damaged: this reader starts again; repeated events are upserts", self._path)
            return 0
        return seq if isinstance(seq, int) and seq >= 0 else 0
