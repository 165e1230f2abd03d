"""One writer per symbol on one machine: a file lock with an epoch that only rises (D6). Never blocks."""

from __future__ import annotations

import asyncio
import fcntl
import logging
import os
from pathlib import Path

from apps.service.atomic import write_atomically
from apps.service.leadership import LeadershipLost

log = logging.getLogger(__name__)

POLL_SECONDS = 0.2
"""How often a standby tries: the longest time between the holder's death and the takeover."""


CHECK_SECONDS = 1.0
"""How often the holder looks whether the lock file is still the one that it holds."""


class SymbolLock:
    """Leadership by a file, `<directory>/<symbol>.lock`; each turn gets an epoch above every earlier one.

    The kernel releases the lock when the process dies, however it dies. The epoch is kept beside the lock and is on
    the disk before it is used.
    """

    def __init__(self, directory: Path, symbol: str) -> None:
        self._lock_path = directory / f"{symbol}.lock"
        self._epoch_path = directory / f"{symbol}.epoch"
        self._descriptor: int | None = None
        self.epoch = 0
        self.waited = False
        self.problem: str | None = None

    async def acquire(self) -> int:
        """Wait for the lock as a standby; the new epoch. Raises OSError when the directory cannot be written."""
        self._lock_path.parent.mkdir(parents=True, exist_ok=True)
        while not self._try():
            if not self.waited:
                log.info("standby: %s is held by another process", self._lock_path.name)
            self.waited = True
            await asyncio.sleep(POLL_SECONDS)
        return await self.next_epoch()

    async def next_epoch(self, above: int = 0) -> int:
        """A fresh epoch of this holder, greater than `above`. Raises LeadershipLost."""
        self.check()
        epoch = max(self._stored_epoch(), self.epoch, above) + 1
        write_atomically(self._epoch_path, f"{epoch}\n".encode(), durable=True)
        self.epoch = epoch
        return epoch

    def check(self) -> None:
        """Raises LeadershipLost unless the file that we hold is still the one on the disk."""
        if self._descriptor is None:
            raise LeadershipLost(f"{self._lock_path.name} is not held")
        try:
            here, there = os.fstat(self._descriptor), self._lock_path.stat()
        except FileNotFoundError as error:
            raise LeadershipLost(f"{self._lock_path} was deleted while held") from error
        if (here.st_dev, here.st_ino) != (there.st_dev, there.st_ino):
            raise LeadershipLost(f"{self._lock_path} was replaced while held")

    async def keep(self) -> None:
        """Watch the lock file until cancelled: the kernel does the holding. Raises LeadershipLost."""
        while True:
            await asyncio.sleep(CHECK_SECONDS)
            self.check()

    async def release(self) -> None:
        """Let a standby take over. Harmless when not held."""
        self._let_go()

    async def close(self) -> None:
        """There is no connection to let go of."""

    def _let_go(self) -> None:
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
        except LeadershipLost:  # the file was replaced between our opening and locking it
            self._let_go()
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
