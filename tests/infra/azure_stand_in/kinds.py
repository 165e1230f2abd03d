"""Kinds: what each kind of resource takes, refuses, adds, and at which versions it is asked. By Azure's own pages."""

from __future__ import annotations

import re
from datetime import timedelta

from tests.infra.azure_stand_in import roles
from tests.infra.azure_stand_in.answers import Asked, Json, Refusal
from tests.infra.azure_stand_in.world import DIRECTORY_SECONDS, TENANT, World, guid

VERSIONS = {
    "microsoft.authorization": {"2022-04-01"},
    "microsoft.containerregistry": {"2023-07-01"},
    "microsoft.keyvault": {"2023-07-01"},
    "microsoft.managedidentity": {"2023-01-31"},
    "microsoft.storage": {"2024-01-01"},
}
ACCOUNT = {
    "minimumTlsVersion",
    "supportsHttpsTrafficOnly",
    "allowBlobPublicAccess",
    "allowSharedKeyAccess",
    "defaultToOAuthAuthentication",
    "allowCrossTenantReplication",
    "publicNetworkAccess",
}
VAULT = {
    "sku",
    "tenantId",
    "enableRbacAuthorization",
    "enableSoftDelete",
    "softDeleteRetentionInDays",
    "enablePurgeProtection",
    "publicNetworkAccess",
    "accessPolicies",
}
BLOBS = {"isVersioningEnabled", "deleteRetentionPolicy", "containerDeleteRetentionPolicy"}
CREDENTIAL_SECONDS = 2
"""How long a write of a federated credential lasts: another to the same identity meanwhile is refused."""


def check_version(path: str, version: str) -> None:
    """Raise for a version at which the service does not know the type."""
    namespace, _, type_ = path.lower().rpartition("/providers/")[2].partition("/")
    known = VERSIONS.get(namespace)
    if known and version not in known and type_ not in {"", "register"}:
        raise Refusal(400, "NoRegisteredProviderFound", f"No registered resource provider found for '{version}'.")


def implied(world: World, path: str) -> Json | None:
    """What is there with its parent: the blob service of an account."""
    if not path.lower().endswith("/blobservices/default"):
        return None
    if path[: -len("/blobServices/default")].lower() not in world.resources:
        return None
    properties = {"isVersioningEnabled": False, "deleteRetentionPolicy": {"enabled": False}}
    return {"id": path, "name": "default", "properties": properties}


def written(world: World, asked: Asked, found: Json | None) -> Json:
    """The resource after a write. Raises Refusal."""
    kind = next((one for one in WRITTEN if re.fullmatch(one, asked.path.lower())), None)
    if kind is None:
        raise Refusal(400, "InvalidResourceType", f"The resource type of '{asked.path}' could not be found.")
    return WRITTEN[kind](world, asked, found)


def _merged(one: Json, other: Json) -> Json:
    both = dict(one)
    for key, value in other.items():
        inner = both.get(key)
        both[key] = (
            _merged(inner, value) if isinstance(inner, dict) and isinstance(value, dict) and key != "tags" else value
        )
    return both


def _plain(asked: Asked, found: Json | None, properties: set[str] | None = None) -> Json:
    """The body over what was there; the place cannot change, and unknown properties are refused."""
    body = asked.body
    if found is None and "location" not in body and properties is not BLOBS and properties is not None:
        raise Refusal(400, "LocationRequired", "The location property is required for this definition.")
    if found and "location" in body and body["location"] != found["location"]:
        raise Refusal(409, "InvalidResourceLocation", f"The resource already exists in location '{found['location']}'.")
    strangers = set(body.get("properties", {})) - (properties or set(body.get("properties", {})))
    if strangers:
        raise Refusal(400, "InvalidRequestContent", f"Could not find member '{min(strangers)}'.")
    return _merged(found or {}, body)


def _group(world: World, asked: Asked, found: Json | None) -> Json:
    made = _plain(asked, found, set())
    return {**made, "properties": {"provisioningState": "Succeeded"}}


def _account(world: World, asked: Asked, found: Json | None) -> Json:
    name = asked.path.rsplit("/", 1)[1]
    if not re.fullmatch(r"[a-z0-9]{3,24}", name):
        raise Refusal(400, "AccountNameInvalid", f"{name} is not a valid storage account name.")
    if found is None and name in world.taken:
        raise Refusal(409, "StorageAccountAlreadyTaken", f"The storage account named {name} is already taken.")
    if found is None and not {"kind", "sku"} <= set(asked.body):
        raise Refusal(400, "InvalidRequestContent", "kind and sku are required.")
    return _plain(asked, found, ACCOUNT)


