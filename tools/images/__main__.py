"""`python -m tools.images wheels|build|prepare [IMAGE ...]`: what `make wheels` and `make images` run."""

from __future__ import annotations

import argparse
import os
import secrets
import sys
from collections.abc import Sequence
from pathlib import Path

from infra.image_recipe import RECIPES, ImageRecipe
from tools.images import base
from tools.images.build import ROOT, CannotBuild, build, commit_of
from tools.images.engine import NoEngine, answering
from tools.images.wheels import NoWheels, fetch

SECRET_KEY = "PUBLISHER_CLIENT_SECRET"  # noqa: S105  (the key's name)


def main(argv: Sequence[str] | None = None) -> int:
    """The exit code: 0, or 1 with one sentence on stderr."""
    options = _arguments(argv)
    recipes = [recipe for recipe in RECIPES.values() if not options.images or recipe.service in options.images]
    try:
        for recipe in recipes:
            fetch(recipe)
        if options.what == "prepare":
            base.ensure()
        if options.what == "build":
            _build(recipes)
    except (CannotBuild, NoEngine, NoWheels, base.NoBase) as error:
        print(error, file=sys.stderr)
        return 1
    return 0


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tools.images", description=__doc__)
    parser.add_argument(
        "what", choices=("wheels", "build", "prepare"), help="prepare: wheels, and the base of the tests"
    )
    parser.add_argument("images", nargs="*", choices=[*(recipe.service for recipe in RECIPES.values()), []])
    return parser.parse_args(argv)


def _build(recipes: Sequence[ImageRecipe]) -> None:
    """Build as repository:local, which compose.yaml runs. BASE in the environment: another base than the pinned one."""
    commit = commit_of()
    engine = answering()
    for recipe in recipes:
        tag = build(recipe, commit=commit, base=os.environ.get("BASE", ""), client=engine.client)
        size = int(engine.run("image", "inspect", "--format", "{{.Size}}", tag).stdout)
        print(f"{tag}  {size / 1e6:.0f} MB")
    give_secret(ROOT / ".env")


def give_secret(path: Path) -> None:
    """Write a secret that detector and backend share into .env, which compose reads, unless there is one."""
    text = path.read_text("utf-8") if path.exists() else ""
    if any(line.startswith(f"{SECRET_KEY}=") and line.strip() != f"{SECRET_KEY}=" for line in text.splitlines()):
        return
    path.touch(mode=0o600)
    path.write_text(f"{text.rstrip()}\n{SECRET_KEY}={secrets.token_urlsafe(24)}\n".lstrip(), "utf-8")


if __name__ == "__main__":
    sys.exit(main())
