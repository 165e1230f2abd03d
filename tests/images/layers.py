"""Images as an engine keeps them: their facts, what one layer holds, and a copy of what one is built from."""

from __future__ import annotations

import json
import shutil
import tarfile
import uuid
from pathlib import Path
from typing import Any

from infra.image_recipe import ImageRecipe
from tools.images.build import ROOT
from tools.images.engine import Engine


def facts(docker: Engine, image: str) -> dict[str, Any]:
    """What `docker image inspect` says."""
    (found,) = json.loads(docker.run("image", "inspect", image).stdout)
    return dict(found)


def contents(docker: Engine, image: str, layer: int, folder: Path) -> list[tuple[str, int, int, int, bytes]]:
    """Name, mode, owner, size and kind of everything in one layer."""
    saved = folder / f"{uuid.uuid4().hex}.tar"
    docker.run("save", "--output", str(saved), image)
    with tarfile.open(saved) as whole:
        manifest = whole.extractfile("manifest.json")
        assert manifest is not None
        name = json.load(manifest)[0]["Layers"][layer]
        with tarfile.open(fileobj=whole.extractfile(name)) as found:
            return [(each.name, each.mode, each.uid, each.size, each.type) for each in found]


def context_of(recipe: ImageRecipe, folder: Path) -> Path:
    """A copy of what the repository gives to a build, with the time stamps of now."""
    copy = folder / "copy"
    for part in ("apps", "frontend/dist", "tools/images", "requirements", recipe.wheels):
        shutil.copytree(ROOT / part, copy / part, copy_function=shutil.copyfile)
    shutil.copyfile(ROOT / "pyproject.toml", copy / "pyproject.toml")
    return copy
