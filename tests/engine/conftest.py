"""Stacks that several tests share: each is deployed once, and a test that changes one works on a copy."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import pytest

from tests.engine.cloud import Cloud
from tests.engine.stack import GROUP, EngineStack
from tests.engine.values import SUBSCRIPTION

Deployed = Callable[[str], EngineStack]


def bootstrapped(*stacks: str) -> Cloud:
    """A cloud with what `spy bootstrap` makes for these stacks."""
    cloud = Cloud()
    for stack in stacks:
        cloud.seed(GROUP, f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-spy-options-{stack}")
    return cloud


@pytest.fixture(scope="session")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Deployed]:
    """A deployed stack by its name, for tests that only look."""
    stacks: dict[str, EngineStack] = {}
    with ExitStack() as open_stacks:

        def deploy(name: str) -> EngineStack:
            if name not in stacks:
                stack = EngineStack(name, tmp_path_factory.mktemp(name) / "project", bootstrapped(name))
                open_stacks.enter_context(stack).up()
                stacks[name] = stack
            return stacks[name]

        yield deploy


@pytest.fixture
def copied(deployed: Deployed, tmp_path: Path) -> Iterator[Deployed]:
    """A copy of a deployed stack and its cloud, for a test that changes them."""
    with ExitStack() as open_stacks:
        yield lambda name: open_stacks.enter_context(deployed(name).copy(tmp_path / name))
