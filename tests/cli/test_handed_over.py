"""Commands of the Pulumi program, seen from `spy`: passed on whole, or refused with the cure."""

from __future__ import annotations

from pathlib import Path

import pytest
from typer.testing import CliRunner

from apps.cli import handed_over
from apps.cli.main import app

COMMANDS = sorted(handed_over.COMMANDS)


def environment(folder: Path, monkeypatch: pytest.MonkeyPatch, script: str) -> None:
    """An environment whose interpreter is this shell script."""
    python = folder / "python"
    python.write_text(f"#!/bin/sh\n{script}\n", encoding="utf-8")
    python.chmod(0o755)
    monkeypatch.setattr(handed_over, "PYTHON", python)
    monkeypatch.setattr(handed_over, "MADE", python)


@pytest.mark.parametrize("name", COMMANDS)
def test_without_a_finished_environment_the_command_names_make_venv(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(handed_over, "MADE", tmp_path / "absent")
    result = CliRunner().invoke(app, [name, "prod"])
    assert result.exit_code == handed_over.UNAVAILABLE
    assert f"`spy {name}` needs the environment of the Pulumi program: run `make venv` first." in result.output


@pytest.mark.parametrize("name", COMMANDS)
def test_arguments_options_and_the_exit_code_pass_unread(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment(tmp_path, monkeypatch, f'echo "$@" > {tmp_path}/told; pwd >> {tmp_path}/told; exit 7')
    result = CliRunner().invoke(app, [name, "dev", "--json", "--help", "--no-such-option"])
    assert result.exit_code == 7
    told = (tmp_path / "told").read_text(encoding="utf-8").splitlines()
    assert told == [f"-m infra.cli {name} dev --json --help --no-such-option", str(handed_over.ROOT)]


def test_help_lists_the_commands_with_an_example() -> None:
    listed = CliRunner().invoke(app, ["--help"], env={"COLUMNS": "200"}).output
    assert all(f" {name} " in listed for name in COMMANDS)


@pytest.mark.skipif(not handed_over.MADE.exists(), reason="run `make venv` for the environment of the Pulumi program")
def test_the_other_side_knows_every_command(capfd: pytest.CaptureFixture[str]) -> None:
    for name in COMMANDS:
        assert CliRunner().invoke(app, [name, "--help"]).exit_code == 0
        assert f"spy {name}" in capfd.readouterr().out
