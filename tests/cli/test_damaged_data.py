"""The data folder loses or spoils files between two runs: the platform starts again and shows a live market."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.local_platform import api, running_platform


def keep_only_the_database(data: Path) -> None:
    for path in data.iterdir():
        if not path.name.startswith("backend.sqlite3"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def lose_the_database_and_spoil_the_rest(data: Path) -> None:
    (data / "backend.sqlite3").unlink()
    (data / "backend.sqlite3-wal").write_bytes(b"left over from something else" * 100)
    spoiled = [*data.glob("locks/*.epoch"), *data.glob("checkpoints/*"), *data.glob("spool/*/*/cursors/*")]
    assert len(spoiled) >= 3
    for path in spoiled:
        path.write_bytes(b"\xff\xfe")


def picture(data: Path) -> dict[str, Any]:
    """The header of a run of its own, and that no service ended."""
    with running_platform(data, scenario="quiet") as platform, api(platform) as client:
        header: dict[str, Any] = client.get("/api/snapshot").raise_for_status().json()["header"]
        assert {service.name: service.exit_code for service in platform.services if service.exit_code is not None} == {}
    return header


@pytest.mark.parametrize("damage", [keep_only_the_database, lose_the_database_and_spoil_the_rest])
def test_a_platform_whose_files_were_lost_or_spoiled_while_it_was_stopped_starts_again(
    tmp_path: Path, damage: Callable[[Path], None]
) -> None:
    data = tmp_path / "data"
    first = picture(data)
    damage(data)
    second = picture(data)
    assert second["run"] != first["run"]
    assert (second["data"], second["storage"]) == ("live", "ok")
