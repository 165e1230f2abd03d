"""What reads ask of the tables. Each function is one consistent answer on a read-only connection."""

from __future__ import annotations

import base64
import binascii
import json
import sqlite3
from datetime import datetime

from apps.backend.sqlite_schema import SAMPLES, partition_key
from apps.backend.store import AnomalyQuery, BadCursor, Board, KnownStream, Page, StoredSnapshot, Wanted
from apps.contracts.anomalies import Anomaly
from apps.contracts.events import Gap, GapEvent, Stream
from apps.contracts.names import Table

SNAPSHOT_ANOMALIES = 200
_NEVER = 1e300
_STREAM = "source, run, symbol, day, epoch, acked, highest"


def pack_cursor(*parts: str | int) -> str:
    """An opaque cursor."""
    return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")


def unpack_cursor(cursor: str, kinds: tuple[type, ...]) -> list[str | int]:
    """Its parts, of exactly these types. Raises BadCursor."""
    try:
        parts = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, binascii.Error, RecursionError) as error:
        raise BadCursor from error
    if not isinstance(parts, list) or [type(part) for part in parts] != list(kinds):
        raise BadCursor
    if any(isinstance(part, int) and abs(part) >= 2**63 for part in parts):
        raise BadCursor
    return parts


def _known(row: tuple[str, str, str, str, int, int, int]) -> KnownStream:
    source, run, symbol, day, epoch, acked, highest = row
    stream = Stream.model_validate({"source": source, "run": run, "symbol": symbol, "day": day, "epoch": epoch})
    return KnownStream(stream, acked, highest)


def streams(db: sqlite3.Connection) -> list[KnownStream]:
    """Every stream, oldest first."""
    return [_known(row) for row in db.execute(f"SELECT {_STREAM} FROM streams ORDER BY id")]  # noqa: S608


def find(db: sqlite3.Connection, wanted: Wanted) -> KnownStream | None:
    """The stream meant: latest run to have begun, then latest day, then highest epoch, of what is not given."""
    given = {"source": wanted.source, "run": wanted.run, "symbol": wanted.symbol, "day": wanted.day}
    bounds = {key: value for key, value in {**given, "epoch": wanted.epoch}.items() if value is not None}
    where = " AND ".join(f"{key} = :{key}" for key in bounds)
    row = db.execute(
        f"""SELECT {_STREAM} FROM streams AS s WHERE {where}
        ORDER BY (SELECT min(id) FROM streams AS r WHERE r.source = s.source AND r.run = s.run) DESC,
          day DESC, epoch DESC LIMIT 1""",  # noqa: S608  column names of ours
        bounds,
    ).fetchone()
    return _known(row) if row else None


def newest_epoch(db: sqlite3.Connection, stream: Stream) -> int:
    """Highest epoch of the stream's day."""
    (epoch,) = db.execute(
        "SELECT max(epoch) FROM streams WHERE source = ? AND run = ? AND symbol = ? AND day = ?",
        (stream.source, stream.run, stream.symbol, stream.day),
    ).fetchone()
    return int(epoch if epoch is not None else stream.epoch)


_ID = "(SELECT id FROM streams WHERE source = ? AND run = ? AND symbol = ? AND day = ? AND epoch = ?)"


def _key(stream: Stream) -> tuple[str, str, str, str, int]:
    return stream.source, stream.run, stream.symbol, stream.day, stream.epoch


def events(db: sqlite3.Connection, stream: Stream, after: int, limit: int, until: float | None) -> list[str]:
    """Ascending seq above `after`."""
    rows = db.execute(
        f"SELECT json FROM events WHERE stream = {_ID} AND seq > ? AND t_publish <= ? ORDER BY seq LIMIT ?",  # noqa: S608
        (*_key(stream), after, _NEVER if until is None else until, limit),
    )
    return [text for (text,) in rows]


_OF_DAY = """FROM events JOIN streams ON streams.id = events.stream
WHERE source = ? AND run = ? AND symbol = ? AND day = ? AND type = ? AND t_publish <= ?"""


def _day(stream: Stream) -> tuple[str, str, str, str]:
    return stream.source, stream.run, stream.symbol, stream.day


def newest(db: sqlite3.Connection, stream: Stream, kind: str, until: float | None) -> str | None:
    """The newest event of one type of the stream's day, any epoch."""
    row = db.execute(
        f"SELECT json {_OF_DAY} ORDER BY epoch DESC, seq DESC LIMIT 1",
        (*_day(stream), kind, _NEVER if until is None else until),
    ).fetchone()
    return row[0] if row else None


def gaps(db: sqlite3.Connection, stream: Stream, until: float | None) -> list[Gap]:
    """The day's gaps, each in its last state, oldest first."""
    rows = db.execute(
        f"SELECT json {_OF_DAY} ORDER BY epoch, seq",
        (*_day(stream), "gap", _NEVER if until is None else until),
    )
    last: dict[datetime, Gap] = {}
    for (text,) in rows:
        gap = GapEvent.model_validate_json(text).body
        last[gap.started_at] = gap
    return [last[start] for start in sorted(last)]


