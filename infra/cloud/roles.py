"""Roles: what an identity may do on one resource. Grants built-in roles only, and none wider than one resource."""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from uuid import UUID, uuid5

import pulumi
from pulumi_azure_native import authorization

from infra.scope import Scope

NAMESPACE = UUID("6f3a1d5e-5b0c-4d0e-9a55-0c6d5f2b7e11")
"""Namespace of the assignments' names; changing it renames, and so replaces, every assignment."""


class Role(StrEnum):
    """Built-in roles that the program grants, by the names the portal shows."""

    ACR_PULL = "AcrPull"
    KEY_VAULT_ADMINISTRATOR = "Key Vault Administrator"
    KEY_VAULT_SECRETS_USER = "Key Vault Secrets User"
    MONITORING_METRICS_PUBLISHER = "Monitoring Metrics Publisher"
    SIGNALR_REST_API_OWNER = "SignalR REST API Owner"
    STORAGE_TABLE_DATA_CONTRIBUTOR = "Storage Table Data Contributor"
    STORAGE_TABLE_DATA_READER = "Storage Table Data Reader"


ROLE_IDS = {
    Role.ACR_PULL: "7f951dda-4ed3-4680-a7ca-43fe172d538d",
    Role.KEY_VAULT_ADMINISTRATOR: "00482a5a-887f-4fb3-b363-3b7fe8e74483",
    Role.KEY_VAULT_SECRETS_USER: "4633458b-17de-408a-b874-0445c86b69e6",
    Role.MONITORING_METRICS_PUBLISHER: "3913510d-42f4-4e42-8a64-420c390055eb",
    Role.SIGNALR_REST_API_OWNER: "fd53cd77-2268-407a-8f46-7e7863d0f521",
    Role.STORAGE_TABLE_DATA_CONTRIBUTOR: "0a9a7e1f-b9d0-4cc4-a60d-0319b160aaa3",
    Role.STORAGE_TABLE_DATA_READER: "76199698-9eea-4c19-bc75-cec21354c6b6",
}
"""Azure's own ids of the roles, the same in every tenant."""


def role_definition_id(stack: Scope, role: Role) -> str:
    """Resource id of a built-in role as Azure answers it, below the subscription, so that a refresh finds no change."""
    subscription = f"/subscriptions/{stack.settings.azure.subscription_id}"
    return f"{subscription}/providers/Microsoft.Authorization/roleDefinitions/{ROLE_IDS[role]}"


def assignment_name(scope: str, role: Role, principal_id: str) -> str:
    """Name of an assignment, a GUID: the same three give the same name, so that no run meets its own grant anew."""
    return str(uuid5(NAMESPACE, f"{scope.lower()}|{ROLE_IDS[role]}|{principal_id.lower()}"))


def assign(
    name: str,
    stack: Scope,
    *,
    parent: pulumi.Resource,
    scope: pulumi.Input[str],
    role: Role,
    principal_id: pulumi.Input[str],
    principal_type: str = "ServicePrincipal",
    depends_on: Sequence[pulumi.Resource] = (),
) -> authorization.RoleAssignment:
    """Grant `role` on the resource with the id `scope` to `principal_id`: object id of an identity, person or group.

    The type is said, because Azure's directory may not show a fresh identity yet and then refuses to guess. It cannot
    be left out: the provider's package takes that as "User", and Azure refuses a group under that name.
    """
    return authorization.RoleAssignment(
        name,
        authorization.RoleAssignmentArgs(
            role_assignment_name=pulumi.Output.all(scope, principal_id).apply(
                lambda known: assignment_name(known[0], role, known[1])
            ),
            scope=scope,
            role_definition_id=role_definition_id(stack, role),
            principal_id=principal_id,
            principal_type=principal_type,
        ),
        pulumi.ResourceOptions(parent=parent, depends_on=list(depends_on)),
    )
