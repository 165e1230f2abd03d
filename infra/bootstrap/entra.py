"""Entra: the applications that people and publishers sign in to, as steps. Assigns no person a role."""

from __future__ import annotations

from collections.abc import Iterator
from uuid import uuid5

from apps.contracts.enums import Role
from infra.bootstrap.arm import Arm, Json
from infra.bootstrap.directory_step import ApplicationStep, AppRoleStep, PrincipalStep, app_id
from infra.bootstrap.github import principal
from infra.bootstrap.graph import Graph
from infra.bootstrap.place import Place
from infra.cloud.roles import NAMESPACE
from stacks.settings import Layer
from stacks.settings.platform import ClusterIdentity

API, PAGE = "api", "page"
SCOPE = "access"
"""What the page asks for; what a person may then do their roles say."""
PUBLISHERS = ("detector", "bot")
"""Services that write to the backend."""

DESCRIPTIONS = {
    Role.VIEWER: "Sees the dashboard",
    Role.OPERATOR: "Sees the dashboard and operates the platform",
    Role.OWNER: "Is entitled to live quotes",
    Role.PUBLISHER: "Writes what the detector and the bot found; reads nothing",
}


def own_id(place: Place, what: str) -> str:
    """The id of a role or scope of the stack's API, the same in every run."""
    return str(uuid5(NAMESPACE, f"{place.names.application(API)}|{what}"))


def applications(graph: Graph, place: Place) -> Iterator[ApplicationStep | PrincipalStep]:
    """The API with its roles, the page that signs people in to it, and the page's standing with the API."""
    names = place.names
    api, page = names.application(API), names.application(PAGE)
    yield ApplicationStep("api", graph, api, lambda: _api(place))
    identifier = {"displayName": api}
    yield ApplicationStep(
        "api-identifier",
        graph,
        api,
        lambda: {**identifier, "identifierUris": [f"api://{app_id(graph, api)}"]},
        "its identifier",
    )
    # Nobody gets a token who was not given a role.
    yield PrincipalStep("api-principal", graph, api, {"appRoleAssignmentRequired": True})
    yield ApplicationStep("page", graph, page, lambda: _page(place, app_id(graph, api)))
    yield PrincipalStep("page-principal", graph, page)
    yield ApplicationStep("page-consent", graph, api, lambda: _known_page(place, app_id(graph, page)), "knows the page")


def publishers(graph: Graph, arm: Arm, place: Place) -> Iterator[AppRoleStep]:
    """The role publisher for the cluster's services that write, which sign in as identities of the cloud layer."""
    settings = place.settings
    if not settings.includes(Layer.CLUSTER) or settings.cluster.identity is not ClusterIdentity.FEDERATED:
        return
    for service in PUBLISHERS:
        yield AppRoleStep(
            f"publisher-{service}",
            f"{place.names.identity(service)} is a publisher",
            graph,
            place.names.application(API),
            own_id(place, Role.PUBLISHER),
            principal(arm, place.service_identity(service)),
            "the layer cloud, which makes the identity",
        )


def _api(place: Place) -> Json:
    name = place.names.application(API)
    return {
        "displayName": name,
        "signInAudience": "AzureADMyOrg",
        "api": {
            "requestedAccessTokenVersion": 2,
            "oauth2PermissionScopes": [
                {
                    "id": own_id(place, SCOPE),
                    "value": SCOPE,
                    "type": "User",
                    "isEnabled": True,
                    "adminConsentDisplayName": "Use the dashboard",
                    "adminConsentDescription": "Lets the page ask the platform in the name of who is signed in",
                }
            ],
        },
        "appRoles": [
            {
                "id": own_id(place, role),
                "value": role.value,
                "displayName": role.value.capitalize(),
                "description": DESCRIPTIONS[role],
                "allowedMemberTypes": ["Application"] if role is Role.PUBLISHER else ["User"],
                "isEnabled": True,
            }
            for role in Role
        ],
    }


def page_addresses(place: Place) -> list[str]:
    """Where the page may be when people come back from signing in."""
    settings = place.settings
    own = [f"https://{settings.site.custom_domain}"] if settings.site.custom_domain else []
    return [*own, *settings.bootstrap.page_addresses]


def _page(place: Place, api_id: str) -> Json:
    access = {"resourceAppId": api_id, "resourceAccess": [{"id": own_id(place, SCOPE), "type": "Scope"}]}
    return {
        "displayName": place.names.application(PAGE),
        "signInAudience": "AzureADMyOrg",
        "spa": {"redirectUris": page_addresses(place)},
        "requiredResourceAccess": [access],
    }


def _known_page(place: Place, page_id: str) -> Json:
    """The API lets the page ask without another consent."""
    known = [{"appId": page_id, "delegatedPermissionIds": [own_id(place, SCOPE)]}]
    return {"displayName": place.names.application(API), "api": {"preAuthorizedApplications": known}}
