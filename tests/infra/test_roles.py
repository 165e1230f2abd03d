"""Grants: Azure's own role ids, names that follow from what is granted, and one resource as the widest scope."""

from __future__ import annotations

from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from infra.cloud.roles import ROLE_IDS, Role, assignment_name
from infra.plan import Plan, reveal
from stacks.settings import StackSettings
from tests.infra.recording import recorded

ASSIGNMENT = "azure-native:authorization:RoleAssignment"
ids = st.from_regex(r"/subscriptions/[0-9a-f]{8}/[A-Za-z]{1,12}", fullmatch=True)


def settings(**changed: object) -> StackSettings:
    subscription = {"azure": {"subscriptionId": "22222222-2222-2222-2222-222222222222"}}
    return StackSettings.model_validate({"stack": "dev"} | subscription | changed)


def granted(plan: Plan) -> set[tuple[str, str, str]]:
    """Who may do what where: name of the identity, role, type and name of the resource."""
    roles = {id_: role.value for role, id_ in ROLE_IDS.items()}
    principals = {
        inputs["resourceName"].rpartition("-")[2]: one
        for one in plan.of_type("azure-native:managedidentity:UserAssignedIdentity")
        if (inputs := reveal(one.inputs))
    }
    found = set()
    for one in plan.of_type(ASSIGNMENT):
        inputs = reveal(one.inputs)
        who = next(
            name for name, identity in principals.items() if identity.urn in one.property_dependencies["principalId"]
        )
        where = plan.resources[next(iter(one.property_dependencies["scope"]))]
        found.add((who, roles[inputs["roleDefinitionId"].rpartition("/")[2]], where.type.rpartition(":")[2]))
    return found


def test_the_cloud_grants_exactly_this() -> None:
    assert granted(recorded(settings(), preview=False)) == {
        ("webapp", "AcrPull", "Registry"),
        ("webapp", "Key Vault Secrets User", "Vault"),
        ("webapp", "SignalR REST API Owner", "SignalR"),
        ("webapp", "Storage Table Data Reader", "StorageAccount"),
        ("backend", "SignalR REST API Owner", "SignalR"),
        ("backend", "Storage Table Data Contributor", "StorageAccount"),
        *((who, "Monitoring Metrics Publisher", "Component") for who in ("webapp", "detector", "backend", "bot")),
        *((who, "Monitoring Metrics Publisher", "DataCollectionRule") for who in ("detector", "backend", "bot")),
    }


def test_with_keys_the_cluster_is_granted_nothing() -> None:
    plan = recorded(settings(cluster={"identity": "keys"}), preview=False)
    assert {who for who, _, _ in granted(plan)} == {"webapp"}


def test_every_grant_names_a_role_of_its_subscription_and_an_identity() -> None:
    for one in recorded(settings(), preview=False).of_type(ASSIGNMENT):
        inputs = reveal(one.inputs)
        subscription, _, role = inputs["roleDefinitionId"].partition(
            "/providers/Microsoft.Authorization/roleDefinitions/"
        )
        assert subscription == "/subscriptions/22222222-2222-2222-2222-222222222222"
        assert role in ROLE_IDS.values()
        assert inputs["principalType"] == "ServicePrincipal"


def test_the_role_is_known_before_anything_exists() -> None:
    for one in recorded(settings()).of_type(ASSIGNMENT):
        assert reveal(one.inputs)["roleDefinitionId"].endswith(tuple(ROLE_IDS.values()))


def test_no_two_grants_share_a_name_and_a_second_run_gives_the_same_names() -> None:
    names = [
        sorted(reveal(one.inputs)["roleAssignmentName"] for one in plan.of_type(ASSIGNMENT))
        for plan in (recorded(settings(), preview=False), recorded(settings(tags={"owner": "other"}), preview=False))
    ]
    assert names[0] == names[1]
    assert len(set(names[0])) == len(names[0])


def test_every_role_has_an_id_of_its_own() -> None:
    assert set(ROLE_IDS) == set(Role)
    assert len({UUID(one) for one in ROLE_IDS.values()}) == len(Role)


@given(scope=ids, other=ids, role=st.sampled_from(Role), principal=st.uuids(), person=st.uuids())
def test_a_grants_name_is_a_guid_that_differs_with_scope_role_and_principal(
    scope: str, other: str, role: Role, principal: UUID, person: UUID
) -> None:
    name = assignment_name(scope, role, str(principal))
    assert UUID(name).version == 5
    assert name == assignment_name(scope.upper(), role, str(principal).upper())  # Azure's ids ignore case
    if other.lower() != scope.lower():
        assert name != assignment_name(other, role, str(principal))
    if person != principal:
        assert name != assignment_name(scope, role, str(person))
    assert name != assignment_name(scope, next(one for one in Role if one is not role), str(principal))
