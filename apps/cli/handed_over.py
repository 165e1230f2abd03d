"""The commands that need the Pulumi program: handed over to infra/cli.py in its own environment. Imports none of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import NoReturn

import typer

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-infra" / "bin" / "python"
MADE = ROOT / ".venv-infra" / ".runtime"
"""Left by `make venv` when it has ended well: an environment that was cut off half-way lacks it."""

UNAVAILABLE = 2

COMMANDS = {
    "plan": "What a stack's program declares, against the committed plan: no cloud, no CLI. Example: `spy plan prod`",
    "cost": "What a stack costs a month, beside the owner's tables. Example: `spy cost prod`",
    "bootstrap": "What must exist before a first deployment: says it, or makes it. Example: `spy bootstrap prod`",
    "entra": "The applications in Entra that people and publishers sign in to. Example: `spy entra prod`",
    "cluster": "What a stack's cluster needs beside the program. Example: `spy cluster identity prod`",
    "images": "Images of a stack, by digest. Example: `spy images pin prod --from dev`",
}
"""Commands and the line that `spy --help` shows for each; their own help is the other side's."""


def register(app: typer.Typer) -> None:
    """Add every command of the other environment; its arguments are passed on unread."""
    for name, line in COMMANDS.items():
        app.command(
            name,
            help=line,
            add_help_option=False,
            context_settings={"ignore_unknown_options": True, "allow_extra_args": True},
        )(_handing_over(name))


def hand_over(name: str, arguments: Sequence[str]) -> NoReturn:
    """Run a command of the other environment and end with its exit code, or with UNAVAILABLE and the cure."""
    if not MADE.exists():
        typer.echo(f"`spy {name}` needs the environment of the Pulumi program: run `make venv` first.", err=True)
        raise typer.Exit(UNAVAILABLE)
    command = [str(PYTHON), "-m", "infra.cli", name, *arguments]
    raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)


def _handing_over(name: str) -> Callable[[typer.Context], None]:
    def command(context: typer.Context) -> None:
        hand_over(name, context.args)

    return command
