"""The `spy` command. Each subcommand is a module with `register`; this file only gathers them."""

from __future__ import annotations

import importlib

import typer

app = typer.Typer(
    name="spy",
    help="SPY 0DTE options platform: detector, backend and dashboard, on this machine or on a cluster.",
    no_args_is_help=True,
    pretty_exceptions_show_locals=False,
    rich_markup_mode="markdown",
)

COMMANDS = ("up", "scan", "replay", "record", "doctor", "token", "handed_over")

for _command in COMMANDS:
    importlib.import_module(f"apps.cli.{_command}").register(app)


if __name__ == "__main__":
    app()
