"""External programs of tools/versions.toml, built or installed once a version into the user's cache folder.

`python tools/external.py [NAME ...]` makes those that are missing, all by default. Standard library only, so that any
Python 3.11 can run it before an environment is there. Never writes into the repository and never replaces what works:
a program appears in its place by one rename, whole, and two that want it at once make it once.
"""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
import tomllib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

TOOLS = Path(__file__).resolve().parent
GO_NEEDED = (1, 24)
"""The first Go that knows the tool directive of go.mod."""
NODE_NEEDED = (20, 19)
SKIP = "SKIP_ENGINE"
"""The environment key that leaves out the engine's programs and the tests that need them, when it is 1."""


class ToolMissing(Exception):
    """A program is not there and could not be had; the message names it and the cure."""


@dataclass(frozen=True)
class External:
    """One table of versions.toml."""

    name: str
    source: str
    """Where it comes from: go, go-files or npm."""
    version: str
    programs: tuple[str, ...]
    packages: Mapping[str, str] = field(default_factory=dict)
    """The Go package of each program."""
    stamps: Mapping[str, str] = field(default_factory=dict)
    """Variables in which Go programs keep their version, and what is written there: {version}, {major}, {minor}."""
    module: str = ""
    folder: str = ""
    """The folder of the module that is wanted, when it is no program."""
    instead: str = ""
    takes: str = "a minute or three"

    @property
    def recipe(self) -> Path:
        """The folder with the files that lock what it is made from."""
        return TOOLS / self.name

    @property
    def home(self) -> Path:
        """Where it is kept: CACHE/spy-options/NAME/VERSION."""
        return cache_folder() / self.name / self.version

    def path(self, program: str = "") -> Path:
        """Where one of its programs, the first by default, is kept, whether it is there or not."""
        folder = self.home / "node_modules" / ".bin" if self.source == "npm" else self.home
        return folder / (program or self.wanted[0])

    @property
    def wanted(self) -> tuple[str, ...]:
        """What lies in its place once it is made: its programs, or the folder's last name."""
        return self.programs or (Path(self.folder).name,)

    def fingerprint(self) -> str:
        """Changes when a lock, the version or the kind of machine changes."""
        locks = (path for path in sorted(self.recipe.iterdir()) if path.name in LOCKS[self.source])
        parts = [self.version, platform.system(), platform.machine(), *(path.read_text("utf-8") for path in locks)]
        return hashlib.sha256("\0".join(parts).encode()).hexdigest()

    def is_ready(self) -> bool:
        """Whether it is there and made from what versions.toml and the locks say today."""
        made_from = self.home / ".made-from"
        return (
            all(self.path(wanted).exists() for wanted in self.wanted)
            and made_from.exists()
            and made_from.read_text("utf-8") == self.fingerprint()
        )

    def own_copy(self) -> Path | None:
        """The copy that the environment names instead, if it does. Raises ToolMissing when that one will not do."""
        named = os.environ.get(self.instead, "") if self.instead else ""
        if not named:
            return None
        pinned = numbers(self.version) or ()
        found = version_of([named, "version"])
        if found is None or found[0] != pinned[0] or found < pinned:
            raise ToolMissing(
                f"{self.instead}={named} is not a {self.name} {self.version} or newer of the same major version: name "
                f"another, or unset {self.instead} to have the pinned one built."
            )
        return Path(shutil.which(named) or named)

    def located(self, program: str = "") -> Path:
        """Path of a program that can be run now, or of the folder. Raises ToolMissing with the cure."""
        if own := self.own_copy():
            return own
        if not self.is_ready():
            raise ToolMissing(f"{self.name} {self.version} is not there yet: make setup-test. Without it: {SKIP}=1")
        return self.path(program)


LOCKS = {
    "go": {"go.mod", "go.sum"},
    "go-files": {"go.mod", "go.sum"},
    "npm": {"package.json", "package-lock.json", ".npmrc"},
}


def cache_folder() -> Path:
    """The user's cache folder for this project: XDG_CACHE_HOME, else ~/.cache, then spy-options."""
    return Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "spy-options"


def externals(versions: Path = TOOLS / "versions.toml") -> dict[str, External]:
    """Every program of versions.toml by name."""
    tables = tomllib.loads(versions.read_text("utf-8"))
    found: dict[str, External] = {}
    for name, table in tables.get("go", {}).items():
        own = {key: table[key] for key in ("module", "stamps", "instead", "takes") if key in table}
        packages = table["programs"]
        found[name] = External(name, "go", table["version"], tuple(packages), packages, **own)
    for name, table in tables.get("go-files", {}).items():
        found[name] = External(
            name, "go-files", table["version"], (), module=table["module"], folder=table["folder"], takes="seconds"
        )
    for name, table in tables.get("npm", {}).items():
        found[name] = External(name, "npm", table["version"], tuple(table["programs"]))
    return found


def numbers(text: str) -> tuple[int, ...] | None:
    """The first dotted number in a text."""
    number = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, number.group().split("."))) if number else None


