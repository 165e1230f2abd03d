"""`spy bootstrap` and `spy entra`: what an Owner runs once, and again when something is to be seen to."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from infra.azure_sign_in import credential
from infra.bootstrap import report, sequence
from infra.bootstrap.advice import advice
from infra.bootstrap.arm import Arm
from infra.bootstrap.checks import check_settings
from infra.bootstrap.clock import WallClock
from infra.bootstrap.graph import Graph, Request
from infra.bootstrap.person import InTenant, Person
from infra.bootstrap.place import Place
from infra.bootstrap.pulumi_cli import PulumiCli
from infra.bootstrap.refusal import Refused
from infra.bootstrap.sequence import Reach
from infra.bootstrap.step import Outcome, Step, run
from stacks.checks import check
from stacks.load import SettingsRefused, load, with_others
from stacks.settings import StackSettings

ROOT = Path(__file__).parents[2]
NOTHING_TO_DO, TO_DO, REFUSED = 0, 1, 2

Stack = Annotated[str, typer.Argument(help="A stack, by name.")]
Apply = Annotated[bool, typer.Option("--apply", help="Do it; without, nothing is written.")]
AsJson = Annotated[bool, typer.Option("--json", help="For scripts.")]


def register(app: typer.Typer) -> None:
    """Add `spy bootstrap` and `spy entra`."""

    @app.command()
    def bootstrap(
        stack: Stack,
        apply: Apply = False,
        renew: Annotated[bool, typer.Option("--renew", help="A new secret for the log forwarder.")] = False,
        as_json: AsJson = False,
    ) -> None:
        """What must exist before a stack's first deployment: says what is missing, and with --apply makes it.

        Run by a person who is Owner of the subscription, signed in by `az login`. Every step looks first and makes
        only what is missing or differs, so a run that was cut off is simply run again. Exit code 0: nothing (more) to
        do; 1: something is to do and was only said; 2: refused, in one sentence.

        Example: `spy bootstrap prod`, `spy bootstrap prod --apply`, `spy bootstrap prod --apply --renew`
        """
        with _Ending():
            settings = settings_of(stack)
            check_settings(settings)
            place = Place(settings)
            reach = reached(settings, place)
            if apply:
                _check_pulumi(reach)
            sequence.check(reach, place)
            outcomes = _run(sequence.steps(reach, place, renew=renew), reach, apply=apply, as_json=as_json)
            told = advice(reach, place)
            if as_json:
                typer.echo(json.dumps(report.as_object(stack, outcomes, told), indent=2))
            else:
                report.print_sum(_console(), outcomes, apply=apply)
                report.print_advice(_console(), told)
            raise typer.Exit(TO_DO if any(one.left.to_do for one in outcomes) else NOTHING_TO_DO)

    @app.command()
    def entra(stack: Stack, apply: Apply = False, as_json: AsJson = False) -> None:
        """The applications in Entra that people and publishers sign in to: prints the exact steps, or runs them.

        Run by somebody who may register applications; the last two steps give the cluster's identities the role
        publisher, once the layer cloud has made them. Exit code as `spy bootstrap`.

        Example: `spy entra prod`, `spy entra prod --apply`
        """
        with _Ending():
            settings = settings_of(stack)
            check_settings(settings)
            place = Place(settings)
            reach = reached(settings, place)
            outcomes = _run(
                sequence.entra_steps(reach, place), reach, apply=apply, as_json=as_json, say=_with_request(apply)
            )
            if as_json:
                typer.echo(json.dumps(report.as_object(stack, outcomes, advice(reach, place)), indent=2))
            else:
                report.print_sum(_console(), outcomes, apply=apply)
                for command in advice(reach, place).commands:
                    _console().print(f"Into the stack file: {command}")
            raise typer.Exit(TO_DO if any(one.left.to_do for one in outcomes) else NOTHING_TO_DO)


def settings_of(stack: str) -> StackSettings:
    """The stack's settings, checked together with the other stacks. Raises SettingsRefused."""
    settings = load(stack, ROOT)
    check(with_others(settings, ROOT))
    return settings


def reached(settings: StackSettings, place: Place) -> Reach:
    """The real Azure, directory and Pulumi, as who is signed in. Raises Refused when nobody is."""
    clock = WallClock()
    signed_in = InTenant(credential(), settings.azure.tenant_id)
    return Reach(
        Arm(signed_in, settings.azure.subscription_id, clock),
        Graph(signed_in, clock),
        PulumiCli(settings.stack, ROOT, place.backend, place.secrets_provider, clock),
        clock,
        Person.signed_in(signed_in),
    )


def _check_pulumi(reach: Reach) -> None:
    if isinstance(reach.pulumi, PulumiCli):
        reach.pulumi.check()


def _console() -> Console:
    return Console(soft_wrap=True, highlight=False, emoji=False, markup=False)


def _run(
    steps: Iterable[Step],
    reach: Reach,
    *,
    apply: bool,
    as_json: bool,
    say: Callable[[Step], str] = lambda _: "",
) -> list[Outcome]:
    """Run, telling each step as it is done: on the terminal, or beside the answer for scripts."""
    console = Console(stderr=as_json, soft_wrap=True, highlight=False, emoji=False, markup=False)
    known = {}

    def remembered() -> Iterable[Step]:
        for step in steps:
            known[step.name] = step
            yield step

    def tell(outcome: Outcome) -> None:
        console.print(report.line(outcome))
        if outcome.left.to_do and (command := say(known[outcome.name])):
            console.print(f"    {command}")

    return run(remembered(), reach.clock, apply=apply, tell=tell)


def _with_request(apply: bool) -> Callable[[Step], str]:
    def say(step: Step) -> str:
        request = None if apply else getattr(step, "request", None)
        made = request() if request else None
        return made.command if isinstance(made, Request) else ""

    return say


class _Ending:
    """Ends a command with the sentences of what refused it."""

    def __enter__(self) -> None:
        return None

    def __exit__(self, kind: type[BaseException] | None, error: BaseException | None, trace: object) -> None:
        if isinstance(error, Refused | SettingsRefused):
            for sentence in str(error).splitlines():
                typer.echo(sentence, err=True)
            raise typer.Exit(REFUSED) from None
