"""The SQLite file: tables, keys, and opening it safely. Never repairs, moves or deletes a file it cannot read."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from apps.backend.store import StorageFull, StorageUnavailable, StoreCorrupt
from apps.contracts.names import Table

SCHEMA_VERSION = 1
PAGE_BYTES = 4096
QUICK_CHECK_BYTES = 64_000_000
"""Larger files are not read whole at the start: a start must stay quick, and a bad page is met when it is read."""

_TICKS_PER_MS = 10_000
_FOREVER = 10**19 - 1

SAMPLES = {"market": Table.SPYMARKET, "flow": Table.FLOW, "gamma": Table.GAMMAMETRICS}
"""Event types that also have a table of their own."""

_SAMPLE_DDL = """
CREATE TABLE {table} (
  source TEXT, run TEXT, partition_key TEXT, row_key TEXT, t_publish REAL NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (source, run, partition_key, row_key)) WITHOUT ROWID;"""

DDL = (
    """
CREATE TABLE streams (
  id INTEGER PRIMARY KEY, source TEXT, run TEXT, symbol TEXT, day TEXT, epoch INTEGER,
  acked INTEGER NOT NULL DEFAULT 0, highest INTEGER NOT NULL DEFAULT 0, created_ms INTEGER NOT NULL,
  header TEXT, cells TEXT, UNIQUE (source, run, symbol, day, epoch));
CREATE TABLE events (
  stream INTEGER, seq INTEGER, type TEXT NOT NULL, t_publish REAL NOT NULL, key TEXT NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (stream, seq)) WITHOUT ROWID;
CREATE INDEX events_by_type ON events (stream, type, seq);
CREATE INDEX events_by_key ON events (key) WHERE key <> '';
CREATE TABLE anomalies (
  source TEXT, run TEXT, partition_key TEXT, row_key TEXT, id TEXT NOT NULL, opened_ms INTEGER NOT NULL,
  open INTEGER NOT NULL, epoch INTEGER NOT NULL, seq INTEGER NOT NULL, t_publish REAL NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (source, run, partition_key, row_key)) WITHOUT ROWID;
CREATE INDEX anomalies_newest ON anomalies (source, run, opened_ms DESC, row_key);
CREATE INDEX anomalies_open ON anomalies (source, run, partition_key) WHERE open = 1;
CREATE TABLE signals (
  source TEXT, run TEXT, partition_key TEXT, row_key TEXT, t_publish REAL NOT NULL, json TEXT NOT NULL,
  PRIMARY KEY (source, run, partition_key, row_key)) WITHOUT ROWID;
CREATE TABLE decisions (
  id TEXT PRIMARY KEY, row_key TEXT NOT NULL, created_ms INTEGER NOT NULL, json TEXT NOT NULL) WITHOUT ROWID;
CREATE INDEX decisions_newest ON decisions (row_key, id);
"""
    + "".join(_SAMPLE_DDL.format(table=table) for table in SAMPLES.values())
    + f"PRAGMA user_version = {SCHEMA_VERSION};"
)


def inverted(milliseconds: float) -> str:
    """Row-key part that sorts the newest first (C13): 10^19 - 1 - ticks of 100 ns, 19 digits."""
    return f"{_FOREVER - int(milliseconds) * _TICKS_PER_MS:019d}"


def partition_key(symbol: str, day: str) -> str:
    """C13: SPY_YYYYMMDD, the New York day."""
    return f"{symbol}_{day.replace('-', '')}"


def connect(path: Path, *, writer: bool = False) -> sqlite3.Connection:
    """One connection for one thread at a time. Readers cannot write."""
    connection = sqlite3.connect(path, isolation_level=None, timeout=5, check_same_thread=False)
    connection.execute(f"PRAGMA cache_size = {-16_000 if writer else -4_000}")
    if writer:
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")  # an acknowledged event survives a power cut
    else:
        connection.execute("PRAGMA query_only = 1")
    return connection


def open_database(path: Path, bytes_max: int) -> sqlite3.Connection:
    """The writer's connection, with the tables made. Raises StoreCorrupt for a file that is not ours or not whole."""
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        connection = connect(path, writer=True)
        version = int(connection.execute("PRAGMA user_version").fetchone()[0])
        if version == 0 and not connection.execute("SELECT 1 FROM sqlite_master").fetchone():
            connection.execute(f"PRAGMA page_size = {PAGE_BYTES}")
            connection.executescript("BEGIN;" + DDL + "COMMIT;")
        elif version != SCHEMA_VERSION:
            raise StoreCorrupt(
                f"The database {path} has version {version}; this backend knows version {SCHEMA_VERSION}. "
                "Move the file away, or set DATA_DIR to another folder."
            )
        _check(connection, path)
        connection.execute(f"PRAGMA max_page_count = {max(1, bytes_max // PAGE_BYTES)}")
    except (sqlite3.DatabaseError, OSError) as error:
        raise StoreCorrupt(
            f"The database {path} cannot be used ({error}). It is left as it is: move it away to start with an empty "
            "one, or restore it from a copy."
        ) from error
    return connection


def _check(connection: sqlite3.Connection, path: Path) -> None:
    connection.execute("SELECT count(*) FROM streams").fetchone()
    if path.stat().st_size <= QUICK_CHECK_BYTES:
        finding = connection.execute("PRAGMA quick_check(1)").fetchone()[0]
        if finding != "ok":
            raise sqlite3.DatabaseError(f"its own check says: {finding}")


@contextmanager
def storage_errors() -> Iterator[None]:
    """SQLite's errors as ours: full is StorageFull, the rest StorageUnavailable."""
    try:
        yield
    except sqlite3.Error as error:
        raise translated(error) from error


def translated(error: sqlite3.Error) -> Exception:
    """Our exception for one of SQLite's."""
    if getattr(error, "sqlite_errorcode", None) == sqlite3.SQLITE_FULL:
        return StorageFull("the database or its disk is full")
    return StorageUnavailable(f"the database failed: {error}")
