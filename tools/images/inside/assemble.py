"""Lays out, while an image is built, what the image will hold. Runs in the build, without a network; in no image.

`assemble.py packages LOCK WHEELS ROOT` installs the lock's packages from wheels into ROOT/app/packages, hashes checked.
`assemble.py application PYPROJECT ROOT` finishes ROOT/app, where the code has been copied: version, user, folders.
Both compile and set every time stamp to one date, so that the same input gives the same layer.
"""

from __future__ import annotations

import compileall
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path
from py_compile import PycInvalidationMode

STAMP = 315_532_800
"""1 January 1980: the date of every file in a layer."""

USER = 1000
WRITABLE = ("data", "logs", "cache")
"""Folders under /app that volumes are mounted on; the only ones that the services' user may write to."""


def packages(lock: Path, wheels: Path, root: Path) -> None:
    """Install what the lock names, by the pip that lies among the wheels, and leave out the packages' own tests."""
    (pip,) = wheels.glob("pip-*.whl")
    target = root / "app" / "packages"
    command = [sys.executable, f"{pip}/pip", "install", f"--target={target}", f"--requirement={lock}"]
    from_wheels = ["--no-index", f"--find-links={wheels}", "--require-hashes", "--no-deps"]
    quietly = ["--no-compile", "--no-cache-dir", "--quiet", "--root-user-action=ignore"]
    if subprocess.run([*command, *from_wheels, *quietly], check=False).returncode:
        sys.exit(f"{lock.name} was not installed, for the reason above: remove build/wheels, then make wheels.")
    shutil.rmtree(target / "bin", ignore_errors=True)
    for tests in [path for path in target.rglob("tests") if path.is_dir()]:
        shutil.rmtree(tests, ignore_errors=True)
    for test in [*target.rglob("test_*.py"), *target.rglob("conftest.py")]:
        test.unlink()
    finish(root)


def application(pyproject: Path, root: Path) -> None:
    """The project's version, the user and the folders of the volumes, beside the code that is there."""
    app = root / "app"
    project = tomllib.loads(pyproject.read_text("utf-8"))["project"]
    about = app / f"{project['name'].replace('-', '_')}-{project['version']}.dist-info"
    about.mkdir()
    about.joinpath("METADATA").write_text(
        f"Metadata-Version: 2.1\nName: {project['name']}\nVersion: {project['version']}\n", "utf-8"
    )
    etc = root / "etc"
    etc.mkdir()
    user = f"appuser:x:{USER}:{USER}::/app:/usr/sbin/nologin\n"
    etc.joinpath("passwd").write_text(Path("/etc/passwd").read_text("utf-8") + user, "utf-8")
    etc.joinpath("group").write_text(Path("/etc/group").read_text("utf-8") + f"appuser:x:{USER}:\n", "utf-8")
    for name in WRITABLE:
        app.joinpath(name).mkdir()
        os.chown(app / name, USER, USER)
    finish(root)


def finish(root: Path) -> None:
    """Bytecode that is never held to its source, which cannot change; modes and dates that depend on nothing."""
    compileall.compile_dir(
        root / "app", quiet=1, stripdir=str(root), invalidation_mode=PycInvalidationMode.UNCHECKED_HASH, workers=0
    )
    for path in sorted(root.rglob("*"), reverse=True):
        path.chmod(0o755 if path.is_dir() or path.stat().st_mode & 0o100 else 0o644)
        os.utime(path, (STAMP, STAMP))


if __name__ == "__main__":
    step, *places = sys.argv[1:]
    if step == "packages":
        packages(*(Path(place) for place in places))
    else:
        application(*(Path(place) for place in places))
