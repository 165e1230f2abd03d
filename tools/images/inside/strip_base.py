"""Takes out of the base what installs packages: an image has what it needs, and nobody adds to it. Run by builds."""

from __future__ import annotations

import os
import shutil
import site
import sysconfig
from pathlib import Path

STAMP = 315_532_800
INSTALLERS = ("pip*", "wheel", "easy_install*")


def strip() -> None:
    """Empty the folders of installed packages, and remove the installers' commands and Python's own copy."""
    library = Path(sysconfig.get_path("stdlib"))
    folders = [Path(folder) for folder in site.getsitepackages()]
    found = [path for folder in folders if folder.is_dir() for path in folder.iterdir()]
    found += [path for pattern in INSTALLERS for path in Path("/usr/local/bin").glob(pattern)]
    found += [path for path in [library / "ensurepip"] if path.exists()]
    for path in found:
        shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
        os.utime(path.parent, (STAMP, STAMP))


if __name__ == "__main__":
    strip()
