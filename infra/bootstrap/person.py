"""Person: who runs bootstrap, what they must be, and the rights in the data that an Owner does not have by that."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from azure.core.credentials import AccessToken, AccessTokenInfo, TokenCredential, TokenRequestOptions
from azure.core.exceptions import ClientAuthenticationError

from infra.bootstrap.arm import Arm
from infra.bootstrap.foundation import publishes_here
from infra.bootstrap.grant_step import ASSIGNMENTS, GrantStep
from infra.bootstrap.place import Place
from infra.bootstrap.refusal import Refused, refusal
from infra.bootstrap.rights import (
    BLOB_CONTRIBUTOR,
    CONTRIBUTOR,
    CRYPTO_USER,
    OWNER,
    ROLE_ADMINISTRATOR,
    USER_ACCESS_ADMINISTRATOR,
    definition_id,
)

MANAGEMENT = "https://management.azure.com/.default"
SUBSCRIPTIONS = "2022-12-01"


class InTenant:
    """A credential that asks for tokens of one tenant, whichever the login's default is."""

    def __init__(self, credential: TokenCredential, tenant_id: str) -> None:
        self._credential = credential
        self._tenant_id = tenant_id

    def get_token(self, *scopes: str, **options: Any) -> AccessToken:
        """As the credential's own, in the tenant."""
        return self._credential.get_token(*scopes, **{**options, "tenant_id": self._tenant_id})

    def get_token_info(self, *scopes: str, options: TokenRequestOptions | None = None) -> AccessTokenInfo:
        """As the credential's own, in the tenant."""
        asked: TokenRequestOptions = {**(options or {}), "tenant_id": self._tenant_id}
        return self._credential.get_token_info(*scopes, options=asked)  # type: ignore[attr-defined,no-any-return]


@dataclass(frozen=True)
class Person:
    """Who is signed in: object id, and whether it is a person or a principal of a program."""

    object_id: str
    principal_type: str
    name: str

    @classmethod
    def signed_in(cls, credential: TokenCredential) -> Person:
        """By the claims of their own token for Azure's management. Raises Refused when nobody is signed in."""
        try:
            token = credential.get_token(MANAGEMENT).token
        except ClientAuthenticationError as error:
            raise refusal(error, "sign in") from error
        try:
            payload = token.split(".")[1]
            claims = json.loads(base64.urlsafe_b64decode(payload + "=" * (-len(payload) % 4)))
            kind = "ServicePrincipal" if claims.get("idtyp") == "app" else "User"
            return cls(str(claims["oid"]), kind, str(claims.get("upn") or claims.get("appid") or claims["oid"]))
        except (IndexError, KeyError, ValueError) as error:
            raise Refused("the sign-in gave a token without an object id: run 'az login' as a person") from error


def check_subscription(arm: Arm, place: Place) -> None:
    """That the subscription is there, in use and of the tenant. Raises Refused."""
    settings = place.settings.azure
    found = arm.get(place.subscription, SUBSCRIPTIONS, f"the subscription {settings.subscription_id}")
    if found is None:
        raise Refused(
            f"azure.subscriptionId {settings.subscription_id} is no subscription that you see: correct it, or sign in "
            "as somebody who is Owner there"
        )
    if str(found.get("tenantId", "")).lower() != settings.tenant_id.lower():
        raise Refused(
            f"the subscription {settings.subscription_id} belongs to the tenant {found.get('tenantId')} and "
            f"azure.tenantId is {settings.tenant_id}: correct one of them"
        )
    if found.get("state") != "Enabled":
        raise Refused(f"the subscription {settings.subscription_id} is {found.get('state')}: enable it in the portal")


def check_owner(arm: Arm, place: Place, person: Person) -> None:
    """That they may both make resources and grant roles in the subscription. Raises Refused."""
    path = f"{place.subscription}/providers/Microsoft.Authorization/roleAssignments"
    asked = {"$filter": f"atScope() and assignedTo('{person.object_id}')"}
    entries = arm.list(path, ASSIGNMENTS, "read your own roles in the subscription", **asked)
    held = {
        str(one["properties"]["roleDefinitionId"])[-36:].lower()
        for one in entries
        if not one["properties"].get("condition")
    }
    grants = bool(held & {ROLE_ADMINISTRATOR, USER_ACCESS_ADMINISTRATOR})
    if OWNER not in held and not (CONTRIBUTOR in held and grants):
        raise Refused(
            f"{person.name} is not Owner of the subscription {place.settings.azure.subscription_id}: run this once as "
            "somebody who is (or as Contributor who may grant roles)"
        )


def rights(arm: Arm, place: Place, person: Person) -> Iterator[GrantStep]:
    """State, key and issuer documents are data, in which an Owner has no rights by being Owner."""

    def grant(name: str, what: str, scope: str, role: str) -> GrantStep:
        title, definition = f"{person.name}: {what}", definition_id(place, role)
        return GrantStep(name, title, arm, scope, definition, lambda: person.object_id, person.principal_type)

    yield grant("person-state", "writes the state", place.state_container, BLOB_CONTRIBUTOR)
    yield grant("person-key", "uses the key", place.key, CRYPTO_USER)
    if publishes_here(place.settings, place):
        yield grant("person-issuer", "publishes the issuer documents", place.issuer_container, BLOB_CONTRIBUTOR)
