"""Images as an engine keeps them: their facts, and what one layer holds."""

from __future__ import annotations

import json
import tarfile
import uuid
from pathlib import Path
from typing import Any

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
