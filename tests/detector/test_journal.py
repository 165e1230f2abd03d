"""The journal: what gives way when space runs out, what is counted, and the gap that reports it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from apps.contracts.enums import GapReason, MarketState, StorageState
from apps.contracts.events import EVENT_ADAPTER, Gap, GapEvent, Market
from apps.detector.journal import Journal
from apps.detector.spool import Line
from apps.detector.spool_log import EpochLog
from tests.detector.helpers import STREAM

NOON = datetime(2025, 5, 19, 16, tzinfo=UTC)
MARKET = Market(price=594.0, state=MarketState.NORMAL)
GAP = Gap(started_at=NOON, reason=GapReason.NO_GATEWAY)


def journal_on_full_disk(folder: Path, memory_bytes: int = 10_000) -> Journal:
    log = EpochLog(folder / "1", ("backend",), memory_bytes=memory_bytes)

    def full(_record: object) -> None:
        raise OSError(28, "No space left on device")

    log._write = full  # type: ignore[method-assign]
    return Journal(Line(STREAM, log), lambda _: None)


def test_samples_give_way_first_and_gaps_and_anomalies_last(tmp_path: Path) -> None:
    journal = journal_on_full_disk(tmp_path)
    kept = sum(journal.tell(MARKET, NOON) for _ in range(200))
    assert 0 < kept < 200
    assert journal.line.log.memory_share >= 0.5
    assert journal.tell(GAP, NOON)
    assert journal.lost == {"market": 200 - kept}
    assert journal.storage is StorageState.LOSING


def test_even_gaps_are_counted_when_the_last_byte_is_used(tmp_path: Path) -> None:
    journal = journal_on_full_disk(tmp_path)
    told = [journal.tell(GAP, NOON) for _ in range(200)]
    assert not told[-1]
    assert journal.lost["gap"] == told.count(False)
    assert journal.last_seq == told.count(True)


def test_what_was_lost_is_reported_as_a_gap_once_there_is_room(tmp_path: Path) -> None:
    journal = journal_on_full_disk(tmp_path)
    while journal.tell(MARKET, NOON):
        pass
    del journal.line.log._write  # type: ignore[method-assign]
    assert journal.line.log.flush()
    assert journal.storage is StorageState.LOSING, "until the gap that tells of it is kept"
    assert journal.tell(MARKET, NOON + timedelta(seconds=60))
    assert journal.storage is StorageState.OK
    records = journal.line.log.read(0, limit=1000, limit_bytes=10**9)
    assert [record.seq for record in records] == list(range(1, journal.last_seq + 1))
    gaps = [e for e in (EVENT_ADAPTER.validate_json(r.body) for r in records) if isinstance(e, GapEvent)]
    assert [(gap.body.started_at, gap.body.ended_at, gap.body.reason) for gap in gaps] == [
        (NOON, NOON + timedelta(seconds=60), GapReason.STORAGE)
    ]
