"""The house's import rules (README, "The house"): who may know whom."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

MAY_IMPORT = {
    "contracts": set(),
    "market": set(),
    "broker": {"contracts", "market", "service"},
    "simulator": {"contracts"},
    "service": {"contracts"},
    "detector": {"contracts", "market", "broker", "service"},
    "backend": {"contracts", "market", "service"},
    "bot": {"contracts", "market", "broker", "service"},
    "cli": {"contracts", "market", "broker", "simulator", "service", "detector", "backend"},
}
STACKS_LIBRARIES = {"pydantic", "yaml"}
"""What `stacks` may use beside the standard library: it is read without Pulumi, by tools and tests alike."""

CONTRACTS_LIBRARIES = {"pydantic"} | set(sys.stdlib_module_names)


def imports_of(path: Path) -> Iterator[str]:
    """Every module name a file imports, anywhere in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module


def files_of(package: str) -> list[Path]:
    """The package's source files; never empty, so that a rule cannot pass for want of code."""
    files = sorted((ROOT / "apps" / package).rglob("*.py"))
    assert files, f"apps/{package} has no source"
    return files


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_a_package_imports_only_what_the_house_allows(package: str) -> None:
    allowed = MAY_IMPORT[package] | {package}
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(package)
        for name in imports_of(path)
        if name.startswith("apps.") and name.split(".")[1] not in allowed
    ]
    assert not wrong


def test_contracts_need_pydantic_and_the_standard_library_only() -> None:
    used = {name.split(".")[0] for path in files_of("contracts") for name in imports_of(path)} - {"apps"}
    assert used <= CONTRACTS_LIBRARIES


def declared_files(folder: str) -> list[Path]:
    """Source files of a package beside `apps`; never empty."""
    files = sorted((ROOT / folder).rglob("*.py"))
    assert files, f"{folder} has no source"
    return files


@pytest.mark.parametrize("folder", ["infra", "stacks"])
def test_what_declares_the_stacks_knows_of_the_apps_only_their_contracts(folder: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in declared_files(folder)
        for name in imports_of(path)
        if name.split(".")[0] == "apps" and name.split(".")[1:2] != ["contracts"]
    ]
    assert not wrong


def test_stacks_need_no_pulumi_and_know_nothing_of_the_program() -> None:
    """Settings and checks are read by the plan, the command line and tests, in either environment."""
    used = {name.split(".")[0] for path in declared_files("stacks") for name in imports_of(path)}
    assert used <= STACKS_LIBRARIES | set(sys.stdlib_module_names) | {"apps", "pydantic_core", "stacks"}


@pytest.mark.parametrize("package", sorted(MAY_IMPORT))
def test_no_service_imports_what_declares_it(package: str) -> None:
    wrong = [
        f"{path.relative_to(ROOT)} imports {name}"
        for path in files_of(package)
        for name in imports_of(path)
        if name.split(".")[0] in {"infra", "stacks"}
    ]
    assert not wrong


def test_no_module_of_the_program_hides_one_of_the_standard_library() -> None:
    """The stock host runs with `infra/` first on the path: a `platform.py` there would break `pulumi up` and no test.

    tests/infra/test_module_names.py asks the same of installed packages.
    """
    modules = {path.stem for path in (ROOT / "infra").iterdir() if path.suffix == ".py" or path.is_dir()}
    assert not modules & set(sys.stdlib_module_names)


def test_only_broker_imports_ib_insync() -> None:
    guilty = {
        package
        for package in MAY_IMPORT
        for path in files_of(package)
        if any(name.split(".")[0] in {"ib_insync", "ib_async", "eventkit"} for name in imports_of(path))
    }
    assert guilty <= {"broker"}


def test_every_package_under_apps_has_a_rule() -> None:
    packages = {path.parent.name for path in (ROOT / "apps").glob("*/__init__.py")}
    assert packages == set(MAY_IMPORT)


def test_no_runtime_code_imports_a_test_only_licence() -> None:
    """nautilus-ibapi carries the broker's own licence: it is for tests, never for an image."""
    guilty = [
        str(path)
        for package in MAY_IMPORT
        for path in files_of(package)
        if any(n.split(".")[0] == "ibapi" for n in imports_of(path))
    ]
    assert not guilty
