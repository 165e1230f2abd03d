"""An engine, the base that stands in, and the images built on it: made once for the module that asks."""

from __future__ import annotations

import contextlib
import os
import uuid
from collections.abc import Iterator
from typing import NoReturn

import pytest

from infra.image_recipe import RECIPES
from tests.images.containers import HARDENED
from tests.images.platform import Platform, project
from tools.images import base
from tools.images.build import build
from tools.images.engine import Engine, EngineCannotRun, NoEngine, engine
from tools.images.wheels import fetch

COMMIT = "0123456789abcdef0123456789abcdef01234567"
SKIP = "SKIP_DOCKER"
"""The environment key that leaves out the tests that need Docker, when it is 1."""


def left_out(reason: Exception) -> NoReturn:
    """Skip with the reason; in CI, where everything can be installed, fail with it.

    A machine that does not let an engine or debootstrap work is no fault of what is tested: a skip, in CI too.
    """
    if os.environ.get("CI") == "true" and not isinstance(reason, EngineCannotRun | base.BaseCannotBeMade):
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
    brought = ["import", *(f"--change={change}" for change in base.IMPORTED), str(archive), tag]
    for command in (brought, ["run", "--rm", "--network=none", *HARDENED, tag, "true"]):
        tried = docker.run(*command, check=False)
        if tried.returncode:
            words = tried.stderr.strip()[-600:]
            left_out(EngineCannotRun(f"The Docker engine runs no container on this machine: {words}"))
    yield tag
    forget(docker, tag)


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
    forget(docker, *built.values())


def forget(docker: Engine, *tags: str) -> None:
    """Remove images from an engine that was there before; an own one takes them along."""
    if not docker.own:
        docker.run("image", "rm", "--force", *tags, check=False)


@pytest.fixture(scope="module")
def platform(docker: Engine, images: dict[str, str]) -> Iterator[Platform]:
    """The platform of compose.yaml on the images, up and healthy, once for every test of it."""
    try:
        docker.compose()
    except NoEngine as error:
        left_out(error)
    with project(docker, images["backend"].split(":")[1]) as running:
        running.compose("up", "--detach")
        for container in running.containers().values():
            container.wait_until_healthy()
        yield running
