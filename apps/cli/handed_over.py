"""The commands that need the Pulumi program: handed over to infra/cli.py in its own environment. Imports none of it."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path

import typer

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-infra" / "bin" / "python"
MADE = ROOT / ".venv-infra" / ".runtime"
"""Left by `make venv` when it has ended well: an environment that was cut off half-way lacks it."""

UNAVAILABLE = 2

COMMANDS = {
    "plan": "What a stack's program declares, against the committed plan: no cloud, no CLI. Example: `spy plan prod`",
    "cost": "What a stack costs a month, beside the owner's tables. Example: `spy cost prod`",
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


def _handing_over(name: str) -> Callable[[typer.Context], None]:
    def hand_over(context: typer.Context) -> None:
        if not MADE.exists():
            typer.echo(f"`spy {name}` needs the environment of the Pulumi program: run `make venv` first.", err=True)
            raise typer.Exit(UNAVAILABLE)
        command = [str(PYTHON), "-m", "infra.cli", name, *context.args]
        raise typer.Exit(subprocess.run(command, cwd=ROOT, check=False).returncode)

    return hand_over
