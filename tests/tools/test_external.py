"""External programs are made once, appear whole, and are missed with a cure."""

from __future__ import annotations

import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from tools import external as tool
from tools.external import External, ToolMissing, ensure, externals


@pytest.fixture(autouse=True)
def _own_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.delenv("PULUMI_CLI", raising=False)


@pytest.fixture
def made(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The Go maker replaced by one that writes a file; the versions made, in order."""
    versions: list[str] = []

    def make(wanted: External, into: Path) -> None:
        versions.append(wanted.version)
        (into / wanted.name).write_text(wanted.version)

    monkeypatch.setitem(tool.MAKERS, "go", (make, "Building"))
    return versions


def pulumi() -> External:
    return externals()["pulumi"]


def script(folder: Path, name: str, prints: str) -> Path:
    """A program that prints one line whatever it is asked."""
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / name
    path.write_text(f"#!/bin/sh\necho '{prints}'\n")
    path.chmod(0o755)
    return path


def test_a_program_is_made_once_however_many_ask_at_once(made: list[str]) -> None:
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: ensure(pulumi()), range(8)))
    assert made == [pulumi().version]
    assert pulumi().located().read_text() == pulumi().version


def test_another_version_is_made_beside_the_first(made: list[str]) -> None:
    later = replace(pulumi(), version="v3.999.0")
    for wanted in (pulumi(), later, pulumi()):
        ensure(wanted)
    assert made == [pulumi().version, "v3.999.0"]
    assert pulumi().located().read_text() == pulumi().version


def test_a_changed_lock_makes_it_anew(made: list[str]) -> None:
    ensure(pulumi())
    (pulumi().home / ".made-from").write_text("an older lock")
    with pytest.raises(ToolMissing, match="make setup-test"):
        pulumi().located()
    ensure(pulumi())
    assert len(made) == 2
    assert pulumi().is_ready()


def test_a_failed_build_leaves_nothing_behind_and_says_what_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(wanted: External, into: Path) -> None:
        (into / wanted.name).write_text("half")
        raise subprocess.CalledProcessError(1, ["go", "build"])

    monkeypatch.setitem(tool.MAKERS, "go", (fail, "Building"))
    with pytest.raises(ToolMissing, match=r"pulumi v3\.\S+ could not be made: 'go build' in tools/pulumi ended with 1"):
        ensure(pulumi())
    assert [path.name for path in pulumi().home.parent.iterdir()] == [".lock"]


@pytest.mark.parametrize(
    ("go", "found"), [(None, "was not found"), ("go version go1.19.8 linux/amd64", "1.19.8 was found")]
)
def test_a_missing_or_old_go_is_named_with_how_to_get_it(
    go: str | None, found: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "bin"
    folder.mkdir()
    if go:
        script(folder, "go", go)
    monkeypatch.setenv("PATH", str(folder))
    with pytest.raises(ToolMissing, match=rf"Go 1\.24 or newer is needed and {found}\. macOS: brew install go"):
        tool.build_go(pulumi(), tmp_path)


def test_an_own_engine_is_used_instead_of_a_build(
    made: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    own = script(tmp_path, "pulumi", "v3.250.1")
    monkeypatch.setenv("PULUMI_CLI", str(own))
    ensure(pulumi())
    assert made == []
    assert pulumi().located() == own


@pytest.mark.parametrize("version", ["v3.199.0", "v4.0.0", "no number"])
def test_an_own_engine_that_is_older_or_of_another_major_version_is_refused(
    version: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PULUMI_CLI", str(script(tmp_path, "pulumi", version)))
    with pytest.raises(ToolMissing, match=r"PULUMI_CLI=.* is not a pulumi"):
        pulumi().located()


def test_the_command_names_an_unknown_program_and_what_is_known() -> None:
    run = subprocess.run([sys.executable, tool.__file__, "helmet"], check=False, capture_output=True, text=True)
    assert run.returncode == 2
    assert "helmet" in run.stderr
    assert "pulumi" in run.stderr


def test_without_the_engine_nothing_is_made(made: list[str], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SKIP_ENGINE", "1")
    assert tool.main([]) == 0
    assert made == []


def recorded_go(folder: Path, script: str) -> Path:
    """A `go` that says a new enough version, writes down how it was called, and then runs a line of shell."""
    folder.mkdir(parents=True, exist_ok=True)
    calls = folder / "calls"
    go = folder / "go"
    go.write_text(
        f'#!/bin/sh\n[ "$1" = version ] && echo go1.99.0 && exit\necho "CGO=$CGO_ENABLED $*" >>"{calls}"\n{script}\n'
    )
    go.chmod(0o755)
    return calls


def test_every_program_of_a_module_is_built_with_all_its_stamps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = recorded_go(tmp_path / "bin", "")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    kubernetes = externals()["kubernetes"]
    tool.build_go(kubernetes, tmp_path)
    lines = calls.read_text().splitlines()
    assert [line.split()[-1] for line in lines] == list(kubernetes.packages.values())
    for program, line in zip(kubernetes.programs, lines, strict=True):
        assert line.startswith("CGO=0 build ")
        assert f" -o {tmp_path / program} " in line
        assert f"-X k8s.io/component-base/version.gitVersion={kubernetes.version} " in line
        assert "version.gitMajor=1 " in line


def test_a_folder_of_a_module_is_copied_so_that_it_can_be_replaced(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    operator = externals()["prometheus-operator"]
    cached = tmp_path / "module" / operator.folder
    cached.mkdir(parents=True)
    (cached / "one.yaml").write_text("kind: CustomResourceDefinition")
    for path in (cached / "one.yaml", cached):
        path.chmod(path.stat().st_mode & ~0o222)
    recorded_go(tmp_path / "bin", f"""echo '{{"Dir": "{tmp_path / "module"}"}}'""")
    monkeypatch.setenv("PATH", str(tmp_path / "bin"), prepend=os.pathsep)
    ensure(operator)
    (operator.located() / "one.yaml").write_text("writable")
    assert operator.located().name == Path(operator.folder).name
    assert operator.is_ready()
