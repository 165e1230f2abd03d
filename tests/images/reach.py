"""What a service's entry point can reach, and what an image's ignore file lets in. Reads source files; runs nothing."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
OTHER_LIBRARY = "ib_async"
"""apps/broker/client.py imports it only where BROKER_LIBRARY asks for it: in the peer tests."""


def imports_of(path: Path) -> Iterator[str]:
    """Every module that a file imports, anywhere in it, and every name taken from one, which may be a module too."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)


def file_of(module: str) -> Path | None:
    """The file of one of our modules."""
    plain = ROOT.joinpath(*module.split("."))
    candidates = (plain / "__init__.py", plain.with_suffix(".py"))
    return next((path for path in candidates if path.exists()), None)


def reached_from(*entries: str) -> tuple[set[Path], set[str]]:
    """Our files and the libraries that these modules import, directly or not."""
    files: set[Path] = set()
    libraries: set[str] = set()
    waiting = list(entries)
    while waiting:
        module = waiting.pop()
        top = module.split(".")[0]
        if top != "apps":
            libraries |= {top} - set(sys.stdlib_module_names) - {OTHER_LIBRARY}
            continue
        path = file_of(module)
        if "." in module:
            waiting.append(module.rpartition(".")[0])
        if path is not None and path not in files:
            files.add(path)
            waiting.extend(imports_of(path))
    return files, libraries


def let_in(ignore_file: Path) -> list[str]:
    """The paths that an ignore file takes out of its first line's ban on everything."""
    lines = [line.strip() for line in ignore_file.read_text("utf-8").splitlines()]
    rules = [line for line in lines if line and not line.startswith("#")]
    assert rules[0] == "*", "an ignore file begins by leaving everything out"
    return [rule.removeprefix("!") for rule in rules if rule.startswith("!")]


def is_let_in(path: Path, rules: list[str]) -> bool:
    """Whether a file of the repository gets into the context."""
    relative = path.relative_to(ROOT)
    return any(relative.match(rule) or relative.is_relative_to(rule) for rule in rules)
