"""World: what is true in the stand-in Azure, whoever asks: resources, principals, grants, registrations, and when."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import NAMESPACE_URL, uuid5

from tests.infra.azure_stand_in.answers import Json
from tests.infra.azure_stand_in.journal import Journal

SUBSCRIPTION = "00000000-0000-0000-0000-000000000001"
TENANT = "00000000-0000-0000-0000-000000000002"
OWNER = "00000000-0000-0000-0000-00000000000a"
OWNER_ROLE = "8e3af657-a8ff-443c-a75c-2fe8c4bcb635"

DIRECTORY_SECONDS = 20
"""Until the directory shows everywhere what was just made in it."""
GRANT_SECONDS = 120
"""Until a grant of the data is in force."""
LIST_SECONDS = 5
"""Until a new grant stands in lists."""


def guid(seed: str) -> str:
    """A GUID that follows from its seed."""
    return str(uuid5(NAMESPACE_URL, seed))


@dataclass
class World:
    """One tenant with one subscription."""

    journal: Journal = field(default_factory=Journal)
    subscription_state: str = "Enabled"
    registered: dict[str, datetime] = field(default_factory=dict)
    """Resource providers by lower-case namespace, and when they are (or were) registered."""
    resources: dict[str, Json] = field(default_factory=dict)
    """Everything in Azure's management by its lower-case id, as it is answered."""
    born: dict[str, datetime] = field(default_factory=dict)
    """When a resource, principal or application was made, by id."""
    principals: dict[str, datetime] = field(default_factory=dict)
    """Object ids that the directory knows, and since when."""
    taken: set[str] = field(default_factory=set)
    """Global names of other people, lower-case."""
    deleted_vaults: dict[str, str] = field(default_factory=dict)
    """Soft-deleted vaults of the subscription by lower-case name, and the day they are purged."""
    owners: set[str] = field(default_factory=lambda: {OWNER})
    applications: dict[str, Json] = field(default_factory=dict)
    """By unique name."""
    service_principals: dict[str, Json] = field(default_factory=dict)
    """By client id."""
    app_roles: list[Json] = field(default_factory=list)
    generated: list[str] = field(default_factory=list)
    """Every secret that was ever given out: none may be printed."""
    state_stacks: set[str] = field(default_factory=set)

    def __post_init__(self) -> None:
        self.principals[OWNER] = self.journal.now() - timedelta(days=900)

    def later(self, seconds: float) -> datetime:
        """A time from now."""
        return self.journal.now() + timedelta(seconds=seconds)

    def is_known(self, principal_id: str) -> bool:
        """Whether the directory shows a principal by now."""
        since = self.principals.get(principal_id)
        return since is not None and since <= self.journal.now()

    def secret(self, seed: str) -> str:
        """A new secret, never twice the same."""
        value = f"{guid(f'{seed} {len(self.generated)}')}~{seed}"
        self.generated.append(value)
        return value

    def grants(self) -> Iterator[Json]:
        """Every role assignment."""
        for id_, one in self.resources.items():
            if "/roleassignments/" in id_:
                yield one

    def may(self, principal_id: str, role: str, scope: str) -> bool:
        """Whether a grant of the role on the scope or above is in force for the data."""
        return any(
            one["properties"]["principalId"] == principal_id
            and str(one["properties"]["roleDefinitionId"]).endswith(role)
            and scope.lower().startswith(str(one["properties"]["scope"]).lower())
            and self.born[str(one["id"]).lower()] + timedelta(seconds=GRANT_SECONDS) <= self.journal.now()
            for one in self.grants()
        )
