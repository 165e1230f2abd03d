"""Locks say what is installed and prove it by hash; they never say from where, so that any mirror serves."""

from __future__ import annotations

import json
import re
import tomllib
from pathlib import Path

import pytest

from tests.tools.lock_files import ROOT, pins

PYTHON_LOCKS = sorted((ROOT / "requirements").glob("*.lock"))
NPM_LOCKS = [ROOT / "frontend" / "package-lock.json", ROOT / "tools" / "azurite" / "package-lock.json"]
GO_SUMS = sorted((ROOT / "tools").glob("*/go.sum"))
VERSIONS = tomllib.loads((ROOT / "tools" / "versions.toml").read_text("utf-8"))
REQUIREMENT = re.compile(r"[a-z0-9._-]+(\[[a-z,-]+\])?==[^\s;]+( ; [^\\]+)?")


def short(path: Path) -> str:
    return str(path.relative_to(ROOT))


def test_every_lock_is_looked_at() -> None:
    assert {path.stem for path in PYTHON_LOCKS} == {"runtime", "test", "peer-ib-async", "infra", "infra-test"} | {
        f"image-{name}" for name in ("backend", "bot", "build", "detector", "simulator")
    }
    assert all(path.exists() for path in NPM_LOCKS)
    assert [path.parent.name for path in GO_SUMS] == sorted(VERSIONS["go"] | VERSIONS["go-files"])


@pytest.mark.parametrize("path", PYTHON_LOCKS, ids=short)
def test_a_python_lock_holds_versions_and_hashes_and_nothing_else(path: Path) -> None:
    entries = path.read_text("utf-8").replace("\\\n", "").strip().splitlines()
    for entry in entries:
        requirement, *hashes = (part.strip() for part in entry.split("--hash="))
        assert REQUIREMENT.fullmatch(requirement), f"not NAME==VERSION: {requirement}"
        assert hashes, f"{requirement} has no hash"
        assert all(re.fullmatch(r"sha256:[0-9a-f]{64}", value) for value in hashes), requirement


@pytest.mark.parametrize("path", NPM_LOCKS, ids=short)
def test_an_npm_lock_proves_each_package_and_names_no_download_address(path: Path) -> None:
    packages = json.loads(path.read_text("utf-8"))["packages"]
    assert len(packages) > 10
    for name, package in packages.items():
        assert "resolved" not in package, name
        assert name == "" or package["integrity"].startswith("sha512-"), name


@pytest.mark.parametrize("path", GO_SUMS, ids=short)
def test_a_go_sum_is_modules_versions_and_hashes(path: Path) -> None:
    for line in path.read_text("utf-8").splitlines():
        assert re.fullmatch(r"\S+ v\S+ h1:[A-Za-z0-9+/]{43}=", line), line


@pytest.mark.parametrize("path", GO_SUMS, ids=short)
def test_a_go_module_is_replaced_by_nothing_but_another_version_of_itself(path: Path) -> None:
    replaced = re.findall(r"^.*=>.*$", (path.parent / "go.mod").read_text("utf-8"), re.MULTILINE)
    for line in replaced:
        assert re.fullmatch(r"\s*(?:replace )?(\S+) => \1 v\S+", line), line
    assert not replaced or path.parent.name == "kubernetes"


@pytest.mark.parametrize("path", [path.parent for path in NPM_LOCKS], ids=short)
def test_npm_is_told_to_keep_addresses_out_of_its_lock(path: Path) -> None:
    assert "omit-lockfile-registry-resolved=true" in (path / ".npmrc").read_text("utf-8").splitlines()


@pytest.mark.parametrize(("base", "top"), [("runtime", "test"), ("infra", "infra-test")])
def test_the_test_lock_adds_to_its_base_and_changes_nothing_of_it(base: str, top: str) -> None:
    shared = pins(base).keys() & pins(top).keys()
    assert {name: pins(top)[name] for name in shared} == {name: pins(base)[name] for name in shared}
    assert len(shared) > 10


def test_both_environments_have_the_same_libraries_but_for_protobuf() -> None:
    platform = pins("runtime") | pins("test")
    program = pins("infra-test")
    differing = {name for name in platform.keys() & program.keys() if platform[name] != program[name]}
    assert differing <= {"protobuf"}
    assert {"pydantic", "mypy", "pytest", "hypothesis"} <= platform.keys() & program.keys()


def test_make_run_never_downloads_the_pulumi_packages() -> None:
    assert not [name for name in pins("runtime") | pins("test") if name.startswith("pulumi")]
