"""Wheels for the images: fetched on the host, hashes checked, into folders of the build context. Builds no package."""

from __future__ import annotations

import hashlib
import shutil
import subprocess
import sys
from pathlib import Path

from infra.image_recipe import PYTHON, ImageRecipe

ROOT = Path(__file__).resolve().parents[2]
BUILDER_LOCK = "requirements/image-build.lock"
"""What puts the wheels in place, and stays out of the image."""

GLIBC_MINOR = 36
"""Of the base, Debian 12: wheels for this glibc or an older one will do."""


class NoWheels(Exception):
    """The wheels of an image cannot be had; the message says which and what to do."""


def fetch(recipe: ImageRecipe) -> Path:
    """The folder with the wheels that the image's lock names, fetched when it is not already as the lock says.

    Raises NoWheels when one cannot be fetched, has another hash, or is published as source only.
    """
    folder, locks = ROOT / recipe.wheels, [ROOT / recipe.lock, ROOT / BUILDER_LOCK]
    made_from = folder / ".made-from"
    wanted = hashlib.sha256(b"\0".join(lock.read_bytes() for lock in locks)).hexdigest()
    if made_from.exists() and made_from.read_text("utf-8") == wanted:
        return folder
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    requirements = [f"--requirement={lock}" for lock in locks]
    command = [sys.executable, "-m", "pip", "download", "--quiet", "--disable-pip-version-check", f"--dest={folder}"]
    done = subprocess.run([*command, *target(), "--no-deps", "--require-hashes", *requirements], check=False)
    if done.returncode:
        raise NoWheels(
            f"The wheels of {recipe.repository} could not be fetched; pip said why above. A package index must be "
            f"reachable, and {recipe.lock} must be as `make lock` left it."
        )
    made_from.write_text(wanted, "utf-8")
    return folder


def target() -> list[str]:
    """pip's options for the Python and the platform of the images, whatever this machine is."""
    glibc = [f"manylinux_2_{minor}_x86_64" for minor in range(GLIBC_MINOR, 4, -1)]
    platforms = [*glibc, "manylinux2014_x86_64", "manylinux2010_x86_64", "manylinux1_x86_64", "linux_x86_64"]
    abi = f"cp{PYTHON.replace('.', '')}"
    return [
        "--only-binary=:all:",
        "--implementation=cp",
        f"--python-version={PYTHON}",
        *(f"--abi={name}" for name in (abi, "abi3", "none")),
        *(f"--platform={name}" for name in platforms),
    ]
