"""What protects data and the gateway: no replacement, and a destroy that leaves them and what they stand on."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest
from pulumi import automation

from stacks.naming import VOLUMES
from tests.engine.conftest import Deployed
from tests.engine.stack import EngineStack

PROTECTED = {
    "azure-native:containerregistry:Registry",
    "azure-native:keyvault:Vault",
    "azure-native:network:VirtualNetworkGateway",
    "azure-native:operationalinsights:Workspace",
    "azure-native:storage:StorageAccount",
}
RETAINED = {"azure-native:keyvault:Vault", "azure-native:storage:StorageAccount"}


def protected(stack: EngineStack) -> dict[str, dict[str, Any]]:
    return {urn: resource for urn, resource in stack.resources().items() if resource.get("protect")}


@pytest.mark.parametrize(("flag", "expected"), [("protect", PROTECTED), ("retainOnDelete", RETAINED)])
def test_gateway_data_and_registry_are_protected_and_the_data_retained_with_what_lies_in_them(
    deployed: Deployed, flag: str, expected: set[str]
) -> None:
    resources = deployed("prod").resources().values()
    marked = [one for one in resources if one.get(flag) and one["type"].startswith("azure-native:")]
    kept = [one["id"] for one in marked if one["type"] in expected]
    assert {one["type"] for one in marked} >= expected
    assert [one["urn"] for one in marked if not any(f"{one['id']}/".startswith(f"{own}/") for own in kept)] == []


def test_in_the_cluster_volumes_and_claims_are_protected_with_the_class_and_the_namespace_that_they_are_of(
    deployed: Deployed,
) -> None:
    tokens = Counter(one["type"] for one in protected(deployed("prod")).values())
    assert {token: count for token, count in tokens.items() if token.startswith("kubernetes:")} == {
        "kubernetes:core/v1:Namespace": 1,
        "kubernetes:core/v1:PersistentVolume": len(VOLUMES),
        "kubernetes:core/v1:PersistentVolumeClaim": len(VOLUMES),
        "kubernetes:storage.k8s.io/v1:StorageClass": 1,
    }


@pytest.mark.parametrize("token", sorted(PROTECTED))
def test_the_replacement_of_a_protected_resource_is_refused_by_its_name(copied: Deployed, token: str) -> None:
    stack = copied("prod")
    urn = next(urn for urn, resource in protected(stack).items() if resource["type"] == token)
    stack.configure({"azure": {"location": "northeurope"}})
    with pytest.raises(automation.CommandError) as refused:
        stack.preview(target=[urn])
    assert "protect" in str(refused.value)
    assert urn in str(refused.value)


def test_an_up_that_would_replace_a_protected_resource_deletes_nothing(copied: Deployed) -> None:
    stack = copied("prod")
    before = stack.cloud.identifiers()
    stack.configure({"names": {"storage": "stanother", "vault": "kv-another", "registry": "acranother"}})
    with pytest.raises(automation.CommandError, match="unable to replace resource"):
        stack.up()
    assert before <= stack.cloud.identifiers()


def test_destroy_that_excludes_the_protected_leaves_these_and_what_they_stand_on(copied: Deployed) -> None:
    stack = copied("prod")
    before = stack.resources()
    needed = closure(before, set(protected(stack)))
    stack.destroy(exclude_protected=True)
    assert set(stack.resources()) == needed
    left = {before[urn]["id"] for urn in needed if before[urn].get("custom")}
    assert {call.identifier for call in stack.cloud.changes()}.isdisjoint(left)
    stack.up()
    assert set(stack.resources()) == set(before)
    stack.preview(expect_no_changes=True)


def closure(resources: dict[str, dict[str, Any]], urns: set[str]) -> set[str]:
    """These resources and everything they depend on: parents, providers and dependencies, and theirs."""
    found: set[str] = set()
    waiting = set(urns)
    while waiting:
        resource = resources[(urn := waiting.pop())]
        found.add(urn)
        provider = resource.get("provider", "").rpartition("::")[0]
        above = {resource.get("parent"), provider, *resource.get("dependencies", [])}
        waiting |= {one for one in above if one} - found
    return found
