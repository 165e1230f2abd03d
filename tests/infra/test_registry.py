"""Registry: no admin user, no anonymous pull; the cluster's token pulls the platform's images and nothing else."""

from __future__ import annotations

from typing import Any

from infra.cloud.registry import Registry
from infra.images import REPOSITORIES
from infra.plan import Plan
from stacks.settings import StackSettings
from tests.infra.recording import inputs_of, recorded, recorded_part

REGISTRY = "azure-native:containerregistry:Registry"
SCOPE_MAP = "azure-native:containerregistry:ScopeMap"
TOKEN = "azure-native:containerregistry:Token"


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


def test_a_shared_registry_is_another_stacks_and_declares_nothing_here() -> None:
    settings = {"stack": "prod", "registry": {"mode": "shared", "host": "shared.example.org"}}
    plan = recorded(StackSettings.model_validate(settings), preview=False)
    assert [one.type for one in plan.resources.values() if "containerregistry" in one.type] == []
    webapp = inputs_of(plan, "azure-native:web:WebApp", "webapp")
    assert webapp["siteConfig"]["linuxFxVersion"].startswith("DOCKER|shared.example.org/spy-backend@")
