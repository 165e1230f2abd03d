"""tools/versions.toml agrees with the locks beside it, and with itself."""

from __future__ import annotations

import json
import re
import subprocess
import tomllib
from typing import Any

import pytest

from tests.toolchain import control_plane_program, pulumi_cli
from tests.tools.lock_files import ROOT, pins
from tools.external import External, externals

VERSIONS: dict[str, dict[str, dict[str, Any]]] = tomllib.loads((ROOT / "tools" / "versions.toml").read_text("utf-8"))


def go_mod(name: str) -> str:
    return (ROOT / "tools" / name / "go.mod").read_text("utf-8")


def tool_lines(name: str) -> set[str]:
    """The packages of go.mod's tool lines, alone or in a block."""
    block = re.search(r"^tool \((.*?)^\)", go_mod(name), re.MULTILINE | re.DOTALL)
    return set(block.group(1).split()) if block else set(re.findall(r"^tool (\S+)$", go_mod(name), re.MULTILINE))


@pytest.mark.parametrize("name", VERSIONS["go"])
def test_a_go_program_is_required_at_the_version_of_the_page(name: str) -> None:
    table = VERSIONS["go"][name]
    required = dict(re.findall(r"^\s*(?:require )?(\S+) (v\S+)", go_mod(name), re.MULTILINE))
    assert required[table["module"]] == table["version"]
    assert tool_lines(name) == set(table["programs"].values())
    assert all(package.startswith(table["module"]) for package in table["programs"].values())


@pytest.mark.parametrize("name", VERSIONS["go-files"])
def test_a_go_module_that_is_read_is_required_at_the_version_of_the_page_and_proved(name: str) -> None:
    table = VERSIONS["go-files"][name]
    proved = (ROOT / "tools" / name / "go.sum").read_text("utf-8").splitlines()
    assert f"require {table['module']} {table['version']} " in go_mod(name)
    assert [line.rpartition(" ")[0] for line in proved] == [
        f"{table['module']} {table['version']}{file}" for file in ("", "/go.mod")
    ]


def test_every_part_of_kubernetes_is_of_the_release_that_the_page_names() -> None:
    """Kubernetes v1.X.Y requires its own parts as v0.0.0; they are published as v0.X.Y."""
    parts = re.findall(r"^\t(k8s\.io/\S+) => (\S+) (v\S+)$", go_mod("kubernetes"), re.MULTILINE)
    assert len(parts) > 20
    part = VERSIONS["go"]["kubernetes"]["version"].replace("v1.", "v0.", 1)
    assert all(name == instead and version == part for name, instead, version in parts)


@pytest.mark.parametrize("name", VERSIONS["npm"])
def test_an_npm_program_is_locked_at_the_version_of_the_page(name: str) -> None:
    folder = ROOT / "tools" / name
    version = VERSIONS["npm"][name]["version"]
    assert json.loads((folder / "package.json").read_text("utf-8"))["dependencies"] == {name: version}
    locked = json.loads((folder / "package-lock.json").read_text("utf-8"))["packages"][f"node_modules/{name}"]
    assert locked["version"] == version
    assert set(VERSIONS["npm"][name]["programs"]) <= locked["bin"].keys()


def test_the_pulumi_engine_and_its_go_library_are_of_one_version() -> None:
    required = set(re.findall(r"github\.com/pulumi/pulumi/(?:pkg|sdk)/v3 (v\S+)", go_mod("pulumi")))
    assert required == {VERSIONS["go"]["pulumi"]["version"]}


def test_the_pulumi_packages_are_pinned_exactly_and_locked_so() -> None:
    """Each asks the engine for the provider plugin of its own version: a range would let the plugin move."""
    group = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["dependency-groups"]["infra"]
    pinned = dict(entry.split("==") for entry in group if entry.startswith("pulumi"))
    assert pinned == {name: version for name, version in pins("infra").items() if name.startswith("pulumi")}


def test_the_pulumi_library_is_of_the_major_version_of_the_engine() -> None:
    assert pins("infra")["pulumi"].split(".")[0] == VERSIONS["go"]["pulumi"]["version"].removeprefix("v").split(".")[0]


@pytest.mark.parametrize("external", externals().values(), ids=lambda external: external.name)
def test_every_program_has_a_recipe_and_a_place_of_its_own_version(external: External) -> None:
    assert external.recipe.is_dir()
    assert external.home.name == external.version
    assert external.home in external.path().parents


def test_the_pinned_engine_says_the_version_of_the_page(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PULUMI_CLI", raising=False)
    printed = subprocess.run([pulumi_cli(), "version"], check=True, capture_output=True, text=True).stdout
    assert printed.strip() == VERSIONS["go"]["pulumi"]["version"]


@pytest.mark.parametrize("program", externals()["kubernetes"].programs)
def test_a_program_of_the_control_plane_says_the_version_of_the_page(program: str) -> None:
    printed = subprocess.run(
        [control_plane_program(program), "--version"], check=True, capture_output=True, text=True
    ).stdout
    assert printed.split() == ["Kubernetes", VERSIONS["go"]["kubernetes"]["version"]]
