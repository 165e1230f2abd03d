"""Storage rules: encrypted on the way, closed to the public; and which resources are protected from deletion."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policies.rule import Rule, demand, rule
from infra.policies.subject import Subject

ACCOUNT = "azure-native:storage:StorageAccount"
CONTAINER = "azure-native:storage:BlobContainer"

PROTECTED = (
    "azure-native:containerregistry:Registry",
    "azure-native:keyvault:Secret",
    "azure-native:keyvault:Vault",
    "azure-native:network:VirtualNetworkGateway",
    "azure-native:operationalinsights:Table",
    "azure-native:operationalinsights:Workspace",
    ACCOUNT,
    "azure-native:storage:Table",
)
"""What holds data, or takes 45 minutes and a new address to make again."""


@rule("storage-tls", ACCOUNT, says="Storage takes TLS 1.2 or newer")
def tls(one: Subject) -> Iterator[str]:
    """The oldest TLS version let in; absent it would be 1.0."""
    yield from demand(one, "minimumTlsVersion", "TLS1_2", "TLS1_3", cure="say TLS1_2")


@rule("storage-https", ACCOUNT, says="Storage answers over https only")
def https_only(one: Subject) -> Iterator[str]:
    """No plain http."""
    yield from demand(one, "enableHttpsTrafficOnly", True, cure="say true")


@rule("no-public-blob", ACCOUNT, CONTAINER, says="No blob can be read without signing in")
def no_public_blob(one: Subject) -> Iterator[str]:
    """Closed at the account, and at every container."""
    if one.type == ACCOUNT:
        yield from demand(one, "allowBlobPublicAccess", False, cure="say false; tables and state need no public blob")
    else:
        yield from demand(one, "publicAccess", "None", None, cure="leave it out")


@rule("protected", *PROTECTED, says="What holds data or is slow to make again is protected")
def is_protected(one: Subject) -> Iterator[str]:
    """The option protect."""
    if not one.protect:
        yield "has no protect: give it protect=True, so that no run deletes or replaces it"


RULES: tuple[Rule, ...] = (tls, https_only, no_public_blob, is_protected)
