"""`spy cluster identity`: the issuer of a stack's cluster, rendered, published and compared. Decides nothing itself."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from infra.cluster_identity.issuer import Issuer

SAME, OTHERWISE = 0, 2


def register(group: typer.Typer) -> None:
    """Add `spy cluster identity`."""

    @group.command()
    def identity(
        stack: Annotated[str, typer.Argument(help="A stack, by name.")],
        *,
        apply: Annotated[bool, typer.Option("--apply", help="Publish the two documents.")] = False,
        check: Annotated[bool, typer.Option("--check", help="Print differences only.")] = False,
        public_key: Annotated[
            list[Path] | None, typer.Option(help="PEM file of public keys, instead of asking the cluster; repeatable.")
        ] = None,
        write: Annotated[Path | None, typer.Option(help="Write the two documents below this folder.")] = None,
        as_json: Annotated[bool, typer.Option("--json", help="For scripts.")] = False,
    ) -> None:
        """How Azure gets to trust the cluster's service accounts: k3s' arguments, the published documents, their state.

        Order: --apply, then the arguments and a restart of k3s, then --check. Publishes only with --apply. Exit code
        0: tokens verify; 2: something differs, or is refused.

        Example: `spy cluster identity prod`, `spy cluster identity prod --apply`, `spy cluster identity prod --check`
        """
        from infra.cluster_identity.issuer import REFUSALS, issuer_of  # noqa: PLC0415  (Azure's libraries take long)

        try:
            issuer = issuer_of(stack, public_key or [])
            if write is not None:
                issuer.write(write)
            if apply:
                issuer.publish()
            found = issuer.differences()
        except REFUSALS as refused:
            for line in str(refused).splitlines():
                typer.echo(line, err=True)
            raise typer.Exit(OTHERWISE) from None
        typer.echo(json.dumps(_as_object(issuer, found), indent=2)) if as_json else _print(issuer, found, brief=check)
        raise typer.Exit(OTHERWISE if found else SAME)


def _as_object(issuer: Issuer, found: list[str]) -> dict[str, Any]:
    return {
        "stack": issuer.stack,
        "issuer": issuer.documents.issuer,
        "signsAs": issuer.signs_as,
        "arguments": issuer.arguments,
        "documents": issuer.documents.by_path(),
        "same": not found,
        "differences": found,
    }


def _print(issuer: Issuer, found: list[str], *, brief: bool) -> None:
    from infra.cluster_identity.documents import K3S_FILE, as_text, k3s_file  # noqa: PLC0415

    if not brief:
        typer.echo(f"For k3s, in {K3S_FILE} on every server; then `systemctl restart k3s`:\n")
        typer.echo(k3s_file(issuer.arguments))
        for path, document in issuer.documents.by_path().items():
            typer.echo(f"{issuer.documents.issuer}/{path}:\n\n{as_text(document)}")
    for sentence in found:
        typer.echo(sentence)
    if not found:
        kids = ", ".join(key.kid for key in issuer.documents.keys)
        typer.echo(f"{issuer.documents.issuer} publishes what the cluster serves: {kids}")
