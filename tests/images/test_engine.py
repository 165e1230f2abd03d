"""The engine that the tests start for themselves: it leaves nothing behind, and says what is missing."""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from tests.images.conftest import SKIP, left_out
from tools.images.base import BaseCannotBeMade
from tools.images.build import ROOT, why
from tools.images.engine import EngineCannotRun, NoEngine, answering, engine

NOWHERE = "unix:///nowhere/docker.sock"
docker_wanted = pytest.mark.skipif(os.environ.get(SKIP) == "1", reason=f"{SKIP}=1 leaves out what needs Docker")
root_wanted = pytest.mark.skipif(os.geteuid() != 0, reason="an own engine is started as root")


@docker_wanted
@root_wanted
def test_an_own_engine_ends_with_its_block_and_takes_its_folder_along(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    bridge = Path("/sys/class/net/docker0").exists()
    try:
        with engine() as own:
            folder = Path(own.environment["DOCKER_HOST"].removeprefix("unix://")).parent
            pid = int((folder / "docker.pid").read_text())
            assert own.run("info", "--format", "{{.DockerRootDir}}").stdout.strip() == str(folder / "data")
            assert Path("/sys/class/net/docker0").exists() == bridge
    except NoEngine as error:
        left_out(error)
    assert not Path(f"/proc/{pid}").exists()
    assert not folder.exists()


@root_wanted
def test_where_the_kernel_lets_no_engine_start_its_own_words_are_told_and_nothing_is_left(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    program(tmp_path / "docker", 'case "$1" in --version) echo "Docker version 20.10.24";; *) exit 1;; esac')
    program(tmp_path / "dockerd", 'echo "failed to mount overlay: operation not permitted" >&2; exit 1')
    monkeypatch.setenv("PATH", f"{tmp_path}:{os.environ['PATH']}")
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    words = "does not start on this machine: failed to mount overlay: operation not permitted"
    with pytest.raises(EngineCannotRun, match=words), engine():
        pass
    assert list(tmp_path.glob("spy-docker-*")) == []


def test_without_an_engine_make_images_says_what_to_start(monkeypatch: pytest.MonkeyPatch) -> None:
    if shutil.which("docker") is None:
        pytest.skip("there is no Docker client either, which another sentence says")
    monkeypatch.setenv("DOCKER_HOST", NOWHERE)
    with pytest.raises(NoEngine, match=r"No Docker engine answers: start Docker|No Docker client that can build"):
        answering()


@pytest.mark.parametrize(
    ("reason", "in_ci", "expected"),
    [
        (NoEngine("not installed"), "true", NoEngine),
        (NoEngine("not installed"), "", pytest.skip.Exception),
        (EngineCannotRun("the kernel forbids it"), "true", pytest.skip.Exception),
        (BaseCannotBeMade("no node can be made"), "true", pytest.skip.Exception),
    ],
)
def test_in_ci_what_can_be_installed_must_be_there_and_what_the_kernel_forbids_is_left_out(
    reason: Exception, in_ci: str, expected: type[BaseException], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CI", in_ci)
    with pytest.raises(expected, match=str(reason)):
        left_out(reason)


@pytest.mark.parametrize(
    ("environment", "told"),
    [
        ({"SKIP_DOCKER": "1"}, "SKIP_DOCKER=1: the tests of the built images are left out"),
        ({}, "sudo apt-get install docker.io docker-compose debootstrap"),
    ],
)
def test_the_setup_without_docker_says_so_in_one_sentence_and_lets_the_rest_go_on(
    environment: dict[str, str], told: str, tmp_path: Path
) -> None:
    """On a machine that is played: nothing of Docker on the path, and somebody who is not root."""
    for name in ("bash", "dirname"):
        (tmp_path / name).symlink_to(str(shutil.which(name)))
    program(tmp_path / "id", "echo 1000")
    done = subprocess.run(
        [ROOT / "tools" / "docker.sh"],
        env={"PATH": str(tmp_path), **environment},
        check=False,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0
    assert told in done.stdout + done.stderr
    assert len((done.stdout + done.stderr).splitlines()) == 1


def test_a_build_without_its_base_names_it_and_a_failed_step_is_quoted() -> None:
    no_base = "#3 ERROR: no such host\n------\n > [internal] load metadata for elsewhere:1:\n------\nno such host\n"
    assert why(no_base, "elsewhere:1") == (
        "its base elsewhere:1 is not on this engine and cannot be pulled; BASE=REFERENCE names another. (no such host)"
    )
    step = '#9 [packages 4/4] RUN ["python3"]\n#9 1.874 THESE DO NOT MATCH\n#9 ERROR: exit code: 1\nexit code: 1\n'
    assert why(step, "elsewhere:1") == "exit code: 1\n  THESE DO NOT MATCH"


def program(path: Path, script: str) -> None:
    """A program in a folder of the path."""
    path.write_text(f"#!/bin/sh\n{script}\n", "utf-8")
    path.chmod(0o755)