def _blobs(world: World, asked: Asked, found: Json | None) -> Json:
    return _plain(asked, found, BLOBS)


def _container(world: World, asked: Asked, found: Json | None) -> Json:
    account = world.resources[asked.path.lower().partition("/blobservices/")[0]]
    public = asked.body.get("properties", {}).get("publicAccess", "None") != "None"
    if public and not account["properties"].get("allowBlobPublicAccess"):
        raise Refusal(409, "PublicAccessNotPermitted", "Public access is not permitted on this storage account.")
    return _plain(asked, found)


def _vault(world: World, asked: Asked, found: Json | None) -> Json:
    name = asked.path.rsplit("/", 1)[1].lower()
    properties = asked.body.get("properties", {})
    if found is None and name in world.taken | set(world.deleted_vaults):
        raise Refusal(409, "VaultAlreadyExists", f"The vault name '{name}' is already in use.")
    if found is None and "accessPolicies" not in properties:
        raise Refusal(400, "BadRequest", "The parameter accessPolicies is not specified.")
    if properties.get("enablePurgeProtection") is False:
        raise Refusal(400, "BadRequest", 'The property "enablePurgeProtection" cannot be set to false.')
    if properties.get("tenantId", TENANT) != TENANT:
        raise Refusal(400, "BadRequest", "The tenant of the vault is not the subscription's.")
    made = _plain(asked, found, VAULT)
    return _merged(made, {"properties": {"vaultUri": f"https://{name}.vault.azure.net/"}})


def _key(world: World, asked: Asked, found: Json | None) -> Json:
    if found is not None:
        return {key: value for key, value in found.items() if key not in {"id", "name"}}
    if "kty" not in asked.body.get("properties", {}):
        raise Refusal(400, "BadParameter", "Property kty is invalid")
    return {**asked.body, "properties": {**asked.body["properties"], "keyUri": asked.path}}


def _identity(world: World, asked: Asked, found: Json | None) -> Json:
    made = _plain(asked, found, set())
    principal = guid(asked.path.lower())
    world.principals.setdefault(principal, world.later(DIRECTORY_SECONDS))
    properties = {"principalId": principal, "clientId": guid(asked.path.lower() + "/client"), "tenantId": TENANT}
    return {**made, "properties": properties}


def _credential(world: World, asked: Asked, found: Json | None) -> Json:
    identity, _, name = asked.path.lower().rpartition("/federatedidentitycredentials/")
    others = {
        id_: one
        for id_, one in world.resources.items()
        if id_.startswith(f"{identity}/") and not id_.endswith(f"/{name}")
    }
    busy = timedelta(seconds=CREDENTIAL_SECONDS)
    if any(world.born[id_] + busy > world.journal.now() for id_ in others):
        code = "ConcurrentFederatedIdentityCredentialsWritesForSingleManagedIdentity"
        raise Refusal(409, code, "Too many Federated Identity Credentials are written concurrently.")
    properties = asked.body.get("properties", {})
    if set(properties) != {"issuer", "subject", "audiences"}:
        raise Refusal(400, "BadRequest", "issuer, subject and audiences are required.")
    pairs = {(one["properties"]["issuer"], one["properties"]["subject"]) for one in others.values()}
    if (properties["issuer"], properties["subject"]) in pairs:
        raise Refusal(400, "BadRequest", "Issuer and subject combination already exists for this Managed Identity.")
    if len(others) >= 20:
        raise Refusal(400, "BadRequest", "Too many Federated Identity Credentials.")
    return _plain(asked, found)


_PLACE = r"/subscriptions/[^/]+/resourcegroups/[^/]+"
_STORAGE = rf"{_PLACE}/providers/microsoft\.storage/storageaccounts/[^/]+"
_IDENTITY = rf"{_PLACE}/providers/microsoft\.managedidentity/userassignedidentities/[^/]+"
_VAULT = rf"{_PLACE}/providers/microsoft\.keyvault/vaults/[^/]+"
WRITTEN = {
    _PLACE: _group,
    _STORAGE: _account,
    rf"{_STORAGE}/blobservices/default": _blobs,
    rf"{_STORAGE}/blobservices/default/containers/[a-z0-9-]+": _container,
    _VAULT: _vault,
    rf"{_VAULT}/keys/[a-z0-9-]+": _key,
    _IDENTITY: _identity,
    rf"{_IDENTITY}/federatedidentitycredentials/[a-z0-9-]+": _credential,
    r".*/providers/microsoft\.authorization/roledefinitions/[0-9a-f-]{36}": roles.definition,
    r".*/providers/microsoft\.authorization/roleassignments/[0-9a-f-]{36}": roles.assignment,
}
"""By the id of a resource, what a write makes of it."""
