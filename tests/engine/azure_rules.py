"""Azure rules: what Azure refuses and a naive stand-in would let pass. Pure functions over what exists."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from tests.engine.messages import Properties, strings

WRITE_SECONDS = 0.03
"""How long a write lasts where Azure allows one at a time."""
SUBNET = "azure-native:network:Subnet"
FEDERATED = "azure-native:managedidentity:FederatedIdentityCredential"
ROLE_ASSIGNMENT = "azure-native:authorization:RoleAssignment"
VAULT = "azure-native:keyvault:Vault"
SECRET = "azure-native:keyvault:Secret"
ONE_BY_ONE = frozenset({SUBNET, FEDERATED})
GLOBALLY_NAMED = frozenset(
    {
        "azure-native:containerregistry:Registry",
        "azure-native:keyvault:Vault",
        "azure-native:signalrservice:SignalR",
        "azure-native:storage:StorageAccount",
        "azure-native:web:WebApp",
    }
)
"""Types whose name is a host name of the whole world."""
HELD_WHILE_USED = ("azure-native:network:", "azure-native:web:AppServicePlan", "azure-native:privatedns:")
"""Types that cannot be deleted while something else refers to them."""
HOLDING = ("azure-native:network:", "azure-native:privatedns:", "azure-native:web:")
"""Types whose reference holds. A firewall rule of a vault or an account does not: it outlives its subnet."""
REFERENCE = re.compile(r"/subscriptions/[^/]+/resourceGroups/[^/]+/providers/[^/]+(/[^/]+/[^/]+)+", re.IGNORECASE)

LAST_PART = re.compile(r"(/providers/[^/]+)?/[^/]+/[^/]+$", re.IGNORECASE)
"""Type and name at the end of an id, with the provider's namespace where one stands before them."""


class Refused(Exception):
    """The service refused; the message is what the user reads."""


@dataclass(frozen=True)
class Existing:
    """Something that exists: what was asked for and what the service answered."""

    token: str
    identifier: str
    inputs: Properties
    outputs: Properties


def parent(identifier: str) -> str:
    """Id of what this one lies in: the network of a subnet, the resource group of a network, the scope of a grant.

    A storage account's services need no creation, so what lies in one lies in the account.
    """
    above = LAST_PART.sub("", identifier)
    return LAST_PART.sub("", above) if above.endswith("/default") else above


def written_one_by_one(token: str, identifier: str) -> str | None:
    """The parent whose children of this type Azure writes one at a time; None for every other type."""
    return parent(identifier).lower() if token in ONE_BY_ONE else None


def refuse_creation(
    existing: Mapping[str, Existing], held: set[str], token: str, identifier: str, inputs: Properties
) -> None:
    """Raise Refused when it exists, its name is taken or held, its parent is missing, or what it refers to is."""
    if not token.startswith("azure-native:"):
        return
    if identifier.lower() in existing:
        raise Refused(f"cannot create already existing resource {identifier}: import it with `pulumi import`")
    name = identifier.rpartition("/")[2].lower()
    if token == VAULT and name in held:
        raise Refused(f"ConflictError: a vault with the name {name} exists in deleted state; recover or purge it")
    if token in GLOBALLY_NAMED:
        for other in existing.values():
            if other.token == token and other.identifier.rpartition("/")[2].lower() == name:
                raise Refused(f"AlreadyInUse: the name {name} is already taken, by {other.identifier}")
    for missing in sorted(_missing(existing, identifier, inputs)):
        raise Refused(f"ResourceNotFound: {missing} does not exist, and {identifier} needs it")
    if token == ROLE_ASSIGNMENT:
        _refuse_second_assignment(existing, inputs)


def _missing(existing: Mapping[str, Existing], identifier: str, inputs: Properties) -> set[str]:
    """Parent and referred resources that do not exist."""
    needed = {match.group(0) for text in strings(inputs) if (match := REFERENCE.fullmatch(text))}
    above = parent(identifier)
    if above.count("/") >= 4:
        needed.add(above)
    own = f"{identifier.lower()}/"
    return {
        reference for reference in needed if reference.lower() not in existing and not reference.lower().startswith(own)
    }


def _refuse_second_assignment(existing: Mapping[str, Existing], inputs: Properties) -> None:
    def grant(of: Properties) -> tuple[str, ...]:
        return tuple(str(of.get(key, "")).lower() for key in ("scope", "roleDefinitionId", "principalId"))

    for other in existing.values():
        if other.token == ROLE_ASSIGNMENT and grant(other.inputs) == grant(inputs):
            raise Refused(f"RoleAssignmentExists: {other.identifier} grants the same role already")


def refuse_deletion(existing: Mapping[str, Existing], token: str, identifier: str) -> None:
    """Raise Refused when something outside it still refers to it."""
    if not token.startswith(HELD_WHILE_USED):
        return
    own = identifier.lower()
    for other in existing.values():
        if not other.token.startswith(HOLDING):
            continue
        inside = other.identifier.lower() == own or other.identifier.lower().startswith(f"{own}/")
        if not inside and any(
            text.lower() == own or text.lower().startswith(f"{own}/") for text in strings(other.inputs)
        ):
            raise Refused(f"InUse: {identifier} cannot be deleted: {other.identifier} uses it")


def told(existing: Existing) -> Properties:
    """What Azure tells of the inputs when it is asked: never the value of a secret."""
    if existing.token != SECRET:
        return existing.inputs
    shown = {key: value for key, value in existing.inputs["properties"].items() if key != "value"}
    return {**existing.inputs, "properties": shown}


def soft_deleted(gone: Existing) -> set[str]:
    """Names that stay held after the deletion."""
    return {gone.identifier.rpartition("/")[2].lower()} if gone.token == VAULT else set()
