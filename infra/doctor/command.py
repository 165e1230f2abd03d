"""`spy doctor --stack`: what a stack's deployment would miss, and what to do. Repairs nothing."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from stacks.load import SettingsRefused, load
from stacks.settings import StackSettings

if TYPE_CHECKING:
    from infra.bootstrap.arm import Arm
    from infra.doctor.finding import Finding
    from infra.doctor.looks import Means

ROOT = Path(__file__).parents[2]
WELL, ILL = 0, 2
_COLOURS = {"ok": typer.colors.GREEN, "missing": typer.colors.RED, "unknown": typer.colors.YELLOW}


def register(app: typer.Typer) -> None:
    """Add `spy doctor`, the half of it that is about a stack."""

    @app.command()
    def doctor(
        stack: Annotated[str, typer.Option("--stack", help="A stack, by name.")],
        *,
        fetch_keys: Annotated[
            bool, typer.Option("--fetch-keys", help="With cluster.identity keys: put Azure's keys into the stack file.")
        ] = False,
        as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    ) -> None:
        """What a deployment of a stack needs: tools, login, state and its key, Azure, registry, cluster, secrets, ends.

        Looks at everything at once, each with a time limit, and changes nothing; --fetch-keys alone writes, two secrets
        into the stack file. Exit code 0: nothing is in the way; 2: something is.

        Example: `spy doctor --stack prod`, `spy doctor --stack prod --json`
        """
        settings = _settings(stack)
        means = means_of(settings)
        if fetch_keys:
            _fetch(means, as_json=as_json)
            return
        from infra.doctor.finding import findings  # noqa: PLC0415
        from infra.doctor.looks import looks  # noqa: PLC0415

        found = list(_told(findings(looks(means)), as_json=as_json))
        if as_json:
            told = [{**asdict(one), "fails": one.fails} for one in found]
            typer.echo(
                json.dumps({"stack": stack, "ok": not any(one.fails for one in found), "findings": told}, indent=2)
            )
        raise typer.Exit(ILL if any(one.fails for one in found) else WELL)


def means_of(settings: StackSettings) -> Means:
    """This machine's login, clock and Azure."""
    from infra.azure_sign_in import credential  # noqa: PLC0415  (Azure's libraries take long)
    from infra.bootstrap.person import InTenant  # noqa: PLC0415
    from infra.doctor.looks import Means  # noqa: PLC0415

    signed_in = InTenant(credential(), settings.azure.tenant_id)
    return Means(settings, ROOT, signed_in, _arm(signed_in, settings), datetime.now(UTC).date())


def _arm(signed_in: object, settings: StackSettings) -> Arm:
    from infra.bootstrap.arm import Arm  # noqa: PLC0415
    from infra.bootstrap.clock import WallClock  # noqa: PLC0415

    return Arm(signed_in, settings.azure.subscription_id or "none", WallClock())  # type: ignore[arg-type]


def _settings(stack: str) -> StackSettings:
    try:
        return load(stack, ROOT)
    except SettingsRefused as refused:
        for line in refused.problems:
            typer.echo(line, err=True)
        raise typer.Exit(ILL) from None


def _told(found: Iterable[Finding], *, as_json: bool) -> Iterable[Finding]:
    """Print each finding as it comes, unless it is for scripts."""
    for one in found:
        if not as_json:
            mark = typer.style(f"{one.state:<7}", fg=_COLOURS[one.state])
            typer.echo(f"{mark}  {one.name}: {one.found}")
            if one.do and one.state != "ok":
                typer.echo(f"         {one.do}")
        yield one


def _fetch(means: Means, *, as_json: bool) -> None:
    from infra.bootstrap.clock import WallClock  # noqa: PLC0415
    from infra.bootstrap.place import Place  # noqa: PLC0415
    from infra.bootstrap.pulumi_cli import PulumiCli  # noqa: PLC0415
    from infra.bootstrap.refusal import Refused  # noqa: PLC0415
    from infra.doctor.keys import fetch  # noqa: PLC0415

    settings, place = means.settings, Place(means.settings)
    cli = PulumiCli(settings.stack, means.root, place.backend, place.secrets_provider, WallClock())
    written = []
    try:
        for one in fetch(settings, means.arm, cli):
            written.append({"key": one.key, "from": one.resource, "command": one.command(settings.stack)})
            if not as_json:
                typer.echo(f"{one.command(settings.stack)}   # the key of {one.resource}, by standard input")
    except Refused as refused:
        typer.echo(str(refused), err=True)
        raise typer.Exit(ILL) from None
    if as_json:
        typer.echo(json.dumps({"stack": settings.stack, "written": written}, indent=2))
