"""Access rules: registry, SignalR and roles let in nobody who is not named."""

from __future__ import annotations

import re
from collections.abc import Iterator

from infra.policies.rule import Rule, demand, rule
from infra.policies.subject import Subject, entries, is_known
from stacks.needs import is_placeholder

BROAD_ROLES = {
    "8e3af657-a8ff-443c-a75c-2fe8c4bcb635": "Owner",
    "b24988ac-6180-42a0-ab88-20f7382dd24c": "Contributor",
    "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9": "User Access Administrator",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168": "Role Based Access Control Administrator",
}
"""Azure's ids of roles that can change or grant anything within their scope."""

ONE_RESOURCE = re.compile(r"^/subscriptions/[^/]+/resourcegroups/[^/]+/providers/.+", re.IGNORECASE)


@rule("registry-no-admin", "azure-native:containerregistry:Registry", says="A registry has no admin user")
def no_admin(one: Subject) -> Iterator[str]:
    """No shared password that can push."""
    yield from demand(one, "adminUserEnabled", False, cure="pull by identity or by a token with a scope map")


@rule("registry-no-anonymous", "azure-native:containerregistry:Registry", says="Nobody pulls without signing in")
def no_anonymous_pull(one: Subject) -> Iterator[str]:
    """No anonymous pull."""
    yield from demand(one, "anonymousPullEnabled", False, None, cure="set it to false")


@rule(
    "signalr-exact-origins",
    "azure-native:signalrservice:SignalR",
    says="SignalR answers the dashboard's own origins, never `*`",
)
def exact_origins(one: Subject) -> Iterator[str]:
    """Absent origins mean `*` to the service, so they are refused too."""
    origins = one.get("cors.allowedOrigins")
    if not is_known(origins):
        return
    if not origins:
        yield "cors.allowedOrigins is not set, which lets every page in: give the dashboard's origins"
    if "*" in str(origins):
        yield "cors.allowedOrigins holds a `*`: give the dashboard's origins"


@rule(
    "signalr-serverless",
    "azure-native:signalrservice:SignalR",
    says="SignalR is in serverless mode, in which only the backend's token opens a connection",
)
def serverless(one: Subject) -> Iterator[str]:
    """The feature ServiceMode."""
    features = one.get("features")
    modes = [each.get("value") for each in entries(features) if each.get("flag") == "ServiceMode"]
    if is_known(features) and modes != ["Serverless"]:
        yield "features has no ServiceMode Serverless: the platform runs no hub server"


@rule(
    "narrow-roles",
    "azure-native:authorization:RoleAssignment",
    says="A service is granted a role for one purpose on one resource",
)
def narrow_role(one: Subject) -> Iterator[str]:
    """Neither a role that may do everything nor a scope beyond one resource."""
    role, scope = one.get("roleDefinitionId"), one.get("scope")
    broad = BROAD_ROLES.get(str(role).rpartition("/")[2].lower())
    if broad:
        yield f"grants {broad}: grant the one role that the service needs"
    told = isinstance(scope, str) and is_known(scope) and not is_placeholder(scope)
    if told and not ONE_RESOURCE.match(scope):
        yield f"scope is {scope!r}: grant it on one resource"


RULES: tuple[Rule, ...] = (no_admin, no_anonymous_pull, exact_origins, serverless, narrow_role)
