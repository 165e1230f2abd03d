"""What a write does to the tables: events, their projections, boards, decisions, retention. Runs in the writer."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Mapping, Sequence

from apps.backend.external import as_anomaly
from apps.backend.sqlite_schema import SAMPLES, inverted, partition_key
from apps.backend.store import Arrived, Board, EpochRefused
from apps.contracts.api import ExternalAnomaly
from apps.contracts.enums import EpisodeStatus, MarketState, OptionType
from apps.contracts.events import (
    AnomalyEvent,
    Decision,
    Event,
    FlowEvent,
    GammaEvent,
    GapEvent,
    MarketEvent,
    SignalEvent,
    Stream,
)
from apps.contracts.names import Table

_DAY_MS = 86_400_000


def stream_id(db: sqlite3.Connection, stream: Stream) -> int:
    """Row of the stream, made if new."""
    key = (stream.source, stream.run, stream.symbol, stream.day, stream.epoch)
    found = db.execute(
        "SELECT id FROM streams WHERE source = ? AND run = ? AND symbol = ? AND day = ? AND epoch = ?", key
    ).fetchone()
    if found:
        return int(found[0])
    made = db.execute(
        "INSERT INTO streams (source, run, symbol, day, epoch, created_ms) VALUES (?, ?, ?, ?, ?, ?)",
        (*key, int(time.time() * 1000)),
    )
    assert made.lastrowid is not None  # noqa: S101  an INSERT into a rowid table has one
    return made.lastrowid


def ingest(db: sqlite3.Connection, stream: Stream, events: Sequence[Arrived], *, late: bool) -> int:
    """Keep events by (stream, seq), once each; the highest contiguous seq after it. Raises EpochRefused (D8)."""
    identity = stream_id(db, stream)
    lacking = [arrived for arrived in events if _insert_event(db, identity, arrived)]
    if late and not lacking:
        raise EpochRefused
    for arrived in lacking:
        _project(db, stream, arrived)
    return _advance(db, identity, max((arrived.event.seq for arrived in lacking), default=0))


def _insert_event(db: sqlite3.Connection, identity: int, arrived: Arrived) -> bool:
    event = arrived.event
    made = db.execute(
        "INSERT INTO events (stream, seq, type, t_publish, key, json) VALUES (?, ?, ?, ?, ?, ?) ON CONFLICT DO NOTHING",
        (identity, event.seq, event.type, event.t_publish, _key(event), arrived.json),
    )
    return made.rowcount == 1


def _key(event: Event) -> str:
    """What several events of one thing have in common."""
    if isinstance(event, AnomalyEvent):
        return event.body.id
    return event.body.started_at.isoformat() if isinstance(event, GapEvent) else ""


def _advance(db: sqlite3.Connection, identity: int, newest: int) -> int:
    """Move `acked` over what is now contiguous."""
    acked, highest = db.execute("SELECT acked, highest FROM streams WHERE id = ?", (identity,)).fetchone()
    highest, before = max(highest, newest), acked
    for (seq,) in db.execute("SELECT seq FROM events WHERE stream = ? AND seq > ? ORDER BY seq", (identity, acked)):
        if seq != acked + 1:
            break
        acked = seq
    if newest or acked != before:
        db.execute("UPDATE streams SET acked = ?, highest = ? WHERE id = ?", (acked, highest, identity))
    return int(acked)


def _project(db: sqlite3.Connection, stream: Stream, arrived: Arrived) -> None:
    """The event's row in the table of its kind, keyed as C13."""
    event = arrived.event
    if isinstance(event, AnomalyEvent):
        _upsert_anomaly(db, stream, event)
        return
    moment = event.market_time.timestamp() * 1000
    order = f"{inverted(moment)}_{stream.epoch:010d}_{event.seq:010d}"
    key = (stream.source, stream.run, partition_key(stream.symbol, stream.day), order)
    if isinstance(event, SignalEvent):
        _keep(db, Table.SIGNALS, key, event.t_publish, event.body.model_dump_json())
    elif isinstance(event, MarketEvent | FlowEvent | GammaEvent):
        _keep(db, SAMPLES[event.type], key, event.t_publish, arrived.json)


