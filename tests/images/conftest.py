"""An engine, the base that stands in, and the images built on it: made once for the module that asks."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import NoReturn

import pytest

from infra.image_recipe import RECIPES
from tools.images import base
from tools.images.build import build
from tools.images.engine import Engine, NoEngine, engine
from tools.images.wheels import fetch

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SKIP = "SKIP_DOCKER"
"""The environment key that leaves out the tests that need Docker, when it is 1."""


def left_out(reason: Exception) -> NoReturn:
    """Skip with the reason; in CI, where all of it can be had, fail with it."""
    if os.environ.get("CI") == "true":
        raise reason
    pytest.skip(str(reason))


@pytest.fixture(scope="module")
def docker() -> Iterator[Engine]:
    """An engine; the tests that need one are left out where none can be had, but never in CI."""
    if os.environ.get(SKIP) == "1":
        pytest.skip(f"{SKIP}=1 leaves out what needs Docker")
    with contextlib.ExitStack() as stack:
        try:
            running = stack.enter_context(engine())
        except NoEngine as error:
            left_out(error)
        yield running


@pytest.fixture(scope="module")
def stand_in(docker: Engine) -> Iterator[str]:
    """The base of these builds, imported."""
    try:
        archive = base.ensure()
    except base.NoBase as error:
        left_out(error)
    tag = f"spy-test-base:{uuid.uuid4().hex[:8]}"
    docker.run("import", *(f"--change={change}" for change in base.IMPORTED), str(archive), tag)
    yield tag
    docker.run("image", "rm", "--force", tag, check=False)


@pytest.fixture(scope="module")
def images(docker: Engine, stand_in: str) -> Iterator[dict[str, str]]:
    """Every image, built from this work tree, by service; all under one tag, which compose is given too."""
    version = uuid.uuid4().hex[:8]
    built = {}
    for recipe in RECIPES.values():
        fetch(recipe)
        built[recipe.service] = build(
            recipe,
            commit=COMMIT,
            base=stand_in,
            tag=f"{recipe.repository}:{version}",
            client=docker.client,
            environment=docker.environment,
        )
    yield built
    docker.run("image", "rm", "--force", *built.values(), check=False)
