"""`spy cluster prepare`: the host folders of a stack's volumes, looked at and made. Deletes nothing."""

from __future__ import annotations

import json
import socket
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.cluster_prepare.folders import (
    MODE,
    FolderState,
    Found,
    Volume,
    commands,
    found,
    make,
    refusals,
    volumes,
)
from stacks.load import SettingsRefused, load
from stacks.settings import Layer, StackSettings

ROOT = Path(__file__).parents[2]
READY, TO_DO, REFUSED = 0, 1, 2


def register(group: typer.Typer) -> None:
    """Add `spy cluster prepare`."""

    @group.command()
    def prepare(
        stack: Annotated[str, typer.Argument(help="A stack, by name.")],
        *,
        apply: Annotated[bool, typer.Option("--apply", help="Make what is missing on this machine.")] = False,
        remote: Annotated[bool, typer.Option("--remote", help="Only print commands for another machine.")] = False,
        as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    ) -> None:
        """Make the folders of a stack's volumes, on the node itself: user 1000, mode 0750, on a disk that lasts.

        Without --apply it only looks. It never deletes a folder and never takes one from its owner. Exit code 0: all
        there; 1: something is to be made; 2: refused.

        Example: `spy cluster prepare prod`, `sudo .venv/bin/spy cluster prepare prod --apply`
        """
        settings = _settings(stack)
        wanted, root = volumes(settings), Path(settings.cluster.volume_root)
        if remote:
            _print_commands(wanted, root, as_json=as_json)
            raise typer.Exit(READY)
        seen = [found(volume) for volume in wanted]
        refused = refusals(root, seen)
        if apply and not refused:
            refused = _make(seen)
            seen = [found(volume) for volume in wanted]
        _print(stack, seen, refused, as_json=as_json)
        ready = all(one.state is FolderState.READY for one in seen)
        raise typer.Exit(REFUSED if refused else READY if ready else TO_DO)


def _settings(stack: str) -> StackSettings:
    """Settings of a stack with a cluster; ends the command otherwise."""
    try:
        settings = load(stack, ROOT)
    except SettingsRefused as refused:
        for line in refused.problems:
            typer.echo(line, err=True)
        raise typer.Exit(REFUSED) from None
    if not settings.includes(Layer.CLUSTER):
        typer.echo(f"{stack} has no cluster (layers), so there is no volume to prepare for", err=True)
        raise typer.Exit(REFUSED)
    return settings


def _make(seen: list[Found]) -> list[str]:
    """Make what is missing; the sentence of the first that could not be made."""
    for one in seen:
        try:
            make(one)
        except PermissionError:
            return [f"{one.volume.folder} takes root to be made: run this with sudo, or the commands of --remote"]
        except OSError as error:
            return [f"{one.volume.folder} cannot be made, {error.strerror}: look at {one.volume.folder.parent}"]
    return []


def _print_commands(wanted: list[Volume], root: Path, *, as_json: bool) -> None:
    lines = commands(wanted, root)
    typer.echo(json.dumps({"commands": lines}, indent=2) if as_json else "\n".join(lines))


def _print(stack: str, seen: list[Found], refused: list[str], *, as_json: bool) -> None:
    if as_json:
        typer.echo(json.dumps(_as_object(stack, seen, refused), indent=2))
        return
    for one in seen:
        typer.echo(f"{socket.gethostname()}:{one.volume.folder}  {one.volume.gibibytes} GiB  {_state(one)}")
    for sentence in refused:
        typer.echo(sentence, err=True)
    if not refused and any(one.state is not FolderState.READY for one in seen):
        typer.echo(
            f"'sudo .venv/bin/spy cluster prepare {stack} --apply' makes them on this machine; --remote prints how"
        )


def _state(one: Found) -> str:
    to_do = {FolderState.ABSENT: "is to be made", FolderState.OTHER_MODE: f"{one.says}, is to be {MODE:04o}"}
    return to_do.get(one.state, str(one.state))


def _as_object(stack: str, seen: list[Found], refused: list[str]) -> dict[str, Any]:
    return {
        "stack": stack,
        "host": socket.gethostname(),
        "folders": [
            {
                "volume": one.volume.name,
                "path": str(one.volume.folder),
                "gibibytes": one.volume.gibibytes,
                "state": one.state,
            }
            for one in seen
        ],
        "refused": refused,
    }
