"""The embedded store: one SQLite file, a writing thread with group commit, readers beside. Never blocks the loop."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TypeVar

from apps.backend import sqlite_reads, sqlite_writes
from apps.backend.metrics import Metrics
from apps.backend.sqlite_schema import connect, open_database, storage_errors
from apps.backend.sqlite_writer import Writer
from apps.backend.store import (
    AnomalyQuery,
    Arrived,
    BadCursor,
    Board,
    EpochRefused,
    KnownStream,
    Page,
    StorageFull,
    StorageUnavailable,
    StoredSnapshot,
    Wanted,
)
from apps.contracts.api import ExternalAnomaly
from apps.contracts.enums import MarketState
from apps.contracts.events import Decision, Gap, Stream

T = TypeVar("T")
READERS = 4
_EMPTY = Page((), None)


class SqliteStore:
    """See `store.Store` for what each method promises."""

    def __init__(self, path: Path, *, bytes_max: int, retention_days: Mapping[str, int], metrics: Metrics) -> None:
        self._path, self._bytes_max, self._days, self._metrics = path, bytes_max, retention_days, metrics
        self._readers = ThreadPoolExecutor(READERS, thread_name_prefix="store-reader")
        self._local = threading.local()
        self._connections: list[sqlite3.Connection] = []
        self._writer: Writer | None = None
        self.problem: str | None = None
        """Why the last write failed, for /ready; None after one that did not."""

    def open(self) -> None:
        """Open the file now, so that a corrupt one is refused before the port is bound. Raises StoreCorrupt."""
        self._writer = Writer(open_database(self._path, self._bytes_max))

    async def start(self) -> None:
        """Start writing."""
        if self._writer is None:
            self.open()
        self._open_writer().start()

    async def stop(self) -> None:
        """Finish what was accepted, then close."""
        if self._writer is not None:
            await self._writer.stop()
        self._readers.shutdown(wait=True, cancel_futures=True)
        for connection in self._connections:
            connection.close()

    @property
    def commits(self) -> int:
        """Transactions so far: fewer than writes when they come together."""
        return self._open_writer().commits

    async def streams(self) -> list[KnownStream]:
        """Every stream kept, oldest first."""
        return await self._read("streams", sqlite_reads.streams)

    async def ingest(self, stream: Stream, events: Sequence[Arrived], *, late: bool) -> int:
        """Keep events; the highest contiguous seq."""
        return await self._write("ingest", lambda db: sqlite_writes.ingest(db, stream, events, late=late))

    async def append_external(
        self, anomalies: Sequence[ExternalAnomaly], state: MarketState, received_ms: float
    ) -> list[tuple[Stream, Arrived]]:
        """Keep third-party anomalies."""
        return await self._write(
            "external", lambda db: sqlite_writes.append_external(db, anomalies, state, received_ms)
        )

    async def save_board(self, stream: Stream, board: Board) -> None:
        """Keep the newest frame."""
        await self._write("board", lambda db: sqlite_writes.save_board(db, stream, board))

    async def save_decision(self, decision: Decision) -> None:
        """Keep a decision."""
        await self._write("decision", lambda db: sqlite_writes.save_decision(db, decision))

    async def purge(self) -> int:
        """Remove what is older than the settings keep; rows gone."""
        return await self._write("purge", lambda db: sqlite_writes.purge(db, self._days, time.time() * 1000))

    async def find(self, wanted: Wanted) -> KnownStream | None:
        """The stream meant."""
        return await self._read("find", lambda db: sqlite_reads.find(db, wanted))

    async def newest_epoch(self, stream: Stream) -> int:
        """Highest epoch of the day."""
        return await self._read("find", lambda db: sqlite_reads.newest_epoch(db, stream))

    async def snapshot(self, wanted: Wanted, *, until_publish: float | None) -> StoredSnapshot | None:
        """One consistent reading."""
        return await self._read("snapshot", lambda db: sqlite_reads.snapshot(db, wanted, until_publish))

    async def events(self, stream: Stream, after: int, limit: int, *, until_publish: float | None) -> list[str]:
        """Ascending seq."""
        return await self._read("events", lambda db: sqlite_reads.events(db, stream, after, limit, until_publish))

    async def newest(self, wanted: Wanted, kind: str, *, until_publish: float | None) -> str | None:
        """The newest event of one type."""
        return await self._of("newest", wanted, lambda db, s: sqlite_reads.newest(db, s, kind, until_publish), None)

    async def samples(self, wanted: Wanted, table: str, limit: int, *, until_publish: float | None) -> list[str]:
        """A day's samples."""
        return await self._of(
            "samples", wanted, lambda db, s: sqlite_reads.samples(db, s, table, limit, until_publish), []
        )

    async def gaps(self, wanted: Wanted, *, until_publish: float | None) -> list[Gap]:
        """The day's gaps."""
        return await self._of("gaps", wanted, lambda db, s: sqlite_reads.gaps(db, s, until_publish), [])

    async def anomalies(self, query: AnomalyQuery) -> Page:
        """Newest opening first."""
        return await self._of("anomalies", query.wanted, lambda db, s: sqlite_reads.anomalies(db, query, s), _EMPTY)

    async def signals(self, wanted: Wanted, limit: int, cursor: str | None, *, until_publish: float | None) -> Page:
        """Newest first."""
        return await self._of(
            "signals", wanted, lambda db, s: sqlite_reads.signals(db, s, limit, cursor, until_publish), _EMPTY
        )

    async def decisions(self, limit: int, cursor: str | None) -> Page:
        """Newest first."""
        return await self._read("decisions", lambda db: sqlite_reads.decisions(db, limit, cursor))

    async def _of(self, name: str, wanted: Wanted, ask: Callable[[sqlite3.Connection, Stream], T], otherwise: T) -> T:
        def read(db: sqlite3.Connection) -> T:
            known = sqlite_reads.find(db, wanted)
            return otherwise if known is None else ask(db, known.stream)

        return await self._read(name, read)

    async def _write(self, name: str, work: Callable[[sqlite3.Connection], T]) -> T:
        with self._metrics.storage(name, expected=(EpochRefused, StorageFull, StorageUnavailable)):
            try:
                result = await self._open_writer().run(work)
            except (StorageFull, StorageUnavailable) as error:
                self.problem = f"Writing fails: {error}"
                raise
        self.problem = None
        return result

    async def _read(self, name: str, ask: Callable[[sqlite3.Connection], T]) -> T:
        def in_thread() -> T:
            with storage_errors():
                return ask(self._reader())

        with self._metrics.storage(name, expected=(StorageUnavailable, BadCursor)):
            return await asyncio.get_running_loop().run_in_executor(self._readers, in_thread)

    def _reader(self) -> sqlite3.Connection:
        """This thread's own connection."""
        connection: sqlite3.Connection | None = getattr(self._local, "connection", None)
        if connection is None:
            connection = self._local.connection = connect(self._path)
            self._connections.append(connection)
        return connection

    def _open_writer(self) -> Writer:
        if self._writer is None:
            raise StorageUnavailable("the store is not open")
        return self._writer
