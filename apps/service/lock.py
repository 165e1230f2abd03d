"""One writer per symbol on this machine: a file lock with an epoch that only rises (D6). Never blocks."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from pathlib import Path

from apps.service.atomic import write_atomically

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""How often a standby tries: the longest time between the holder's death and the takeover."""


class LockLost(RuntimeError):
    """The lock file was replaced under us: somebody else may hold it. Stop writing."""


class SymbolLock:
    """Holds `<directory>/<symbol>.lock`; each acquisition gets an epoch above every earlier one (the fencing token).

    The kernel releases the lock when the process dies, however it dies. The epoch is kept beside the lock and is on
    the disk before it is used.
    """

    def __init__(self, directory: Path, symbol: str) -> None:
        self._lock_path = directory / f"{symbol}.lock"
        self._epoch_path = directory / f"{symbol}.epoch"
        self._descriptor: int | None = None
        self.epoch = 0
        self.waited = False
        """True when somebody else held the lock at our first try: this holder is a takeover."""

    async def acquire(self) -> int:
        """Wait for the lock as a standby; the new epoch. Raises OSError when the directory cannot be written."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        while not self._try():
            if not self.waited:
                log.info("standby: %s is held by another process", self._lock_path.name)
            self.waited = True
            await asyncio.sleep(POLL_SECONDS)
        return self.next_epoch()

    def next_epoch(self, above: int = 0) -> int:
        """A fresh epoch of this holder, greater than `above`. Raises LockLost when the lock is no longer ours."""
        self.check()
        epoch = max(self._stored_epoch(), self.epoch, above) + 1
        write_atomically(self._epoch_path, f"{epoch}\n".encode(), durable=True)
        self.epoch = epoch
        return epoch

    def check(self) -> None:
        """Raises LockLost unless the file that we hold is still the one on the disk."""
        if self._descriptor is None:
            raise LockLost(f"{self._lock_path.name} is not held")
        try:
            here, there = os.fstat(self._descriptor), self._lock_path.stat()
        except FileNotFoundError as error:
            raise LockLost(f"{self._lock_path} was deleted while held") from error
        if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
            raise LockLost(f"{self._lock_path} was replaced while held")

    def release(self) -> None:
        """Let a standby take over. Harmless when not held."""
        if self._descriptor is not None:
            os.close(self._descriptor)
            self._descriptor = None

    def _try(self) -> bool:
        descriptor = os.open(self._lock_path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(descriptor)
            return False
        self._descriptor = descriptor
        try:
            self.check()
        except LockLost:  # the file was replaced between our opening and locking it
            self.release()
            return False
        return True

    def _stored_epoch(self) -> int:
        try:
            return int(self._epoch_path.read_text())
        except FileNotFoundError:
            return 0
        except ValueError:
            log.exception("%s is damaged; epochs continue above the spool's", self._epoch_path)
            return 0
