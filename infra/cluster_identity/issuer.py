"""Issuer: what belongs at a stack's issuer URL, and what stands there. Asks for public keys and nothing else."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path

from infra.azure_sign_in import credential
from infra.cluster_identity.comparison import differences
from infra.cluster_identity.container import NotPublished, publish, published
from infra.cluster_identity.documents import DISCOVERY, KEY_SET, Documents, api_server_arguments, as_text
from infra.cluster_identity.keys import KeysRefused, PublicKey, from_files, from_key_set
from infra.cluster_reader import ClusterUnreadable, reading
from infra.kubeconfig import NoContext
from stacks.checks.words import is_https
from stacks.keys import how_to_set
from stacks.load import SettingsRefused, load
from stacks.settings import StackSettings
from stacks.settings.platform import ClusterIdentity

ROOT = Path(__file__).parents[2]


class IdentityRefused(Exception):
    """The stack has no issuer to speak of, or the cluster is another's; the message says the cure."""


REFUSALS = (SettingsRefused, IdentityRefused, KeysRefused, NoContext, ClusterUnreadable, NotPublished)
"""Everything that ends the command, each with one sentence a line."""


@dataclass(frozen=True)
class Issuer:
    """What is known of a stack's issuer. `signs_as`: as whom the API server signs today; None when nobody asked."""

    stack: str
    documents: Documents
    signs_as: str | None

    @property
    def arguments(self) -> list[str]:
        """Arguments for the API server; it goes on taking tokens of the issuer it signs as today."""
        older = [self.signs_as] if self.signs_as else []
        return api_server_arguments(self.documents.issuer, *older)

    def publish(self) -> None:
        """Write both documents where the issuer's URL points, signed in as who runs this. Raises NotPublished."""
        publish(self.documents, credential())

    def differences(self) -> list[str]:
        """A sentence for each difference between the cluster and what anybody reads there. Raises NotPublished."""
        return differences(self.stack, self.documents, published(self.documents.issuer), self.signs_as)

    def write(self, folder: Path) -> None:
        """Write both documents below a folder. Raises NotPublished."""
        for path, document in self.documents.by_path().items():
            target = folder / path
            try:
                target.parent.mkdir(parents=True, exist_ok=True)
                target.write_text(as_text(document), "utf-8")
            except OSError as error:
                raise NotPublished(f"{target} cannot be written, {error.strerror}: name another folder") from error


def issuer_of(stack: str, files: list[Path]) -> Issuer:
    """The stack's issuer, its keys from files, or from the cluster once that is proven to be the stack's.

    Raises what REFUSALS lists.
    """
    settings = load(stack, ROOT)
    if settings.cluster.identity is not ClusterIdentity.FEDERATED:
        raise IdentityRefused(f"{stack} has cluster.identity keys: its services show no token and need no issuer")
    url = settings.cluster.issuer
    if not url:
        raise IdentityRefused(
            f"cluster.issuer is empty: 'spy bootstrap {stack}' makes its place and prints it; then "
            f"'{how_to_set('cluster.issuer')}'"
        )
    if url.endswith("/"):
        raise IdentityRefused(f"cluster.issuer {url} ends with a slash, which no token's issuer does: set it without")
    if not is_https(url):
        raise IdentityRefused(
            f"cluster.issuer {url!r} is no issuer: give the https URL that 'spy bootstrap {stack}' prints"
        )
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
        signs_as = str(reader.get(f"/{DISCOVERY}").get("issuer", ""))
        if not re.fullmatch(r"[!-~]{1,500}", signs_as):  # it becomes a line of k3s' own file
            raise IdentityRefused(
                f"the context {cluster.context} leads to an API server that names no issuer: is it k3s, and up to date?"
            )
        return keys, signs_as
