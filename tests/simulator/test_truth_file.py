"""The truth file on a full disk: the market goes on, no line is lost, doubled or torn."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from apps.contracts.api import Injection
from apps.simulator.truth import RETRY_SECONDS, TruthFile, TruthReader
from tests.small_disk import fill_up, small_disk

TEN = datetime(2025, 5, 19, 14, tzinfo=UTC)


def injection(number: int) -> Injection:
    return Injection(id=f"i{number}", what="mispricing", expected=True, market_time=TEN, ended_at=None)


def test_what_does_not_fit_is_written_once_and_whole_when_there_is_room(tmp_path: Path) -> None:
    with small_disk(tmp_path / "disk", megabytes=1) as disk:
        path, ballast = disk / "truth.jsonl", disk / "ballast"
        truth = TruthFile(path, [injection(number) for number in range(100)])
        fill_up(ballast)
        at = TEN.timestamp()
        truth.reach(at)
        reader = TruthReader(path)
        reader.read()
        assert reader.injections == {}
        ballast.unlink()
        truth.reach(at + RETRY_SECONDS / 2)
        assert path.stat().st_size == 0, "not before its time"
        truth.reach(at + RETRY_SECONDS)
        reader.read()
        assert set(reader.injections) == {f"i{number}" for number in range(100)}
        assert (reader.refused, len(path.read_text().splitlines())) == (0, 100)
