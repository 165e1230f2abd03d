"""The stand-in cloud refuses what Azure refuses, so that a program that passes here was ordered right."""

from __future__ import annotations

import re
from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.engine.azure_rules import FEDERATED, ROLE_ASSIGNMENT, SUBNET, VAULT, Refused
from tests.engine.cloud import Cloud
from tests.engine.conftest import bootstrapped
from tests.engine.messages import Properties

NETWORK = "azure-native:network:VirtualNetwork"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
HOME = {"resourceGroupName": "rg-spy-options-dev", "location": "westeurope"}


def make(cloud: Cloud, token: str, **inputs: object) -> str:
    """Create something in the dev resource group; gives its id."""
    return cloud.create(token, f"urn:pulumi:dev::spy-options::{token}::thing", {**HOME, **inputs})[0]


def delete(cloud: Cloud, token: str, identifier: str) -> None:
    cloud.delete(token, f"urn:pulumi:dev::spy-options::{token}::thing", identifier)


def both(cloud: Cloud, token: str, first: Properties, second: Properties) -> list[str]:
    """Refusals of two creations asked for at once."""
    with ThreadPoolExecutor(2) as pool:
        asked = [pool.submit(make, cloud, token, **inputs) for inputs in (first, second)]
    return [str(one.exception()) for one in asked if one.exception()]


@pytest.fixture
def cloud() -> Cloud:
    return bootstrapped("dev")


def test_two_subnets_of_one_network_are_not_written_at_once(cloud: Cloud) -> None:
    make(cloud, NETWORK, virtualNetworkName="net")
    refused = both(
        cloud,
        SUBNET,
        {"virtualNetworkName": "net", "subnetName": "a"},
        {"virtualNetworkName": "net", "subnetName": "b"},
    )
    assert len(refused) == 1
    assert refused[0].startswith("AnotherOperationInProgress")


def test_subnets_of_two_networks_are_written_at_once(cloud: Cloud) -> None:
    make(cloud, NETWORK, virtualNetworkName="one")
    make(cloud, NETWORK, virtualNetworkName="two")
    assert not both(
        cloud,
        SUBNET,
        {"virtualNetworkName": "one", "subnetName": "a"},
        {"virtualNetworkName": "two", "subnetName": "a"},
    )


def test_two_federated_credentials_of_one_identity_are_not_written_at_once(cloud: Cloud) -> None:
    make(cloud, IDENTITY, resourceName="bot")
    named = "federatedIdentityCredentialResourceName"
    refused = both(cloud, FEDERATED, {"resourceName": "bot", named: "a"}, {"resourceName": "bot", named: "b"})
    assert len(refused) == 1


def test_one_grant_under_two_names_is_refused(cloud: Cloud) -> None:
    group = next(iter(cloud.identifiers()))
    grant = {"scope": group, "roleDefinitionId": "reader", "principalId": "me"}
    make(cloud, ROLE_ASSIGNMENT, roleAssignmentName="a", **grant)
    with pytest.raises(Refused, match="RoleAssignmentExists"):
        make(cloud, ROLE_ASSIGNMENT, roleAssignmentName="b", **grant)


def test_a_deleted_vault_holds_its_name(cloud: Cloud) -> None:
    delete(cloud, VAULT, make(cloud, VAULT, vaultName="kv-thing"))
    with pytest.raises(Refused, match="kv-thing exists in deleted state"):
        make(cloud, VAULT, vaultName="kv-thing")


def test_a_name_of_the_whole_world_is_taken_for_every_resource_group(cloud: Cloud) -> None:
    other = bootstrapped("dev", "prod")
    make(other, VAULT, vaultName="kv-thing")
    with pytest.raises(Refused, match="already taken"):
        make(other, VAULT, vaultName="kv-thing", resourceGroupName="rg-spy-options-prod")


def test_what_exists_is_not_created_again(cloud: Cloud) -> None:
    make(cloud, NETWORK, virtualNetworkName="net")
    with pytest.raises(Refused, match="already existing"):
        make(cloud, NETWORK, virtualNetworkName="NET")


@pytest.mark.parametrize(
    ("token", "inputs", "missing"),
    [
        (NETWORK, {"virtualNetworkName": "net", "resourceGroupName": "nowhere"}, "resourceGroups/nowhere"),
        (SUBNET, {"virtualNetworkName": "net", "subnetName": "a"}, "virtualNetworks/net"),
    ],
)
def test_nothing_is_created_in_what_does_not_exist(cloud: Cloud, token: str, inputs: Properties, missing: str) -> None:
    with pytest.raises(Refused, match=f"{missing} does not exist"):
        make(cloud, token, **inputs)


def test_nothing_is_created_that_refers_to_what_does_not_exist(cloud: Cloud) -> None:
    make(cloud, NETWORK, virtualNetworkName="net")
    group = next(one for one in cloud.identifiers() if one.endswith("rg-spy-options-dev"))
    absent = f"{group}/providers/Microsoft.Network/networkSecurityGroups/absent"
    with pytest.raises(Refused, match=re.escape(f"{absent} does not exist")):
        make(cloud, SUBNET, virtualNetworkName="net", subnetName="a", networkSecurityGroup={"id": absent})


def test_what_something_else_uses_is_not_deleted(cloud: Cloud) -> None:
    guard = "azure-native:network:NetworkSecurityGroup"
    used = make(cloud, guard, networkSecurityGroupName="nsg")
    make(cloud, NETWORK, virtualNetworkName="net")
    make(cloud, SUBNET, virtualNetworkName="net", subnetName="a", networkSecurityGroup={"id": used})
    with pytest.raises(Refused, match="InUse"):
        delete(cloud, guard, used)


def test_what_lies_in_a_thing_goes_with_it(cloud: Cloud) -> None:
    network = make(cloud, NETWORK, virtualNetworkName="net")
    make(cloud, SUBNET, virtualNetworkName="net", subnetName="a")
    delete(cloud, NETWORK, network)
    assert cloud.of_type(SUBNET) == []


def test_a_planted_fault_strikes_once_and_leaves_nothing_behind(cloud: Cloud) -> None:
    cloud.fail_creation(NETWORK, nth=2, message="no capacity")
    make(cloud, NETWORK, virtualNetworkName="one")
    with pytest.raises(Refused, match="no capacity"):
        make(cloud, NETWORK, virtualNetworkName="two")
    make(cloud, NETWORK, virtualNetworkName="two")
    assert [call.action for call in cloud.changes()] == ["create", "create"]
