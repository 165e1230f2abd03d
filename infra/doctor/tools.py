"""Tools: programs that a deployment of the stack runs here, and their versions. Installs nothing."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from infra.doctor.finding import Finding, missing, ok
from infra.pulumi_program import program
from stacks.document import mapping
from stacks.settings import StackSettings
from stacks.settings.platform import ImageSource

SECONDS = 20
PYTHONS = ((3, 11), (3, 13))
_COMPARED = re.compile(r"(>=|<=|<|>|=)?\s*v?(\d+(?:\.\d+)*)")


def tools(settings: StackSettings, root: Path) -> list[Finding]:
    """Python, Pulumi, and Docker where images are built here. Pulumi brings its own Helm and Kubernetes client."""
    found = [_python(), _pulumi(root)]
    return [*found, _docker()] if settings.images.source is ImageSource.BUILD else found


def _python() -> Finding:
    version = sys.version_info
    found = f"Python {version.major}.{version.minor}.{version.micro}"
    if PYTHONS[0] <= version[:2] <= PYTHONS[1]:
        return ok("python", found)
    return missing("python", found, "Install Python 3.11, 3.12 or 3.13, remove .venv-infra, and run `make venv`.")


def _pulumi(root: Path) -> Finding:
    wanted = str(mapping(root / "Pulumi.yaml").get("requiredPulumiVersion", ""))
    told = _says([program(), "version"])
    version = numbers(told or "")
    cure = f"Install Pulumi {wanted} (pulumi.com/docs/install), or name another by PULUMI_CLI."
    if version is None:
        return missing("pulumi", "no Pulumi answers here", cure)
    fits = within(version, wanted)
    found = f"Pulumi {'.'.join(map(str, version))}"
    return ok("pulumi", found) if fits else missing("pulumi", f"{found}, and the project wants {wanted}", cure)


def _docker() -> Finding:
    told = _says(["docker", "version", "--format", "{{.Server.Version}}"])
    if told:
        return ok("docker", f"Docker {told}")
    cure = "Start Docker, or take pinned images: `spy images pin`."
    return missing("docker", "no Docker engine answers here, and images.source is build", cure)


def _says(command: list[str]) -> str | None:
    """What a program prints; None where there is none or it fails."""
    if shutil.which(command[0]) is None:
        return None
    try:
        run = subprocess.run(command, capture_output=True, text=True, check=True, timeout=SECONDS)  # noqa: S603
    except (OSError, subprocess.SubprocessError):
        return None
    return run.stdout.strip()


def numbers(text: str) -> tuple[int, ...] | None:
    """The first dotted number in a text."""
    found = re.search(r"\d+(?:\.\d+)+", text)
    return tuple(map(int, found[0].split("."))) if found else None


def within(version: tuple[int, ...], wanted: str) -> bool:
    """Whether a version satisfies every comparison of a range such as ">=3.200.0 <4.0.0"."""
    for sign, told in _COMPARED.findall(wanted):
        bound = tuple(map(int, told.split(".")))
        holds = {">=": version >= bound, "<=": version <= bound, "<": version < bound, ">": version > bound}
        if not holds.get(sign, version == bound):
            return False
    return True
