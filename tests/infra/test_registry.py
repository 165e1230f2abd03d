"""Registry: no admin user, no anonymous pull; the cluster's token pulls the platform's images and nothing else."""

from __future__ import annotations

from typing import Any

import pytest

from infra.cloud.registry import Registry
from infra.cloud.roles import ROLE_IDS, Role
from infra.images import REPOSITORIES
from infra.plan import Plan
from infra.policies.plans import violations
from stacks.settings import StackSettings
from tests.infra.order import made_before
from tests.infra.recording import inputs_of, recorded, recorded_part

REGISTRY = "azure-native:containerregistry:Registry"
SCOPE_MAP = "azure-native:containerregistry:ScopeMap"
TOKEN = "azure-native:containerregistry:Token"
GRANT = "azure-native:authorization:RoleAssignment"
WEBAPP = "azure-native:web:WebApp"
OTHER = (
    "/subscriptions/00000000-0000-0000-0000-000000000001/resourceGroups/rg-other"
    "/providers/Microsoft.ContainerRegistry/registries/acrother"
)


def registry(stack: str = "prod") -> Plan:
    settings = StackSettings(stack=stack)
    return recorded_part(lambda scope, within: Registry("registry", scope, "principal", within), settings)


def part(type_: str, name: str, stack: str = "prod") -> dict[str, Any]:
    return inputs_of(registry(stack), type_, name)


def test_the_registry_is_basic_without_admin_user_and_without_anonymous_pull() -> None:
    inputs = part(REGISTRY, "registry")
    assert inputs["registryName"] == "acrspyoptions"
    assert inputs["sku"] == {"name": "Basic"}
    assert inputs["adminUserEnabled"] is False
    assert inputs["anonymousPullEnabled"] is False
    assert part(REGISTRY, "registry", "dev")["registryName"] == "acrspyoptionsdev"


def test_the_registry_is_protected_and_what_hangs_on_it_is_not() -> None:
    plan = registry()
    assert plan.named(REGISTRY, "registry").protect
    assert not plan.named(TOKEN, "token").protect


def test_the_token_reads_the_four_repositories_and_writes_nowhere() -> None:
    actions = part(SCOPE_MAP, "scope-map")["actions"]
    assert len(actions) == len(set(actions)) == 2 * len(REPOSITORIES)
    assert {action.split("/")[1] for action in actions} == set(REPOSITORIES.values())
    assert all(repository.startswith("spy-") for repository in REPOSITORIES.values())
    assert all(action.endswith("/read") for action in actions)


def test_the_token_is_enabled_and_carries_no_password() -> None:
    token = registry().named(TOKEN, "token")
    assert token.inputs["status"] == "enabled"
    assert "credentials" not in token.inputs
    assert token.ignore_changes == ("credentials",)


def shared(registry_id: str) -> Plan:
    """A prod that pulls from another stack's registry."""
    registry = {"mode": "shared", "host": "acrother.azurecr.io", "id": registry_id}
    return recorded(StackSettings.model_validate({"stack": "prod", "registry": registry}), preview=False)


def test_a_shared_registry_is_another_stacks_and_declares_nothing_here() -> None:
    plan = shared(OTHER)
    assert [one.type for one in plan.resources.values() if "containerregistry" in one.type] == []
    webapp = inputs_of(plan, WEBAPP, "webapp")
    assert webapp["siteConfig"]["linuxFxVersion"].startswith("DOCKER|acrother.azurecr.io/spy-backend@")


def test_in_a_shared_registry_the_web_app_may_pull_before_it_starts() -> None:
    plan = shared(OTHER)
    grant = plan.named(GRANT, "pull-by-webapp")
    identity = plan.named("azure-native:managedidentity:UserAssignedIdentity", "webapp")
    assert grant.inputs["scope"] == OTHER
    assert grant.inputs["roleDefinitionId"].endswith(ROLE_IDS[Role.ACR_PULL])
    assert grant.property_dependencies["principalId"] == (identity.urn,)
    assert "RoleAssignment pull-by-webapp" in made_before(plan, plan.named(WEBAPP, "webapp"))


@pytest.mark.parametrize("registry_id", [OTHER, "<setting:registry.id>"])
def test_a_plan_with_a_shared_registry_keeps_to_every_policy(registry_id: str) -> None:
    assert [one for one in violations(shared(registry_id)) if one.urn.endswith("pull-by-webapp")] == []


def test_a_first_run_without_images_pulls_nothing_and_grants_nothing_elsewhere() -> None:
    settings = {"stack": "prod", "registry": {"mode": "shared", "host": "acrother.azurecr.io"}}
    plan = recorded(StackSettings.model_validate(settings | {"deploy": {"images": False}}), preview=False)
    assert [one.name for one in plan.of_type(GRANT) if one.name == "pull-by-webapp"] == []
