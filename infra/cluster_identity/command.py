"""`spy cluster identity`: the issuer of a stack's cluster, rendered, published and compared. Reads public keys only."""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.azure_sign_in import credential
from infra.cluster_identity.comparison import differences
from infra.cluster_identity.container import NotPublished, publish, published
from infra.cluster_identity.documents import (
    DISCOVERY,
    K3S_FILE,
    KEY_SET,
    Documents,
    api_server_arguments,
    as_text,
    k3s_file,
)
from infra.cluster_identity.keys import KeysRefused, PublicKey, from_files, from_key_set
from infra.cluster_reader import ClusterUnreadable, reading
from infra.kubeconfig import NoContext
from stacks.keys import how_to_set
from stacks.load import SettingsRefused, load
from stacks.settings import StackSettings
from stacks.settings.platform import ClusterIdentity

ROOT = Path(__file__).parents[2]
SAME, OTHERWISE = 0, 2


class IdentityRefused(Exception):
    """The stack has no issuer to speak of, or the cluster is another's; the message says the cure."""


@dataclass(frozen=True)
class Issuer:
    """What is known of a stack's issuer: what belongs there, and as whom the API server signs today."""

    stack: str
    documents: Documents
    signs_as: str | None

    @property
    def arguments(self) -> list[str]:
        older = [self.signs_as] if self.signs_as else []
        return api_server_arguments(self.documents.issuer, *older)


def register(group: typer.Typer) -> None:
    """Add `spy cluster identity`."""

    @group.command()
    def identity(
        stack: Annotated[str, typer.Argument(help="A stack, by name.")],
        apply: Annotated[bool, typer.Option("--apply", help="Publish the two documents.")] = False,
        check: Annotated[bool, typer.Option("--check", help="Only compare.")] = False,
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
        try:
            issuer = _issuer(stack, public_key or [])
            if write is not None:
                _write(write, issuer.documents)
            if apply:
                publish(issuer.documents, credential())
            found = differences(stack, issuer.documents, published(issuer.documents.issuer), issuer.signs_as)
        except _REFUSALS as refused:
            for line in str(refused).splitlines():
                typer.echo(line, err=True)
            raise typer.Exit(OTHERWISE) from None
        typer.echo(json.dumps(_as_object(issuer, found), indent=2)) if as_json else _print(issuer, found, brief=check)
        raise typer.Exit(OTHERWISE if found else SAME)


_REFUSALS = (SettingsRefused, IdentityRefused, KeysRefused, NoContext, ClusterUnreadable, NotPublished)


def _issuer(stack: str, files: list[Path]) -> Issuer:
    """The stack's issuer, its keys from files or from the cluster, once that is proven to be the stack's."""
    settings = load(stack, ROOT)
    if settings.cluster.identity is not ClusterIdentity.FEDERATED:
        raise IdentityRefused(f"{stack} has cluster.identity keys: its services show no token, and nothing is published")
    url = settings.cluster.issuer
    if not url:
        raise IdentityRefused(
            f"cluster.issuer is empty: 'spy bootstrap {stack}' makes its place and prints it; then "
            f"'{how_to_set('cluster.issuer')}'"
        )
    if url.endswith("/"):
        raise IdentityRefused(f"cluster.issuer ends with a slash, which no token's issuer does: set it to {url.rstrip('/')}")
    if files:
        return Issuer(stack, Documents(url, from_files(files)), None)
    keys, signs_as = _served(settings)
    return Issuer(stack, Documents(url, keys), signs_as)


def _served(settings: StackSettings) -> tuple[tuple[PublicKey, ...], str]:
    """Keys that the cluster serves, and the issuer it signs as."""
    cluster = settings.cluster
    for key, value in (("cluster.context", cluster.context), ("cluster.uid", cluster.uid)):
        if not value:
            raise IdentityRefused(f"{key} is empty, so nobody knows whose keys are meant: '{how_to_set(key)}'")
    with reading(cluster.context) as reader:
        if (uid := reader.uid()).lower() != cluster.uid.lower():
            raise IdentityRefused(
                f"the context {cluster.context} leads to the cluster {uid} and cluster.uid is {cluster.uid}: another "
                f"cluster's keys are not published for this stack; '{how_to_set('cluster.context')}'"
            )
        keys = from_key_set(reader.get(f"/{KEY_SET}"), f"the key set of the context {cluster.context}")
        return keys, str(reader.get(f"/{DISCOVERY}").get("issuer", ""))


def _write(folder: Path, documents: Documents) -> None:
    for path, document in documents.by_path().items():
        target = folder / path
        try:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(as_text(document), "utf-8")
        except OSError as error:
            raise NotPublished(f"{target} cannot be written, {error.strerror}: name another folder") from error


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
