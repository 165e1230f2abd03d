"""The one thread that writes: everything waiting goes into one transaction (group commit). Never blocks the loop."""

from __future__ import annotations

import asyncio
import logging
import queue
import sqlite3
import threading
from collections.abc import Callable
from concurrent.futures import Future
from typing import NamedTuple, TypeVar, cast

from apps.backend.sqlite_schema import translated
from apps.backend.store import StorageUnavailable

log = logging.getLogger(__name__)

T = TypeVar("T")
Work = Callable[[sqlite3.Connection], object]

JOBS_PER_COMMIT = 256
JOBS_WAITING_MAX = 2_000
_STOP_SECONDS = 2.0


class _Job(NamedTuple):
    work: Work
    done: Future[object]


class Writer:
    """Owns the writing connection. `run` answers after the commit that holds the work."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection
        self._jobs: queue.Queue[_Job | None] = queue.Queue(JOBS_WAITING_MAX)
        self._thread = threading.Thread(target=self._loop, name="store-writer", daemon=True)
        self.commits = 0

    def start(self) -> None:
        """Start the thread."""
        self._thread.start()

    async def run(self, work: Callable[[sqlite3.Connection], T]) -> T:
        """Do `work` inside the next transaction. Raises StorageFull, StorageUnavailable, or what `work` raised."""
        done: Future[T] = Future()
        try:
            self._jobs.put_nowait(_Job(work, cast("Future[object]", done)))
        except queue.Full:
            raise StorageUnavailable(f"{JOBS_WAITING_MAX} writes are waiting for the disk") from None
        return await asyncio.wrap_future(done)

    async def stop(self) -> None:
        """Finish what waits, then close the connection."""
        await asyncio.to_thread(self._jobs.put, None)
        await asyncio.to_thread(self._thread.join, _STOP_SECONDS)

    def _loop(self) -> None:
        while True:
            jobs, stop = self._take()
            if jobs:
                self._commit(jobs)
            if stop:
                self._connection.close()
                return

    def _take(self) -> tuple[list[_Job], bool]:
        """Everything waiting, at least one, and whether the stop mark was among it."""
        jobs: list[_Job] = []
        item = self._jobs.get()
        while item is not None:
            jobs.append(item)
            if len(jobs) >= JOBS_PER_COMMIT:
                return jobs, False
            try:
                item = self._jobs.get_nowait()
            except queue.Empty:
                return jobs, False
        return jobs, True

    def _commit(self, jobs: list[_Job]) -> None:
        results: list[tuple[_Job, object]] = []
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            wanted = (job for job in jobs if job.done.set_running_or_notify_cancel())
            results.extend((job, self._one(job)) for job in wanted)
            self._connection.execute("COMMIT")
            self.commits += 1
        except sqlite3.Error as error:
            self._give_up(jobs, error)
            return
        for job, result in results:
            if isinstance(result, Exception):
                job.done.set_exception(result)
            else:
                job.done.set_result(result)

    def _one(self, job: _Job) -> object:
        """One job's result, or the exception it ended with, its own changes undone. SQLite's errors end them all."""
        self._connection.execute("SAVEPOINT job")
        try:
            result = job.work(self._connection)
        except sqlite3.Error:
            raise
        except Exception as error:
            self._connection.execute("ROLLBACK TO job")
            result = error
        self._connection.execute("RELEASE job")
        return result

    def _give_up(self, jobs: list[_Job], error: sqlite3.Error) -> None:
        """Nothing of this transaction is kept; every caller learns it, and may try again."""
        if self._connection.in_transaction:
            try:
                self._connection.execute("ROLLBACK")
            except sqlite3.Error:
                log.exception("store: rollback failed")
        log.error("store: a transaction of %d writes failed: %s", len(jobs), error)
        for job in jobs:
            if not job.done.done():
                job.done.set_exception(translated(error))
