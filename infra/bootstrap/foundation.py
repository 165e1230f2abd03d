"""Foundation: state, its key, and the two groups, as steps in their order. Grants nothing and signs nobody in."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import ClassVar

from infra.bootstrap.arm import Arm, Json
from infra.bootstrap.place import Place
from infra.bootstrap.program_needs import resource_providers
from infra.bootstrap.resource_step import Change, ResourceStep
from infra.bootstrap.step import THERE, Finding, Standing
from infra.policies.exceptions import ISSUER_DOCUMENTS
from infra.tags import tags
from stacks.settings import Layer, StackSettings
from stacks.settings.platform import ClusterIdentity

GROUPS = "2021-04-01"
STORAGE = "2024-01-01"
VAULTS = "2023-07-01"
KEY_BITS = 3072
MOVED = "set azure.location to that, or choose another name by {key}"


@dataclass(frozen=True)
class ProvidersStep:
    """Registration of the resource providers that the program's types need."""

    arm: Arm
    name: str = "resource-providers"
    title: str = "resource providers"
    patience_seconds: ClassVar[float] = 1200.0
    _registered: set[str] = field(default_factory=set)
    """Those that need not be asked about again in this run."""

    def look(self) -> Finding:
        """Which are not registered."""
        lacking = [f"{namespace} is {state}" for namespace, state in self._unregistered().items()]
        return Finding(Standing.MISSING, ", ".join(lacking)) if lacking else THERE

    def make(self) -> None:
        """Register those that are not on their way already."""
        for namespace, state in self._unregistered().items():
            if state != "Registering":
                self.arm.register(namespace)

    def _unregistered(self) -> dict[str, str]:
        asked = [namespace for namespace in resource_providers() if namespace not in self._registered]
        states = {namespace: self.arm.registration(namespace) for namespace in asked}
        self._registered.update(namespace for namespace, state in states.items() if state == "Registered")
        return {namespace: state for namespace, state in states.items() if state != "Registered"}


def state(arm: Arm, place: Place) -> Iterator[ResourceStep]:
    """The group of the state, its account with versions and soft delete, its container."""
    settings, names = place.settings, place.names
    yield group(arm, place, "state-group", place.state_group, "bootstrap.resourceGroup")
    yield account(arm, place, "state-account", place.state_account, "bootstrap.stateAccount", public=False)
    yield ResourceStep(
        "state-recovery",
        f"versions and soft delete of {names.state_account}",
        arm,
        f"{place.state_account}/blobServices/default",
        STORAGE,
        {
            "properties": {
                "isVersioningEnabled": True,
                "deleteRetentionPolicy": {"enabled": True, "days": settings.bootstrap.state_days},
                "containerDeleteRetentionPolicy": {"enabled": True, "days": settings.bootstrap.state_days},
            }
        },
        Change.PUT,
    )
    yield container(arm, "state-container", place.state_container, "None")


def secrets_key(arm: Arm, place: Place) -> Iterator[ResourceStep]:
    """The vault of the secrets' key, and the key."""
    settings, names = place.settings, place.names
    purge = {"enablePurgeProtection": True} if settings.vault.purge_protection else {}
    cure = f"choose another vault by bootstrap.vault, or set what {names.secrets_vault} has"
    yield ResourceStep(
        "secrets-vault",
        f"Key Vault {names.secrets_vault}",
        arm,
        place.vault,
        VAULTS,
        {
            "location": settings.azure.location,
            "tags": tags(settings),
            "properties": {
                "sku": {"family": "A", "name": "standard"},
                "tenantId": settings.azure.tenant_id,
                "enableRbacAuthorization": True,
                "enableSoftDelete": True,
                "softDeleteRetentionInDays": settings.vault.soft_delete_days,
                "publicNetworkAccess": "Enabled",
                **purge,
            },
        },
        fixed={"location": cure, "properties.softDeleteRetentionInDays": cure},
        when_made={"properties": {"accessPolicies": []}},
        slow=True,
    )
    yield ResourceStep(
        "secrets-key",
        f"key {place.key.rsplit('/', 1)[1]} in {names.secrets_vault}",
        arm,
        place.key,
        VAULTS,
        {
            "properties": {
                "kty": "RSA",
                "keySize": KEY_BITS,
                "keyOps": ["encrypt", "decrypt", "wrapKey", "unwrapKey"],
                "attributes": {"enabled": True},
            }
        },
        Change.NEVER,
    )


def publishes_here(settings: StackSettings, place: Place) -> bool:
    """Whether the cluster's issuer is published by this stack: it has a cluster that signs in by tokens, and no other
    stack's address in cluster.issuer.
    """
    federated = settings.includes(Layer.CLUSTER) and settings.cluster.identity is ClusterIdentity.FEDERATED
    return federated and settings.cluster.issuer in {"", place.issuer_url}


def issuer(arm: Arm, place: Place) -> Iterator[ResourceStep]:
    """The account whose one container anybody may read: Entra reads the cluster's keys there, signed in as nobody."""
    if publishes_here(place.settings, place):
        key = "bootstrap.issuerAccount"
        yield account(arm, place, ISSUER_DOCUMENTS, place.issuer_account, key, public=True)
        yield container(arm, f"{ISSUER_DOCUMENTS}-container", place.issuer_container, "Blob")


def group(arm: Arm, place: Place, name: str, id_: str, key: str) -> ResourceStep:
    """A resource group with the stack's tags."""
    settings = place.settings
    body: Json = {"location": settings.azure.location, "tags": tags(settings)}
    title = f"resource group {id_.rsplit('/', 1)[1]}"
    return ResourceStep(name, title, arm, id_, GROUPS, body, fixed={"location": MOVED.format(key=key)})


def account(arm: Arm, place: Place, name: str, id_: str, key: str, *, public: bool) -> ResourceStep:
    """A storage account for blobs: TLS 1.2, https, no account keys; `public`: its containers may be."""
    settings = place.settings
    return ResourceStep(
        name,
        f"storage account {id_.rsplit('/', 1)[1]}",
        arm,
        id_,
        STORAGE,
        {
            "location": settings.azure.location,
            "kind": "StorageV2",
            "sku": {"name": "Standard_LRS"},
            "tags": tags(settings),
            "properties": {
                "minimumTlsVersion": "TLS1_2",
                "supportsHttpsTrafficOnly": True,
                "allowBlobPublicAccess": public,
                "allowSharedKeyAccess": False,
                "defaultToOAuthAuthentication": True,
                "allowCrossTenantReplication": False,
                "publicNetworkAccess": "Enabled",
            },
        },
        fixed={"location": MOVED.format(key=key), "kind": f"choose another name by {key}"},
        slow=True,
    )


def container(arm: Arm, name: str, id_: str, access: str) -> ResourceStep:
    """A blob container. `access`: None, or Blob for one whose blobs anybody may read and nobody list."""
    title = f"container {id_.rsplit('/', 1)[1]}"
    return ResourceStep(name, title, arm, id_, STORAGE, {"properties": {"publicAccess": access}})
