"""The build of one image by a Docker client: the command that the recipe comes to. Pushes nothing, removes nothing."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from infra.image_recipe import NETWORK, PLATFORM, RECIPES, ImageRecipe, base_reference
from stacks.settings.platform import UNRESOLVED

ROOT = Path(__file__).resolve().parents[2]
_BASE_WANTED = "\n > [internal] load metadata for"
"""In the builder's summary of what failed: it asked for the base."""

_OF_A_STEP = re.compile(r"^#\d+ \d+\.\d+ (.+)$", re.MULTILINE)
"""A line that a step wrote, behind the step's number and its time."""


class CannotBuild(Exception):
    """An image cannot be built; the message is one sentence with the cure."""


def command(client: str, recipe: ImageRecipe, *, arguments: Mapping[str, str], tag: str) -> list[str]:
    """The client's command line, run in the repository."""
    given = [f"--build-arg={name}={value}" for name, value in sorted(arguments.items())]
    where = [f"--file={recipe.dockerfile}", f"--platform={PLATFORM}", f"--network={NETWORK}"]
    return [client, "build", *where, *given, f"--tag={tag}", "."]


def build(
    recipe: ImageRecipe,
    *,
    commit: str,
    base: str = "",
    tag: str = "",
    client: str = "docker",
    context: Path = ROOT,
    options: Sequence[str] = (),
    environment: Mapping[str, str] | None = None,
) -> str:
    """Build one image and return its tag. Raises CannotBuild."""
    missing = [path for path in needed(recipe) if not (context / path).exists()]
    if missing:
        raise CannotBuild(f"{recipe.repository} needs {', '.join(missing)}: make wheels, and make setup for the page")
    base = base or base_reference()
    if base.endswith(UNRESOLVED):
        raise CannotBuild(
            "image.python of tools/versions.toml is unresolved: 'make pins' online asks for its digest; "
            "or say BASE=REFERENCE for an image of your own with Python"
        )
    tag = tag or f"{recipe.repository}:local"
    first, *rest = command(client, recipe, arguments=recipe.arguments(commit=commit, base=base), tag=tag)
    done = subprocess.run(
        [first, *rest[:-1], *options, rest[-1]],
        cwd=context,
        env={**os.environ, **(environment or {}), "DOCKER_BUILDKIT": "1"},
        check=False,
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise CannotBuild(f"{recipe.repository} was not built: {why(done.stderr, base)}")
    return tag


def why(words: str, base: str) -> str:
    """One sentence on a failed build, and below it what the failed step had said. `words`: the builder's stderr."""
    last = (words.strip().splitlines() or ["the builder said nothing"])[-1][-300:]
    if _BASE_WANTED in words:
        return f"its base {base} is not on this engine and cannot be pulled; BASE=REFERENCE names another. ({last})"
    return "\n  ".join([last, *_OF_A_STEP.findall(words)[-20:]])


def needed(recipe: ImageRecipe) -> list[str]:
    """What is made on this machine before a build, by its place in the repository."""
    return [recipe.wheels, *(["frontend/dist/index.html"] if recipe is RECIPES["backend"] else [])]


def commit_of(repository: Path = ROOT) -> str:
    """The commit that the work tree is at; empty when it cannot be said, or when a file is not as it was committed."""
    if _git(repository, "status", "--porcelain", "--untracked-files=no") != "":
        return ""
    return (_git(repository, "rev-parse", "HEAD") or "").strip()


def _git(repository: Path, *arguments: str) -> str | None:
    done = subprocess.run(["git", *arguments], cwd=repository, check=False, capture_output=True, text=True)
    return done.stdout if done.returncode == 0 else None