def version_of(command: list[str]) -> tuple[int, ...] | None:
    """The first dotted number a program prints, or nothing when it is not on PATH."""
    if shutil.which(command[0]) is None:
        return None
    return numbers(subprocess.run(command, check=False, capture_output=True, text=True).stdout)


def need(program: str, version: tuple[int, ...] | None, needed: tuple[int, ...], cure: str) -> None:
    """Raises ToolMissing, with the cure, when a maker is not there or is too old."""
    if version is None or version < needed:
        wanted = ".".join(map(str, needed))
        found = "was not found" if version is None else f"{'.'.join(map(str, version))} was found"
        raise ToolMissing(f"{program} {wanted} or newer is needed and {found}. {cure} Without it: make test {SKIP}=1")


def build_go(external: External, into: Path) -> None:
    """Build the programs of a Go module, locked by go.sum, into a folder. Needs no C compiler."""
    need_go()
    major, minor, *_ = numbers(external.version) or (0, 0)
    stamps = {
        variable: text.format(version=external.version, major=major, minor=minor)
        for variable, text in external.stamps.items()
    }
    flags = " ".join(["-s", "-w", *(f"-X {variable}={text}" for variable, text in stamps.items())])
    for program, package in external.packages.items():
        command = ["go", "build", "-mod=readonly", "-trimpath", "-ldflags", flags, "-o", str(into / program), package]
        subprocess.run(
            command, cwd=external.recipe, check=True, stdout=sys.stderr, env={**os.environ, "CGO_ENABLED": "0"}
        )


def take_go_files(external: External, into: Path) -> None:
    """Copy a folder of a Go module, proved by go.sum, into a folder."""
    need_go()
    command = ["go", "mod", "download", "-json", external.module]
    told = subprocess.run(command, cwd=external.recipe, check=True, stdout=subprocess.PIPE, text=True).stdout
    source = Path(json.loads(told)["Dir"]) / external.folder
    # The module cache is read-only, and a copy that cannot be deleted could not be replaced.
    shutil.copytree(source, into / external.wanted[0], copy_function=shutil.copyfile)
    (into / external.wanted[0]).chmod(0o755)


def need_go() -> None:
    """Raises ToolMissing, with the cure, when Go is not there or is too old."""
    need("Go", version_of(["go", "version"]), GO_NEEDED, "macOS: brew install go; elsewhere: go.dev/doc/install.")


def install_npm(external: External, into: Path) -> None:
    """Install npm packages as their lock says into a folder."""
    node = version_of(["node", "--version"])
    need("Node.js", node, NODE_NEEDED, "macOS: brew install node; elsewhere: nodejs.org/en/download.")
    for name in LOCKS["npm"]:
        shutil.copy(external.recipe / name, into)
    command = ["npm", "ci", "--omit=dev", "--omit=optional", "--silent", "--no-audit", "--no-fund"]
    subprocess.run(command, cwd=into, check=True, stdout=sys.stderr)


MAKERS = {
    "go": (build_go, "Building"),
    "go-files": (take_go_files, "Fetching"),
    "npm": (install_npm, "Installing"),
}


@contextlib.contextmanager
def alone(name: str) -> Iterator[None]:
    """One maker of this program at a time on this machine; the others wait."""
    folder = cache_folder() / name
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / ".lock").open("w") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            print(f"Waiting for another set-up of {name} on this machine", file=sys.stderr)
            fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def ensure(external: External) -> None:
    """Make the program unless it is there. Raises ToolMissing when what makes it is absent or fails."""
    if external.own_copy() or external.is_ready():
        return
    make, verb = MAKERS[external.source]
    with alone(external.name):
        if external.is_ready():
            return
        print(f"{verb} {external.name} {external.version} (once, {external.takes})", file=sys.stderr)
        with tempfile.TemporaryDirectory(dir=external.home.parent, prefix=".making-") as making:
            made = Path(making) / "made"
            made.mkdir()
            try:
                make(external, made)
            except subprocess.CalledProcessError as error:
                command = " ".join(error.cmd[:2])
                raise ToolMissing(
                    f"{external.name} {external.version} could not be made: '{command}' in tools/{external.name} "
                    f"ended with {error.returncode}, and said why above. Without it: make test {SKIP}=1"
                ) from error
            (made / ".made-from").write_text(external.fingerprint(), "utf-8")
            if external.home.exists():
                external.home.rename(Path(making) / "replaced")
            made.rename(external.home)


def main(names: list[str]) -> int:
    """Make the named programs, or all. Returns the exit code."""
    if os.environ.get(SKIP) == "1":
        return 0
    known = externals()
    if unknown := set(names) - set(known):
        print(
            f"Unknown in tools/versions.toml: {', '.join(sorted(unknown))}. Known: {', '.join(known)}.", file=sys.stderr
        )
        return 2
    try:
        for name in names or known:
            ensure(known[name])
    except ToolMissing as error:
        print(error, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
