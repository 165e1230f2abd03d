"""The bot's journal: nothing decided twice, nothing half written, whenever it ends."""

from __future__ import annotations

import json
import os
from datetime import UTC, datetime
from pathlib import Path

import pytest

from apps.bot.journal import Entry, Journal
from apps.bot.spool_tail import Place
from apps.contracts.enums import Source
from apps.contracts.events import Decision
from tests.detector.helpers import STREAM


def entry(seq: int, epoch: int = 1, day: int = 19) -> Entry:
    decision = Decision(
        decision_id=f"d{epoch}.{seq}",
        signal_id=f"s{seq}",
        timestamp=datetime(2025, 5, day, 14, tzinfo=UTC),
        accepted=False,
        rule="paused",
        text="The bot is paused.",
        source=Source.SIMULATED,
    )
    return Entry(STREAM.model_copy(update={"epoch": epoch}), Place(epoch, seq), decision)


def decisions(folder: Path) -> list[str]:
    lines = [line for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]
    return [json.loads(line)["decision"]["decision_id"] for line in lines if line.startswith("{")]


def test_the_place_outlives_a_restart(tmp_path: Path) -> None:
    assert Journal(tmp_path, "SPY").place() is None
    Journal(tmp_path, "SPY").keep([entry(3)], Place(1, 9))
    assert Journal(tmp_path, "SPY").place() == Place(1, 9)
    Journal(tmp_path, "SPY").keep([], Place(1, 12))
    assert Journal(tmp_path, "SPY").place() == Place(1, 12)


def test_a_decision_whose_place_was_not_written_is_not_made_again(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "SPY")
    journal.keep([entry(3)], Place(1, 4))
    before = (tmp_path / "SPY-place.json").read_bytes()
    journal.keep([entry(8)], Place(1, 9))
    (tmp_path / "SPY-place.json").write_bytes(before)
    assert Journal(tmp_path, "SPY").place() == Place(1, 8)


def test_a_spool_that_began_anew_moves_the_place_back_and_it_stays_there(tmp_path: Path) -> None:
    journal = Journal(tmp_path, "SPY")
    journal.keep([entry(3, epoch=40)], Place(40, 4))
    journal.keep([], Place(1, 2))
    assert Journal(tmp_path, "SPY").place() == Place(1, 2)


def test_every_utc_day_has_a_file(tmp_path: Path) -> None:
    Journal(tmp_path, "SPY").keep([entry(1), entry(2, day=20)], Place(1, 2))
    assert [path.name for path in sorted(tmp_path.glob("*.jsonl"))] == [
        "SPY-decisions-2025-05-19.jsonl",
        "SPY-decisions-2025-05-20.jsonl",
    ]


def test_half_a_line_left_by_a_power_cut_spoils_no_other(tmp_path: Path) -> None:
    Journal(tmp_path, "SPY").keep([entry(1)], Place(1, 1))
    path = tmp_path / "SPY-decisions-2025-05-19.jsonl"
    with path.open("ab") as file:
        file.write(entry(2).line[:30])
    assert Journal(tmp_path, "SPY").place() == Place(1, 1)
    Journal(tmp_path, "SPY").keep([entry(2)], Place(1, 2))
    whole = [line for line in path.read_text().splitlines() if line.endswith("}}")]
    assert [json.loads(line)["seq"] for line in whole] == [1, 2]


@pytest.mark.parametrize("content", [b"", b"{}", b'{"place": 3, "decided": null}', b"\xff\xfe", b'{"place":[1,"x"]}'])
def test_a_damaged_place_is_replaced_by_the_newest_decision_s(tmp_path: Path, content: bytes) -> None:
    Journal(tmp_path, "SPY").keep([entry(3)], Place(1, 9))
    (tmp_path / "SPY-place.json").write_bytes(content)
    assert Journal(tmp_path, "SPY").place() == Place(1, 3)


def test_a_disk_that_takes_only_half_keeps_nothing_and_moves_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    journal = Journal(tmp_path, "SPY")
    journal.keep([entry(1)], Place(1, 1))
    real = os.write
    budget = [10]

    def write(descriptor: int, data: bytes) -> int:
        if not budget[0]:
            raise OSError(28, "No space left on device")
        taken, budget[0] = budget[0], 0
        return real(descriptor, data[:taken])

    with monkeypatch.context() as patch:
        patch.setattr(os, "write", write)
        with pytest.raises(OSError, match="No space"):
            journal.keep([entry(2)], Place(1, 2))
    assert decisions(tmp_path) == ["d1.1"]
    assert Journal(tmp_path, "SPY").place() == Place(1, 1)
    journal.keep([entry(2)], Place(1, 2))
    assert decisions(tmp_path) == ["d1.1", "d1.2"]
