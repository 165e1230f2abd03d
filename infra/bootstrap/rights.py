"""Rights: the roles that bootstrap grants, and two that it makes narrow: what may be granted on, and looked at."""

from __future__ import annotations

from uuid import UUID, uuid5

from infra.bootstrap.arm import Json
from infra.bootstrap.place import Place
from infra.bootstrap.program_needs import read_actions
from infra.cloud.roles import NAMESPACE, ROLE_IDS, Role

OWNER = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"
CONTRIBUTOR = "b24988ac-6180-42a0-ab88-20f7382dd24c"
USER_ACCESS_ADMINISTRATOR = "18d7d88d-d35e-4fb5-a5c3-7773c20a72d9"
ROLE_ADMINISTRATOR = "f58310d9-a9f6-439a-9e8d-f62e7b41a168"
"""Role Based Access Control Administrator."""
BLOB_CONTRIBUTOR = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
BLOB_READER = "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1"
CRYPTO_USER = "12338af0-0e69-4776-bea7-57ae8d297424"

GRANTED_BY_PROGRAM = tuple(sorted(ROLE_IDS.values()))
"""Roles that the program of any stack grants: infra/cloud/roles.py is the whole list."""


def may_grant_only(role_ids: tuple[str, ...]) -> str:
    """Condition on a grant of the Role Administrator: these roles, in granting and in taking away, and no others."""
    allowed = "{" + ", ".join(role_ids) + "}"
    clauses = (
        f"((!(ActionMatches{{'Microsoft.Authorization/roleAssignments/{action}'}})) OR "
        f"({side}[Microsoft.Authorization/roleAssignments:RoleDefinitionId] ForAnyOfAnyValues:GuidEquals {allowed}))"
        for action, side in (("write", "@Request"), ("delete", "@Resource"))
    )
    return " AND ".join(clauses)


PULLS_ONLY = (ROLE_IDS[Role.ACR_PULL],)
"""What a stack grants in a registry that is another's."""


def definition_id(place: Place, role_id: str) -> str:
    """Id of a role as Azure answers it."""
    return f"{place.subscription}/providers/Microsoft.Authorization/roleDefinitions/{role_id}"


def preview_role_id(place: Place) -> str:
    """Id of the stack's own role for looking, the same in every run."""
    return str(uuid5(UUID(str(NAMESPACE)), f"preview role|{place.platform_group.lower()}"))


def preview_role(place: Place) -> Json:
    """The role for looking: exactly what a preview with refresh reads, and no list of keys or settings among it."""
    settings = place.settings
    return {
        "properties": {
            "roleName": f"{settings.project_name} {settings.stack} preview",
            "type": "CustomRole",
            "description": "Reads what the program of this stack declares, for previews of pull requests",
            "assignableScopes": [place.subscription],
            "permissions": [{"actions": read_actions(), "notActions": [], "dataActions": [], "notDataActions": []}],
        }
    }
