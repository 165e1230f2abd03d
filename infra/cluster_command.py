"""`spy cluster`: the commands about a stack's cluster that no program run does. Gathers them; has none of its own."""

from __future__ import annotations

import typer

from infra.cluster_identity import command as identity
from infra.cluster_prepare import command as prepare


def register(app: typer.Typer) -> None:
    """Add `spy cluster` with its commands."""
    group = typer.Typer(
        help="What a stack's cluster needs beside the program. Example: `spy cluster identity prod`",
        no_args_is_help=True,
    )
    app.add_typer(group, name="cluster")

    @group.callback()
    def _cluster() -> None:
        """What a stack's cluster needs beside the program.

        Example: `spy cluster identity prod --check`, `spy cluster prepare prod`
        """

    identity.register(group)
    prepare.register(group)
