"""Stacks that several tests share: each is deployed once, and a test that changes one works on a copy."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from tests.engine.cloud import Cloud
from tests.engine.stack import EngineStack

Deployed = Callable[[str], EngineStack]
Fresh = Callable[[str], EngineStack]
Initialised = Callable[[str], EngineStack]


def bootstrapped(*stacks: str) -> Cloud:
    """A cloud with what `spy bootstrap` makes for these stacks."""
    cloud = Cloud()
    for stack in stacks:
        cloud.bootstrap(stack)
    return cloud


@pytest.fixture(scope="session", autouse=True)
def _programs_broken_off_end_silently() -> None:
    """A program whose engine is gone hangs in a closed event loop; collected, it complains of it.

    pytest would format that complaint in the middle of whatever the collector interrupted, which Python 3.11 does not
    survive when it was parsing source (cpython gh-106905: "AST constructor recursion depth mismatch").
    """
    reported = sys.unraisablehook

    def report(unraisable: Any) -> None:
        if getattr(unraisable.object, "__name__", "") != "run_in_stack":
            reported(unraisable)

    sys.unraisablehook = report


@pytest.fixture(scope="session")
def initialised(tmp_path_factory: pytest.TempPathFactory) -> Initialised:
    """A stack that was made and given its secrets, by its name: nobody deploys it, everybody a copy."""

    @cache
    def initialise(name: str) -> EngineStack:
        stack = EngineStack(name, tmp_path_factory.mktemp(f"{name}-initialised") / "project", bootstrapped(name))
        assert stack.engine.name == name
        return stack

    return initialise


@pytest.fixture(scope="session")
def deployed(initialised: Initialised, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A deployed stack by its name, for tests that only look."""
    with ExitStack() as open_stacks:

        @cache
        def deploy(name: str) -> EngineStack:
            stack = open_stacks.enter_context(initialised(name).copy(tmp_path_factory.mktemp(name) / "project"))
            stack.up()
            return stack

        yield deploy


@pytest.fixture
def copied(deployed: Deployed, tmp_path: Path) -> Iterator[Deployed]:
    """A copy of a deployed stack and its cloud, for a test that changes them."""
    with ExitStack() as open_stacks:
        yield lambda name: open_stacks.enter_context(deployed(name).copy(tmp_path / name))


@pytest.fixture
def fresh(initialised: Initialised, tmp_path: Path) -> Iterator[Fresh]:
    """A stack that was never deployed, over a cloud that holds only what bootstrap makes."""
    with ExitStack() as open_stacks:
        yield lambda name: open_stacks.enter_context(initialised(name).copy(tmp_path / name))
