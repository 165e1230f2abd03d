"""Keys: connection strings of `cluster.identity: keys`, read once from Azure, given to Pulumi. Keeps none."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

from infra.bootstrap.arm import Arm
from infra.bootstrap.place import Place
from infra.bootstrap.refusal import Refused
from infra.global_names import SIGNALR, STORAGE, global_names
from stacks.settings import Layer, StackSettings
from stacks.settings.platform import ClusterIdentity, Hub, Store


class Secrets(Protocol):
    """Where a secret is put (infra/bootstrap/pulumi_cli.py)."""

    def set_secret(self, key: str, value: str) -> None:
        """Encrypt a value into the stack file."""
        ...


@dataclass(frozen=True)
class Fetched:
    """A secret setting that was written, and the resource whose key is in it."""

    key: str
    resource: str

    def command(self, stack: str) -> str:
        """What was run; the value went in by standard input."""
        return f"pulumi config set --stack {stack} --secret {self.key}"


def fetch(settings: StackSettings, arm: Arm, secrets: Secrets) -> Iterator[Fetched]:
    """Read each key that the stack's services sign in by and put it into the stack file, encrypted. Raises Refused."""
    if settings.cluster.identity is not ClusterIdentity.KEYS or not settings.includes(Layer.CLOUD):
        raise Refused(
            f"{settings.stack} signs in by tokens or has no Azure, so it has no key to fetch: --fetch-keys is for "
            "cluster.identity keys with the layer cloud"
        )
    ids = {one.kind: one.id for one in global_names(settings)}
    names = Place(settings).names
    if settings.services.store is Store.TABLES:
        if not settings.storage.shared_key:
            raise Refused(
                "storage.sharedKey is false, so no key opens the tables: 'pulumi config set --path "
                "storage.sharedKey true', and an up of the cloud layer first"
            )
        answer = arm.post(f"{ids[STORAGE]}/listKeys", STORAGE.version, None, f"read the keys of {names.storage}")
        key = str(answer["keys"][0]["value"])
        secrets.set_secret("storageConnectionString", storage_connection_string(names.storage, key))
        yield Fetched("storageConnectionString", names.storage)
    if settings.services.hub is Hub.AZURE:
        answer = arm.post(f"{ids[SIGNALR]}/listKeys", SIGNALR.version, None, f"read the keys of {names.signalr}")
        secrets.set_secret("signalrConnectionString", str(answer["primaryConnectionString"]))
        yield Fetched("signalrConnectionString", names.signalr)


def storage_connection_string(account: str, key: str) -> str:
    """As Azure's clients take it."""
    return f"DefaultEndpointsProtocol=https;AccountName={account};AccountKey={key};EndpointSuffix=core.windows.net"
