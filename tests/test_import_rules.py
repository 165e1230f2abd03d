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
    "cli": {"contracts", "market", "broker", "simulator", "service", "detector", "backend"},
}
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
