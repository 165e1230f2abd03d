"""`spy images pin`: the digests that a stack ran, written into another stack's file. Deploys nothing."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Annotated

import typer

from infra.promotion.images import PromotionRefused, Ran, copies, ran
from infra.promotion.stack_file import StackFileRefused, read, with_values, write
from stacks.load import SettingsRefused, load
from stacks.settings import StackSettings
from stacks.settings.platform import ImageSource

ROOT = Path(__file__).parents[2]
DONE, REFUSED = 0, 2


def register(app: typer.Typer) -> None:
    """Add `spy images` with its commands."""
    group = typer.Typer(
        help="Images of a stack, by digest. Example: `spy images pin prod --from dev`", no_args_is_help=True
    )
    app.add_typer(group, name="images")

    @group.callback()
    def _images() -> None:
        """Images of a stack, by digest.

        Example: `spy images pin prod --from dev`
        """

    @group.command()
    def pin(
        stack: Annotated[str, typer.Argument(help="The stack whose file is changed.")],
        source: Annotated[str, typer.Option("--from", help="The stack that has run the images.")],
        *,
        as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    ) -> None:
        """Write the digests that another stack ran into a stack's file, so that its next up runs the same bytes.

        Changes images.* of Pulumi.STACK.yaml and nothing else, comments included, and prints what is left to do: the
        copy between two registries. Exit code 0: the file has the digests; 2: refused.

        Example: `spy images pin prod --from dev`
        """
        try:
            target, origin = load(stack, ROOT), load(source, ROOT)
            images = ran(source, ROOT, for_=stack)
            _write(target, images)
            left = copies(images, origin, target)
        except (PromotionRefused, StackFileRefused, SettingsRefused) as refused:
            for line in str(refused).splitlines():
                typer.echo(line, err=True)
            raise typer.Exit(REFUSED) from None
        _print(target, images, left, as_json=as_json)
        raise typer.Exit(DONE)


def _write(target: StackSettings, images: list[Ran]) -> None:
    """Put the digests into the file of a stack; one that builds takes them instead from now on."""
    path = ROOT / f"Pulumi.{target.stack}.yaml"
    pinned = {} if target.images.source is ImageSource.PINNED else {"source": str(ImageSource.PINNED)}
    text = read(path)
    changed = with_values(text, "images", {**pinned, **{one.key: one.digest for one in images}})
    if changed == text:
        return
    try:
        write(path, changed)
    except OSError as error:
        raise StackFileRefused(f"{path.name} cannot be written, {error.strerror}: make it writable") from error


def _print(target: StackSettings, images: list[Ran], left: list[str], *, as_json: bool) -> None:
    before = target.images.model_dump(by_alias=True)
    if as_json:
        pinned = [{"key": one.key, "before": before[one.key], "now": one.digest} for one in images]
        typer.echo(json.dumps({"stack": target.stack, "images": pinned, "copy": left}, indent=2))
        return
    for one in images:
        same = before[one.key] == one.digest
        typer.echo(f"images.{one.key}: {one.digest}" + ("" if same else f" (was {before[one.key]})"))
    if left:
        typer.echo("Copy them to the stack's own registry, where they keep their digests:")
    for line in left:
        typer.echo(f"  {line}")
    typer.echo(f"Then: pulumi preview -s {target.stack}")