def samples(db: sqlite3.Connection, stream: Stream, table: str, limit: int, until: float | None) -> list[str]:
    """A day's samples, ascending, thinned evenly to `limit`; the newest is always among them."""
    if table not in SAMPLES.values():
        raise ValueError(f"{table} holds no samples")
    key = (stream.source, stream.run, partition_key(stream.symbol, stream.day), _NEVER if until is None else until)
    where = f"FROM {table} WHERE source = ? AND run = ? AND partition_key = ? AND t_publish <= ?"
    (count,) = db.execute(f"SELECT count(*) {where}", key).fetchone()
    step = max(1, -(-count // limit))
    rows = db.execute(
        f"""SELECT json FROM (SELECT json, row_key, row_number() OVER (ORDER BY row_key) - 1 AS place {where})
        WHERE place % {step} = 0 ORDER BY row_key DESC""",  # noqa: S608
        key,
    )
    return [text for (text,) in rows]


def _as_published(
    db: sqlite3.Connection, identity: str, text: str, t_publish: float, until: float | None
) -> str | None:
    """The anomaly's newest state that was published by `until`; None when it was not known then."""
    if until is None or t_publish <= until:
        return text
    row = db.execute(
        # `key <> ''` names the partial index's own condition: without it the planner reads the whole table.
        """SELECT json FROM events WHERE key = ? AND key <> '' AND t_publish <= ?
        ORDER BY stream DESC, seq DESC LIMIT 1""",
        (identity, until),
    ).fetchone()
    return json.dumps(json.loads(row[0])["body"]) if row else None


def anomalies(db: sqlite3.Connection, query: AnomalyQuery, stream: Stream) -> Page:
    """Newest opening first, by keyset. Raises BadCursor."""
    where = ["source = ?", "run = ?", "partition_key GLOB ?"]
    values: list[str | int] = [stream.source, stream.run, f"{stream.symbol}_*"]
    if query.from_ms is not None:
        where.append("opened_ms >= ?")
        values.append(query.from_ms)
    if query.to_ms is not None:
        where.append("opened_ms <= ?")
        values.append(query.to_ms)
    if query.cursor is not None:
        opened, row_key = unpack_cursor(query.cursor, (int, str))
        where.append("(opened_ms < ? OR (opened_ms = ? AND row_key > ?))")
        values += [opened, opened, row_key]
    rows = db.execute(
        f"""SELECT id, json, t_publish, opened_ms, row_key FROM anomalies WHERE {" AND ".join(where)}
        ORDER BY opened_ms DESC, row_key LIMIT ?""",  # noqa: S608  conditions of ours
        (*values, query.limit + 1),
    ).fetchall()
    kept = rows[: query.limit]
    cursor = pack_cursor(kept[-1][3], kept[-1][4]) if len(rows) > query.limit else None
    texts = (_as_published(db, row[0], row[1], row[2], query.until_publish) for row in kept)
    return Page(tuple(text for text in texts if text is not None), cursor)


def _snapshot_anomalies(db: sqlite3.Connection, stream: Stream, until: float | None) -> tuple[Anomaly, ...]:
    """Every open one, then the newest closed ones."""
    key = (stream.source, stream.run, partition_key(stream.symbol, stream.day))
    rows = db.execute(
        """SELECT id, json, t_publish FROM anomalies WHERE source = ? AND run = ? AND partition_key = ?
        ORDER BY open DESC, row_key LIMIT ?""",
        (*key, SNAPSHOT_ANOMALIES),
    )
    texts = (_as_published(db, identity, text, t_publish, until) for identity, text, t_publish in rows.fetchall())
    return tuple(Anomaly.model_validate_json(text) for text in texts if text is not None)


def snapshot(db: sqlite3.Connection, wanted: Wanted, until: float | None) -> StoredSnapshot | None:
    """Everything of one stream at one instant of the store."""
    db.execute("BEGIN")
    try:
        known = find(db, wanted)
        if known is None:
            return None
        stream = known.stream
        header, cells = db.execute(f"SELECT header, cells FROM streams WHERE id = {_ID}", _key(stream)).fetchone()  # noqa: S608
        if until is not None:
            acked = db.execute(
                f"SELECT coalesce(max(seq), 0) FROM events WHERE stream = {_ID} AND seq <= ? AND t_publish <= ?",  # noqa: S608
                (*_key(stream), known.acked, until),
            ).fetchone()[0]
            known = KnownStream(stream, acked, known.highest)
        return StoredSnapshot(
            known,
            Board(header, cells) if header else None,
            newest(db, stream, "status", until),
            _snapshot_anomalies(db, stream, until),
            tuple(gaps(db, stream, until)),
        )
    finally:
        db.execute("COMMIT")


def signals(db: sqlite3.Connection, stream: Stream, limit: int, cursor: str | None, until: float | None) -> Page:
    """Newest first, all days of the run."""
    day, row_key = unpack_cursor(cursor, (str, str)) if cursor else ("\U0010ffff", "")
    rows = db.execute(
        f"""SELECT json, partition_key, row_key FROM {Table.SIGNALS}
        WHERE source = ? AND run = ? AND partition_key GLOB ? AND t_publish <= ?
          AND (partition_key < ? OR (partition_key = ? AND row_key > ?))
        ORDER BY partition_key DESC, row_key LIMIT ?""",  # noqa: S608
        (
            stream.source,
            stream.run,
            f"{stream.symbol}_*",
            _NEVER if until is None else until,
            day,
            day,
            row_key,
            limit + 1,
        ),
    ).fetchall()
    return _page(rows, limit)


def decisions(db: sqlite3.Connection, limit: int, cursor: str | None) -> Page:
    """Newest first."""
    row_key, identity = unpack_cursor(cursor, (str, str)) if cursor else ("", "")
    rows = db.execute(
        """SELECT json, row_key, id FROM decisions WHERE (row_key, id) > (?, ?) ORDER BY row_key, id LIMIT ?""",
        (row_key, identity, limit + 1),
    ).fetchall()
    return _page(rows, limit)


def _page(rows: list[tuple[str, str, str]], limit: int) -> Page:
    kept = rows[:limit]
    cursor = pack_cursor(kept[-1][1], kept[-1][2]) if len(rows) > limit else None
    return Page(tuple(row[0] for row in kept), cursor)
