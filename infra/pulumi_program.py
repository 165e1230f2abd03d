"""PulumiProgram: questions to the Pulumi CLI of this machine, as whoever is signed in to it. Runs no update."""

from __future__ import annotations

import os
import subprocess
from pathlib import Path

SECONDS = 60
INSTEAD = "PULUMI_CLI"
"""The environment key that names another Pulumi than the one on the path."""


class PulumiFailed(Exception):
    """The CLI said no; the message is what it said."""


def program() -> str:
    """The Pulumi that the environment names, else the one on the path."""
    return os.environ.get(INSTEAD) or "pulumi"


def ask(root: Path, *arguments: str, discard: bool = False) -> str:
    """What the CLI prints in a project folder, or nothing where it is not to be read. Raises PulumiFailed."""
    command = [program(), "--cwd", str(root), "--non-interactive", *arguments]
    out = subprocess.DEVNULL if discard else subprocess.PIPE
    try:
        run = subprocess.run(  # noqa: S603
            command,
            stdout=out,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
            timeout=SECONDS,
            env=os.environ | {"PULUMI_SKIP_UPDATE_CHECK": "true"},
        )
    except FileNotFoundError:
        raise PulumiFailed("there is no Pulumi here") from None
    except subprocess.TimeoutExpired:
        raise PulumiFailed(f"no answer within {SECONDS} s") from None
    if run.returncode:
        raise PulumiFailed(_reason(run.stderr))
    return run.stdout or ""


def _reason(stderr: str) -> str:
    """The first line that tells an error."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("error:")), lines[0] if lines else "it gave no reason")
    return told.removeprefix("error:").strip()
