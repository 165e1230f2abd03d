"""Two environments, two halves: .venv runs the platform's tests, .venv-infra those of the Pulumi program."""

from __future__ import annotations

from importlib.util import find_spec
from pathlib import Path

import pytest
from hypothesis import settings

settings.register_profile("no-clock", deadline=None)
settings.load_profile("no-clock")
"""Properties are judged by what they find, never by how long a busy machine took for one example."""

TESTS = Path(__file__).parent
INFRA_HALF = frozenset({"cluster", "engine", "infra", "stacks"})
"""Folders that import pulumi, or what only its environment has."""
IN_INFRA_ENVIRONMENT = find_spec("pulumi") is not None
LONGEST = (
    *("e2e/test_states.py", "images/test_built.py", "e2e/test_demo.py", "detector/test_process.py", "cli/test_up.py"),
    *("broker/test_peer_library.py", "frontend/test_live_channel.py", "frontend/test_page.py"),
    *("engine/test_layers.py", "cluster/test_lifecycle.py", "engine/test_language_host.py", "cluster/test_provider.py"),
    *("cluster/test_stacks.py", "engine/test_up.py", "engine/test_policies.py", "engine/test_retained.py"),
)
"""Files of half a minute and more, which begin first: begun last, one would keep a worker when the others are done."""


def pytest_ignore_collect(collection_path: Path) -> bool | None:
    """Leave out the half that belongs to the other environment."""
    inside = collection_path.relative_to(TESTS).parts if collection_path.is_relative_to(TESTS) else ()
    if not inside or not (collection_path.is_dir() or collection_path.suffix == ".py"):
        return None
    return True if (inside[0] in INFRA_HALF) != IN_INFRA_ENVIRONMENT else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Let the longest files begin; everything else keeps its order."""
    first = {TESTS / name: place for place, name in enumerate(LONGEST)}
    items.sort(key=lambda item: first.get(item.path, len(first)))


def pytest_configure(config: pytest.Config) -> None:
    """Say so when tests of the other half were named, instead of finding none, or when LONGEST names what is gone."""
    if gone := [name for name in LONGEST if not (TESTS / name).is_file()]:
        raise pytest.UsageError(f"LONGEST in tests/conftest.py names files that are gone: {', '.join(gone)}")
    named = [Path(argument.split("::")[0]).absolute() for argument in config.args]
    for path in named:
        inside = path.relative_to(TESTS).parts if path.is_relative_to(TESTS) else ()
        if inside and (inside[0] in INFRA_HALF) != IN_INFRA_ENVIRONMENT:
            right = ".venv" if IN_INFRA_ENVIRONMENT else ".venv-infra"
            raise pytest.UsageError(f"{path.relative_to(TESTS.parent)} runs in {right}: {right}/bin/python -m pytest")
