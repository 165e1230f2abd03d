"""The half of `spy` that needs the Pulumi program: each command is a module with `register`; this file gathers them.

`spy` hands over to it in the environment .venv-infra (apps/cli/handed_over.py); `python -m infra.cli` is the same.
"""

from __future__ import annotations

import importlib

import typer

app = typer.Typer(
    name="spy",
    help="Plans and deploys the stacks of the SPY 0DTE options platform.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)

COMMANDS = (
    "infra.plan.command",
    "infra.cost_command",
    "infra.cluster_command",
    "infra.doctor.command",
    "infra.promotion.command",
    "infra.bootstrap.command",
)


@app.callback()
def _commands() -> None:
    """Keeps the command's name on the command line while there is only one."""


for _command in COMMANDS:
    importlib.import_module(_command).register(app)


if __name__ == "__main__":
    app(prog_name="spy")
