"""Grant step: one role for one principal on one resource. Finds a grant under any name, so none is made twice."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from uuid import uuid5

from infra.bootstrap.arm import Arm, Json
from infra.bootstrap.comparison import differences
from infra.bootstrap.step import THERE, Finding, Standing
from infra.cloud.roles import NAMESPACE

ASSIGNMENTS = "2022-04-01"
UNKNOWN_YET = frozenset({"PrincipalNotFound", "RoleDefinitionDoesNotExist"})
"""What Azure says of a principal or role that was just made, until its directory knows."""


@dataclass(frozen=True)
class GrantStep:
    """A role assignment. `principal`: object id, None while there is no such principal yet."""

    name: str
    title: str
    arm: Arm
    scope: str
    role_definition_id: str
    principal: Callable[[], str | None]
    principal_type: str = "ServicePrincipal"
    condition: str = ""

    def look(self) -> Finding:
        """Whether the principal has the role on this very resource, under this condition."""
        principal = self.principal()
        found = self._found(principal) if principal else None
        if found is None:
            return Finding(Standing.MISSING)
        wrong = dict(differences(self._body(principal or ""), found))
        return Finding(Standing.DIFFERS, "; ".join(wrong.values())) if wrong else THERE

    def make(self) -> None:
        """Grant it, or correct its condition."""
        principal = self.principal() or ""
        found = self._found(principal)
        key = f"{self.scope.lower()}|{self.role_definition_id[-36:]}|{principal.lower()}"
        own = f"{self.scope}/providers/Microsoft.Authorization/roleAssignments/{uuid5(NAMESPACE, key)}"
        self.arm.put(found["id"] if found else own, ASSIGNMENTS, self._body(principal), self.title, again=UNKNOWN_YET)

    def _body(self, principal: str) -> Json:
        condition = {"condition": self.condition, "conditionVersion": "2.0"} if self.condition else {}
        return {
            "properties": {
                "roleDefinitionId": self.role_definition_id,
                "principalId": principal,
                "principalType": self.principal_type,
                **condition,
            }
        }

    def _found(self, principal: str) -> Json | None:
        path = f"{self.scope}/providers/Microsoft.Authorization/roleAssignments"
        entries = self.arm.list(path, ASSIGNMENTS, f"read the grants on {self.scope}", **_of(principal))
        return next((one for one in entries if self._is_this(one["properties"])), None)

    def _is_this(self, properties: Json) -> bool:
        same_scope = str(properties["scope"]).lower() == self.scope.lower()
        return same_scope and str(properties["roleDefinitionId"])[-36:].lower() == self.role_definition_id[-36:].lower()


def _of(principal: str) -> dict[str, str]:
    return {"$filter": f"principalId eq '{principal}'"}
