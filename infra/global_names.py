"""GlobalNames: names that all of Azure shares, and whether each is free, ours or somebody else's. Takes none of them.

`spy doctor` tells them, and bootstrap and a first deployment ask before they start: a name that is taken would end them
half-way.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, Protocol

from infra.cloud_model.paths import PATHS
from stacks.naming import Names
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode


class Management(Protocol):
    """What is asked of Azure's management (infra/bootstrap/arm.py)."""

    def get(self, id_: str, version: str, what: str = "") -> dict[str, Any] | None: ...
    def post(self, path: str, version: str, body: dict[str, Any] | None, what: str) -> dict[str, Any]: ...
    def registration(self, namespace: str) -> str: ...


class Holder(StrEnum):
    """Who has a name."""

    FREE = "free"
    OURS = "ours"
    TAKEN = "taken"
    DELETED = "deleted"
    UNASKED = "not asked"


@dataclass(frozen=True)
class Kind:
    """A kind of resource whose name all of Azure shares, and how Azure is asked for it."""

    title: str
    named: str
    """The name's word in Names."""
    token: str
    type: str
    version: str
    regional: bool = False

    @property
    def namespace(self) -> str:
        return self.type.partition("/")[0]


STORAGE = Kind(
    "storage account", "storage", "storage:StorageAccount", "Microsoft.Storage/storageAccounts", "2024-01-01"
)
VAULT = Kind("Key Vault", "vault", "keyvault:Vault", "Microsoft.KeyVault/vaults", "2023-07-01")
REGISTRY = Kind(
    "registry",
    "registry",
    "containerregistry:Registry",
    "Microsoft.ContainerRegistry/registries",
    "2023-07-01",
)
WEB_APP = Kind("web app", "webapp", "web:WebApp", "Microsoft.Web/sites", "2024-04-01")
SIGNALR = Kind(
    "SignalR", "signalr", "signalrservice:SignalR", "Microsoft.SignalRService/SignalR", "2024-03-01", regional=True
)


@dataclass(frozen=True)
class GlobalName:
    """One name of a stack, the id that its resource has or would have, and the setting that chooses another."""

    kind: Kind
    id: str
    key: str

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]

    @property
    def title(self) -> str:
        return f"{self.kind.title} {self.name}"


@dataclass(frozen=True)
class Held:
    """A name and who has it; `says`: one sentence with the cure, empty where nothing is to be done."""

    name: GlobalName
    holder: Holder
    says: str = ""


def global_names(settings: StackSettings) -> Iterator[GlobalName]:
    """The global names of a stack's cloud layer."""
    if not settings.includes(Layer.CLOUD):
        return
    own = [REGISTRY] if settings.registry.mode is RegistryMode.OWN else []
    running = [WEB_APP] if settings.includes(Layer.IMAGES) else []
    for kind in (STORAGE, VAULT, *own, *running, SIGNALR):
        name = str(getattr(Names(settings), kind.named))
        key = "vault.suffix" if kind is VAULT else f"names.{kind.named}"
        yield GlobalName(kind, _id(settings, kind.token, name), key)


def held(name: GlobalName, settings: StackSettings, azure: Management) -> Held:
    """Who has a name. Asks nothing of a resource provider that is not registered, which asking would register.

    Raises what Azure's refusals raise (infra/bootstrap/refusal.py).
    """
    kind = name.kind
    if azure.registration(kind.namespace) != "Registered":
        return Held(name, Holder.UNASKED, f"{kind.namespace} is not registered yet: 'spy bootstrap {settings.stack}'")
    if azure.get(name.id, kind.version, f"the {name.title}") is not None:
        return Held(name, Holder.OURS)
    if kind is VAULT and (until := _deleted_until(name, settings, azure)):
        return Held(
            name,
            Holder.DELETED,
            f"the {name.title} was deleted and keeps its name until {until}: 'az keyvault recover --name {name.name}' "
            f"brings it back, or choose another by {name.key}",
        )
    where = f"locations/{settings.azure.location}/" if kind.regional else ""
    path = f"{_subscription(settings)}/providers/{kind.namespace}/{where}checkNameAvailability"
    told = azure.post(path, kind.version, {"name": name.name, "type": kind.type}, f"ask whether {name.name} is free")
    if told.get("nameAvailable"):
        return Held(name, Holder.FREE)
    return Held(
        name,
        Holder.TAKEN,
        f"the name {name.name} is taken by somebody else, and all of Azure shares such names: choose another by "
        f"{name.key}",
    )


def _deleted_until(name: GlobalName, settings: StackSettings, azure: Management) -> str:
    """Day until which a deleted vault keeps its name; empty where there is none in the subscription."""
    place = f"{_subscription(settings)}/providers/Microsoft.KeyVault/locations/{settings.azure.location}"
    found = azure.get(f"{place}/deletedVaults/{name.name}", VAULT.version, f"whether {name.name} was deleted")
    return str(found["properties"].get("scheduledPurgeDate", "it is purged"))[:10] if found else ""


def _subscription(settings: StackSettings) -> str:
    return f"/subscriptions/{settings.azure.subscription_id}"


def _id(settings: StackSettings, token: str, name: str) -> str:
    """Resource id by the path of the type, whose last parameter is the name."""
    tail = PATHS[f"azure-native:{token}"].partition("/providers/")[2].rpartition("/")[0]
    return f"{_subscription(settings)}/resourceGroups/{Names(settings).resource_group}/providers/{tail}/{name}"
