"""The engine that the tests start for themselves: it leaves nothing behind, and says what is missing."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pytest

from tests.images.conftest import SKIP
from tools.images.engine import NoEngine, answering, engine


def own_engine_can_start() -> bool:
    return os.geteuid() == 0 and shutil.which("dockerd", path=f"{os.environ['PATH']}:/usr/sbin") is not None


@pytest.mark.skipif(
    os.environ.get(SKIP) == "1" or not own_engine_can_start(), reason="an own engine needs dockerd and root"
)
def test_an_own_engine_ends_with_its_block_and_takes_its_folder_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    links = set(Path("/sys/class/net").iterdir())
    with engine() as own:
        folder = Path(own.environment["DOCKER_HOST"].removeprefix("unix://")).parent
        pid = int((folder / "docker.pid").read_text())
        assert own.run("info", "--format", "{{.DockerRootDir}}").stdout.strip() == str(folder / "data")
    assert not Path(f"/proc/{pid}").exists()
    assert not folder.exists()
    assert set(Path("/sys/class/net").iterdir()) == links


def test_without_an_engine_make_images_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no Docker client either, which another sentence says")
    monkeypatch.setenv("DOCKER_HOST", "unix:///nowhere/docker.sock")
    with pytest.raises(NoEngine, match=r"No Docker engine answers: start Docker|No Docker client that can build"):
        answering()
