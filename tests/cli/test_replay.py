"""`spy replay`: what it takes for a recording, a scenario, or neither."""

from __future__ import annotations

import gzip
import os
import subprocess
import sys
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from apps.cli import replay
from apps.cli.local_platform import PlatformPlan
from apps.contracts.enums import OptionType, Source
from apps.contracts.recording import RecordedContract, RecordingHeader
from tests.local_platform import PORT_KEYS


@pytest.fixture
def plans(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> list[PlatformPlan]:
    """The plans that would have been run."""
    made: list[PlatformPlan] = []
    monkeypatch.setattr(replay, "run_platform", made.append)
    monkeypatch.setenv("DATA_DIR", str(tmp_path))
    for key in ("BACKEND_PORT", "DETECTOR_PORT", "SIMULATOR_PORT", "SIMULATOR_CONTROL_PORT"):
        monkeypatch.setenv(key, "0")
    return made


def spy(*words: str) -> tuple[int, str]:
    """Exit code and everything said."""
    app = typer.Typer()
    replay.register(app)
    answer = CliRunner().invoke(app, list(words))
    return answer.exit_code, answer.output


def a_recording(folder: Path) -> Path:
    """The smallest file that is one."""
    header = RecordingHeader(
        symbol="SPY",
        trading_class="SPY",
        session="2025-05-19",
        source=Source.LIVE,
        started_at="2025-05-19T14:00:00Z",
        contracts=(RecordedContract(expiry="2025-05-19", strike=594, option_type=OptionType.CALL),),
    )
    path = folder / "day.jsonl.gz"
    path.write_bytes(gzip.compress((header.model_dump_json() + "\n[1747663200000,0,1,2.5]\n").encode()))
    return path


def test_a_file_is_replayed_as_a_recording(plans: list[PlatformPlan], tmp_path: Path) -> None:
    path = a_recording(tmp_path)
    assert spy(str(path), "--rate", "10") == (0, "")
    assert (plans[0].recording, plans[0].rate) == (path.resolve(), 10)


def test_without_an_argument_the_spxw_day_is_replayed(plans: list[PlatformPlan]) -> None:
    assert spy()[0] == 0
    assert (plans[0].scenario, plans[0].recording) == ("spxw-replay", None)


@pytest.mark.parametrize(
    ("asked", "said"),
    [("spxwreplay", "Did you mean spxw-replay"), ("no/such/day.gz", "no recording at"), ("day.gz", "no recording at")],
)
def test_anything_else_is_refused_with_what_to_do(plans: list[PlatformPlan], asked: str, said: str) -> None:
    code, output = spy(asked)
    assert code == 2
    assert said in " ".join(output.split())
    assert plans == []


def test_a_file_that_is_no_recording_is_refused(plans: list[PlatformPlan], tmp_path: Path) -> None:
    wrong = tmp_path / "notes.txt"
    wrong.write_text("no recording")
    code, output = spy(str(wrong))
    assert code == 2
    assert "not a recording" in " ".join(output.split())
    assert plans == []


@pytest.mark.parametrize(
    ("lines", "said"),
    [(b"", "holds no ticks"), (b"{}x[nan\n" * 50, "holds no ticks")],
    ids=["nothing after the header", "no line that is a tick"],
)
def test_a_recording_without_a_tick_ends_the_command_with_the_simulators_sentence(
    tmp_path: Path, lines: bytes, said: str
) -> None:
    path = a_recording(tmp_path)
    header = gzip.decompress(path.read_bytes()).split(b"\n")[0]
    path.write_bytes(gzip.compress(header + b"\n" + lines))
    keys = {**dict.fromkeys(PORT_KEYS, "0"), "DATA_DIR": str(tmp_path / "data")}
    words = [sys.executable, "-m", "apps.cli.main", "replay", str(path)]
    ended = subprocess.run(words, env={**os.environ, **keys}, capture_output=True, text=True, check=False, timeout=60)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert said in ended.stderr
    assert ended.stderr.count("\n") == 1
