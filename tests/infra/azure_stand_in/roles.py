"""Roles: definitions and assignments as Azure takes them: known late, never twice, conditions well formed."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import Any

from tests.infra.azure_stand_in.answers import Answer, Asked, Json, Refusal
from tests.infra.azure_stand_in.operations import READS
from tests.infra.azure_stand_in.world import DIRECTORY_SECONDS, LIST_SECONDS, OWNER_ROLE, SUBSCRIPTION, World

BUILT_IN = {
    "ba92f5b4-2d11-453d-a403-e96b0029c9fe",
    "2a2b9908-6ea1-4ae2-8e65-a410df84e7d1",
    "12338af0-0e69-4776-bea7-57ae8d297424",
    "b24988ac-6180-42a0-ab88-20f7382dd24c",
    "f58310d9-a9f6-439a-9e8d-f62e7b41a168",
}
GUID = r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"
CONDITION = re.compile(
    r"\(\(!\(ActionMatches\{'Microsoft\.Authorization/roleAssignments/write'\}\)\) OR \(@Request\[[A-Za-z./:]+\] "
    rf"ForAnyOfAnyValues:GuidEquals \{{{GUID}(, {GUID})*\}}\)\) AND \(\(!\(ActionMatches\{{"
    r"'Microsoft\.Authorization/roleAssignments/delete'\}\)\) OR \(@Resource\[[A-Za-z./:]+\] "
    rf"ForAnyOfAnyValues:GuidEquals \{{{GUID}(, {GUID})*\}}\)\)"
)


def is_not_seen_yet(world: World, id_: str) -> bool:
    """Whether a grant was made too lately to be read."""
    return "/roleassignments/" in id_ and world.born[id_] + timedelta(seconds=LIST_SECONDS) > world.journal.now()


def listed(world: World, asked: Asked) -> Answer:
    """GET .../roleAssignments with one of the three filters that are used."""
    scope = asked.path.lower().partition("/providers/microsoft.authorization/")[0]
    wanted = asked.query.get("$filter", "")
    if scope.count("/") > 2 and scope not in world.resources:
        raise Refusal(404, "ResourceNotFound", f"The Resource '{scope}' was not found.")
    if match := re.fullmatch(rf"atScope\(\) and assignedTo\('({GUID})'\)", wanted):
        return Answer(200, {"value": [_owner(match[1])] if match[1] in world.owners else []})
    if match := re.fullmatch(rf"principalId eq '({GUID})'", wanted):
        seen = [one for one in world.grants() if not is_not_seen_yet(world, str(one["id"]).lower())]
        return Answer(200, {"value": [one for one in seen if one["properties"]["principalId"] == match[1]]})
    raise Refusal(400, "UnsupportedQuery", f"The filter '{wanted}' is not supported.")


def _owner(principal_id: str) -> Json:
    root = f"/subscriptions/{SUBSCRIPTION}"
    definition = f"{root}/providers/Microsoft.Authorization/roleDefinitions/{OWNER_ROLE}"
    return {"properties": {"scope": root, "roleDefinitionId": definition, "principalId": principal_id}}


def definition(world: World, asked: Asked, found: Json | None) -> Json:
    """PUT of a custom role."""
    properties: dict[str, Any] = asked.body.get("properties", {})
    for one in world.resources.values():
        theirs = one.get("properties", {})
        if theirs.get("roleName") == properties["roleName"] and str(one["id"]).lower() != asked.path.lower():
            raise Refusal(409, "RoleDefinitionWithSameNameExists", "A custom role with the same name already exists.")
    if properties.get("assignableScopes") != [f"/subscriptions/{SUBSCRIPTION}"]:
        raise Refusal(400, "InvalidAssignableScopes", "Assignable scopes are not valid.")
    for action in properties["permissions"][0]["actions"]:
        if action.lower() not in READS:
            raise Refusal(
                400,
                "InvalidActionOrNotAction",
                f"'{action}' does not match any of the actions supported by the providers.",
            )
    return {"properties": {"createdBy": asked.token["oid"], **properties}}


def assignment(world: World, asked: Asked, found: Json | None) -> Json:
    """PUT of a grant."""
    properties = asked.body.get("properties", {})
    scope = asked.path.partition("/providers/Microsoft.Authorization/roleAssignments/")[0]
    role, principal = str(properties["roleDefinitionId"])[-36:], properties["principalId"]
    if not world.is_known(principal):
        raise Refusal(400, "PrincipalNotFound", f"Principal {principal} does not exist in the directory.")
    _check_role(world, role)
    if found is not None and (
        found["properties"]["principalId"],
        str(found["properties"]["roleDefinitionId"])[-36:],
    ) != (
        principal,
        role,
    ):
        raise Refusal(
            400, "RoleAssignmentUpdateNotPermitted", "Tenant ID, application ID and scope may not be updated."
        )
    for one in world.grants():
        theirs = one["properties"]
        same = (str(theirs["scope"]).lower(), str(theirs["roleDefinitionId"])[-36:], theirs["principalId"])
        if same == (scope.lower(), role, principal) and str(one["id"]).lower() != asked.path.lower():
            raise Refusal(409, "RoleAssignmentExists", "The role assignment already exists.")
    condition = properties.get("condition")
    if condition and (properties.get("conditionVersion") != "2.0" or not CONDITION.fullmatch(condition)):
        raise Refusal(400, "InvalidCondition", "The role assignment condition is invalid.")
    return {"properties": {**properties, "scope": scope}}


def _check_role(world: World, role: str) -> None:
    own = next((id_ for id_ in world.resources if id_.endswith(f"/roledefinitions/{role}")), None)
    known = own and world.born[own] + timedelta(seconds=DIRECTORY_SECONDS) <= world.journal.now()
    if role not in BUILT_IN and not known:
        raise Refusal(
            400, "RoleDefinitionDoesNotExist", f"The specified role definition with ID '{role}' does not exist."
        )