def _keep(db: sqlite3.Connection, table: str, key: tuple[str, str, str, str], t_publish: float, json: str) -> None:
    statement = f"INSERT OR REPLACE INTO {table} VALUES (?, ?, ?, ?, ?, ?)"  # noqa: S608  a name of ours
    db.execute(statement, (*key, t_publish, json))


def _upsert_anomaly(db: sqlite3.Connection, stream: Stream, event: AnomalyEvent) -> None:
    """One row per episode; an older state, come late, never replaces a newer one."""
    anomaly = event.body
    right = "C" if anomaly.option_type is OptionType.CALL else "P"
    opened = anomaly.opened_at.timestamp() * 1000
    row_key = f"{inverted(opened)}_{round(anomaly.strike * 1000):08d}_{right}_{anomaly.kind}_{anomaly.episode}"
    db.execute(
        """INSERT INTO anomalies VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)
        ON CONFLICT DO UPDATE SET open = excluded.open, epoch = excluded.epoch, seq = excluded.seq,
          t_publish = excluded.t_publish, json = excluded.json
        WHERE (excluded.epoch, excluded.seq) > (epoch, seq)""",
        (
            stream.source,
            stream.run,
            partition_key(stream.symbol, stream.day),
            row_key,
            anomaly.id,
            int(opened),
            int(anomaly.status is not EpisodeStatus.CLOSED),
            stream.epoch,
            event.seq,
            event.t_publish,
            anomaly.model_dump_json(),
        ),
    )


def append_external(
    db: sqlite3.Connection, anomalies: Sequence[ExternalAnomaly], state: MarketState, received_ms: float
) -> list[tuple[Stream, Arrived]]:
    """Third-party anomalies as events of source `external`; one already kept is left out."""
    new: list[tuple[Stream, Arrived]] = []
    for external in anomalies:
        stream, anomaly = as_anomaly(external, state, received_ms)
        if db.execute("SELECT 1 FROM events WHERE key = ? AND key <> ''", (anomaly.id,)).fetchone():
            continue
        identity = stream_id(db, stream)
        (highest,) = db.execute("SELECT highest FROM streams WHERE id = ?", (identity,)).fetchone()
        event = AnomalyEvent(seq=highest + 1, market_time=anomaly.timestamp, t_publish=received_ms, body=anomaly)
        arrived = Arrived(event, event.model_dump_json())
        ingest(db, stream, [arrived], late=False)
        new.append((stream, arrived))
    return new


def save_board(db: sqlite3.Connection, stream: Stream, board: Board) -> None:
    """The newest frame of the stream."""
    identity = stream_id(db, stream)
    db.execute("UPDATE streams SET header = ?, cells = ? WHERE id = ?", (board.header, board.cells, identity))


def save_decision(db: sqlite3.Connection, decision: Decision) -> None:
    """The same id again replaces it."""
    row_key = inverted(decision.timestamp.timestamp() * 1000)
    db.execute(
        "INSERT OR REPLACE INTO decisions VALUES (?, ?, ?, ?)",
        (decision.decision_id, row_key, int(time.time() * 1000), decision.model_dump_json()),
    )


def purge(db: sqlite3.Connection, days: Mapping[str, int], now_ms: float) -> int:
    """Remove what is older than each table's days (0 keeps for ever), by the wall time its stream began; rows gone.

    A simulated day lies years back on the market's calendar, so age is never taken from market time.
    """
    gone = 0
    for table, kept_days in days.items():
        if not kept_days:
            continue
        before = int(now_ms - kept_days * _DAY_MS)
        if table == Table.EVENTS:
            gone += db.execute(
                "DELETE FROM events WHERE stream IN (SELECT id FROM streams WHERE created_ms < ?)", (before,)
            ).rowcount
        elif table == Table.DECISIONS:
            gone += db.execute("DELETE FROM decisions WHERE created_ms < ?", (before,)).rowcount
        else:
            gone += db.execute(f"DELETE FROM {table} WHERE t_publish < ?", (before,)).rowcount  # noqa: S608
    return gone
