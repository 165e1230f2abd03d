"""`spy plan`: the recorded plan of stacks against the committed one. Needs no Pulumi CLI, no cloud and no network."""

from __future__ import annotations

import json
from typing import Annotated

import typer
from rich.console import Console

from infra.plan import report, store
from infra.plan.documents import AmbiguousPath
from infra.plan.golden import CommittedPlanUnreadable, Golden, golden
from infra.plan.recorder import PlanRefused
from stacks.load import SettingsRefused, stack_names

SAME, DIFFERS, REFUSED = 0, 1, 2


def register(app: typer.Typer) -> None:
    """Add `spy plan`."""

    @app.command()
    def plan(
        stacks: Annotated[list[str] | None, typer.Argument(help="Stacks, by name; default: every one.")] = None,
        write: Annotated[bool, typer.Option("--write", help="Make the committed plan be this one.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    ) -> None:
        """What the program of a stack declares, against the plan committed in stacks/plan.

        Replacements and deletions come first; what is protected is marked. Exit code 0: as committed (or written);
        1: it differs; 2: settings or program are refused, or the program fails.

        Example: `spy plan prod`, `spy plan dev prod --json`, `spy plan --write`
        """
        names = stacks or stack_names(store.ROOT)
        if not names:
            typer.echo("there is no stack file: take Pulumi.STACK.yaml from the repository, or write one", err=True)
            raise typer.Exit(REFUSED)
        found = [_recorded(stack) for stack in names]
        _print(found, as_json=as_json)
        if write:
            _write(found)
        raise typer.Exit(SAME if write or all(one.is_same for one in found) else DIFFERS)


def _write(found: list[Golden]) -> None:
    """Make the committed plans be these; ends the command where a file cannot be written."""
    try:
        for one in found:
            store.write(one.settings.stack, one.documents)
    except OSError as error:
        typer.echo(f"{error.filename} cannot be written, {error.strerror}: make stacks/plan writable", err=True)
        raise typer.Exit(REFUSED) from None


def _recorded(stack: str) -> Golden:
    """The plan of a stack; ends the command with every problem, a line each."""
    try:
        return golden(stack)
    except SettingsRefused as refused:  # its sentences name stack or file themselves: all stacks are checked together
        for problem in refused.problems:
            typer.echo(problem, err=True)
        raise typer.Exit(REFUSED) from None
    except (PlanRefused, AmbiguousPath, CommittedPlanUnreadable) as refused:
        for line in str(refused).splitlines():
            typer.echo(f"{stack}: {line}", err=True)
        raise typer.Exit(REFUSED) from None
    except Exception:  # a program that fails is no plan that differs: another exit code, and where it failed
        Console(stderr=True).print_exception()
        raise typer.Exit(REFUSED) from None


def _print(found: list[Golden], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps([report.as_object(one) for one in found], indent=2))
        return
    console = Console(soft_wrap=True, highlight=False, emoji=False)
    for one in found:
        for line in report.lines(one):
            console.print(line)
