"""What stands in for the pinned base where no image can be pulled: Debian and its Python, made once by debootstrap.

Never in anything that is deployed. What differs from the real one that matters here is made like it: `python` beside
`python3`, and an installed pip, which an image must not keep.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
import subprocess
import sys
import tempfile
import tomllib
from pathlib import Path

from tools.external import TOOLS, alone, cache_folder

NAME = "image-base"
KERNEL_FOLDERS = ("dev", "proc", "run", "sys", "tmp")
LEFT_OUT = ("usr/share/doc", "usr/share/locale", "usr/share/man", "var/cache", "var/lib/apt/lists", "var/log")
"""What the slim base has not either. The folders stay, empty."""

IMPORTED = ("ENV PATH=/usr/local/bin:/usr/local/sbin:/usr/sbin:/usr/bin:/sbin:/bin", "ENV LANG=C.UTF-8")
"""What `docker import` adds: the slim base says both."""


class NoBase(Exception):
    """The base cannot be made here; the message says why and what to do."""


class BaseCannotBeMade(NoBase):
    """debootstrap is there, and this machine or its mirror does not let it work."""


def table() -> dict[str, object]:
    """Its table in tools/versions.toml."""
    found: dict[str, object] = tomllib.loads((TOOLS / "versions.toml").read_text("utf-8"))["debian"][NAME]
    return found


def archive() -> Path:
    """Where the base is kept as a tar, whether it is there or not; another recipe has another place."""
    recipe = json.dumps([table(), KERNEL_FOLDERS, LEFT_OUT, Path(__file__).read_text("utf-8")], sort_keys=True)
    return cache_folder() / NAME / hashlib.sha256(recipe.encode()).hexdigest()[:16] / "base.tar"


def ensure() -> Path:
    """The tar, made when it is not there: a minute and a half, once. Raises NoBase."""
    target = archive()
    with alone(NAME):
        if target.exists():
            return target
        if os.geteuid() != 0 or shutil.which("debootstrap") is None:
            raise NoBase("A base for the images is made by debootstrap as root: sudo apt-get install debootstrap")
        print(f"Making the base of the images, Debian {table()['suite']} with Python (once)", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=target.parents[1], prefix=".making-") as making:
            root = Path(making) / "root"
            _debootstrap(root)
            _like_the_real_one(root)
            _pack(root, Path(making) / "base.tar")
            target.parent.mkdir(exist_ok=True)
            (Path(making) / "base.tar").rename(target)
    return target


def _debootstrap(root: Path) -> None:
    suite, packages = str(table()["suite"]), table()["packages"]
    assert isinstance(packages, list)  # noqa: S101  (a table of our own file)
    command = ["debootstrap", "--variant=minbase", f"--include={','.join(packages)}", suite, str(root), _mirror(suite)]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    if done.returncode:
        words = f"{done.stdout.strip()[-300:]} {done.stderr.strip()[-300:]}"
        raise BaseCannotBeMade(f"debootstrap could not make Debian {suite} on this machine: {words}")


def _mirror(suite: str) -> str:
    """Where this machine's own apt gets the suite from."""
    asked = ["apt-get", "indextargets", "--format", "$(RELEASE) $(REPO_URI)", "Created-By: Packages"]
    told = subprocess.run(asked, check=True, capture_output=True, text=True).stdout
    found = [line.split(" ", 1)[1] for line in told.splitlines() if line.split(" ", 1)[0] == suite]
    if not found:
        raise BaseCannotBeMade(f"This machine's apt has no Debian {suite} among its sources, of which the base is made")
    return found[0]


def _like_the_real_one(root: Path) -> None:
    local = root / "usr" / "local"
    local.joinpath("bin", "python").symlink_to("/usr/bin/python3")
    local.joinpath("bin", "pip").write_text("#!/usr/bin/python3 -m pip\n", "utf-8")
    pip = next(local.glob("lib/python3*/dist-packages"), local / "lib" / "python3.11" / "dist-packages") / "pip"
    pip.mkdir(parents=True)
    pip.joinpath("__init__.py").write_text('"""Here to be taken out again."""\n', "utf-8")


def _pack(root: Path, target: Path) -> None:
    left_out = [f"--exclude=./{folder}/*" for folder in (*KERNEL_FOLDERS, *LEFT_OUT)]
    command = ["tar", "--create", "--numeric-owner", "--sort=name", *left_out, f"--file={target}", "--directory", "."]
    subprocess.run([*command[:-1], str(root), "."], check=True)
