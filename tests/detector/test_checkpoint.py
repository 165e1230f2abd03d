"""Checkpoints: whole or not there, of the same session only, brought up to date from the spool."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.contracts.enums import EpisodeStatus, Kind
from apps.detector import checkpoint as checkpoints
from apps.detector.anomaly_record import instant, revised
from apps.detector.checkpoint import Checkpoint
from apps.detector.detection import Detection
from apps.detector.journal import Journal
from apps.detector.service import _past
from apps.detector.spool import Spool
from apps.market.settings import ScanSettings
from tests.detector.helpers import OPEN_1005, STREAM
from tests.detector.test_detection import anomalies, watch

KEY = (Kind.RESIDUAL, 596.0, True)


@pytest.fixture
def detection() -> Detection:
    made = Detection(STREAM, ScanSettings())
    watch(made, 3, cheap=-0.25)
    return made


def checkpoint_of(detection: Detection, seq: int = 5) -> Checkpoint:
    return Checkpoint(
        stream=STREAM,
        seq=seq,
        market_time=OPEN_1005 + 3,
        last_quote=OPEN_1005 + 2.9,
        numbers=detection.episodes.numbers,
        resting_until={KEY: OPEN_1005 + 40},
        open=list(detection.bodies.values()),
        memory=detection.memory.checkpoint(),
        followed=detection.afterwards.saved(),
    )


def test_what_was_saved_comes_back(tmp_path: Path, detection: Detection) -> None:
    checkpoints.save(tmp_path / "c.json", checkpoint_of(detection))
    assert checkpoints.load(tmp_path / "c.json") == checkpoint_of(detection)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"v":1}', b'{"v":2}', b"\xff\xfe", b'{"v":1,"stream":5}'])
def test_a_damaged_checkpoint_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "c.json").write_bytes(content)
    assert checkpoints.load(tmp_path / "c.json") is None


def test_no_checkpoint_yet_is_none(tmp_path: Path) -> None:
    assert checkpoints.load(tmp_path / "c.json") is None


def test_events_after_the_checkpoint_are_applied_so_that_no_number_is_given_twice(
    tmp_path: Path, detection: Detection
) -> None:
    """Killed between two checkpoints: an episode closed and a second one opened since."""
    [body] = [b for k, b in detection.bodies.items() if k == KEY]
    checkpoints.save(tmp_path / "c.json", checkpoint_of(detection, seq=0))
    spool = Spool(tmp_path / "spool", "SPY")
    line = spool.open(STREAM)
    journal = Journal(line, lambda _: None)
    at = instant(OPEN_1005 + 4)
    journal.tell(revised(body, status=EpisodeStatus.CLOSED, closed_at=at), at)
    journal.tell(revised(body, episode=2, id=body.id[:-1] + "2"), at)
    heir = STREAM.model_copy(update={"epoch": 2})
    past = _past(tmp_path / "c.json", heir, spool.older(2))
    assert past is not None
    assert past.numbers[KEY] == 2
    assert [a.episode for a in past.open if a.kind is Kind.RESIDUAL and a.strike == 596.0] == [2]


def test_the_checkpoint_of_another_run_or_day_is_not_used(tmp_path: Path, detection: Detection) -> None:
    checkpoints.save(tmp_path / "c.json", checkpoint_of(detection))
    for change in ({"run": "other"}, {"day": "2025-05-20"}, {"source": "replay"}):
        assert _past(tmp_path / "c.json", STREAM.model_copy(update={"epoch": 2, **change}), []) is None


def test_without_a_checkpoint_the_spool_alone_tells_the_open_episodes(tmp_path: Path, detection: Detection) -> None:
    spool = Spool(tmp_path / "spool", "SPY")
    line = spool.open(STREAM)
    journal = Journal(line, lambda _: None)
    for body in anomalies(list(detection.bodies.values())):
        journal.tell(body, instant(OPEN_1005 + 3))
    past = _past(tmp_path / "none.json", STREAM.model_copy(update={"epoch": 2}), spool.older(2))
    assert past is not None
    assert {a.id for a in past.open} == {a.id for a in detection.bodies.values()}
