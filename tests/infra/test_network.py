"""The virtual network as a reader of the portal sees it: names, ranges, delegations, guards, order of writes."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest

from infra.plan import Plan, reveal
from tests.infra.recording import inputs_of, recorded
from tests.infra.stacks_for_tests import OTHER_RANGES, prod, tunnel

SUBNET = "azure-native:network:Subnet"
GUARD = "networkSecurityGroup"
IN_ORDER = ("GatewaySubnet", "ContainerSubnet", "PrivateEndpointSubnet", "AppSubnet")


@pytest.fixture(scope="module")
def plan() -> Plan:
    return recorded(prod(), preview=False)


def subnet(plan: Plan, name: str) -> dict[str, Any]:
    return inputs_of(plan, SUBNET, name)


def rules(plan: Plan) -> dict[str, dict[str, Any]]:
    group = inputs_of(plan, "azure-native:network:NetworkSecurityGroup", "network-security-group")
    return {rule["name"]: rule for rule in group["securityRules"]}


def test_the_network_has_its_name_and_range(plan: Plan) -> None:
    network = inputs_of(plan, "azure-native:network:VirtualNetwork", "virtual-network")
    assert network["virtualNetworkName"] == "vnet-spy-options"
    assert network["addressSpace"] == {"addressPrefixes": ["10.0.0.0/16"]}
    assert network["location"] == "westeurope"
    assert "subnets" not in network, "a subnet is declared either in the network or by itself, never in both"


@pytest.mark.parametrize(
    ("name", "addresses", "delegated_to"),
    [
        ("GatewaySubnet", "10.0.0.0/27", None),
        ("AppSubnet", "10.0.1.0/24", "Microsoft.Web/serverFarms"),
        ("ContainerSubnet", "10.0.2.0/24", "Microsoft.ContainerInstance/containerGroups"),
        ("PrivateEndpointSubnet", "10.0.3.0/27", None),
    ],
)
def test_each_subnet_has_its_range_and_delegation(
    plan: Plan, name: str, addresses: str, delegated_to: str | None
) -> None:
    inputs = subnet(plan, name)
    assert (inputs["subnetName"], inputs["addressPrefix"]) == (name, addresses)
    assert [one["serviceName"] for one in inputs.get("delegations", [])] == ([delegated_to] if delegated_to else [])


@pytest.mark.parametrize("name", IN_ORDER)
def test_the_guard_is_on_the_subnets_of_app_and_endpoint_and_on_no_other(plan: Plan, name: str) -> None:
    guards = [guard["id"].rpartition("/")[2] for key, guard in subnet(plan, name).items() if key == GUARD]
    assert guards == (["nsg-spy-options"] if name in {"AppSubnet", "PrivateEndpointSubnet"} else [])


def test_the_guard_holds_for_private_endpoints_too(plan: Plan) -> None:
    assert subnet(plan, "PrivateEndpointSubnet")["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"


def test_only_the_app_subnet_has_the_vaults_service_endpoint(plan: Plan) -> None:
    having = {name for name in IN_ORDER if "serviceEndpoints" in subnet(plan, name)}
    assert having == {"AppSubnet"}
    assert subnet(plan, "AppSubnet")["serviceEndpoints"] == [{"service": "Microsoft.KeyVault"}]


def test_no_subnet_has_routes_of_its_own(plan: Plan) -> None:
    assert not plan.of_type("azure-native:network:RouteTable")
    assert all("routeTable" not in subnet(plan, name) for name in IN_ORDER)


@pytest.mark.parametrize("preview", [True, False])
def test_subnets_are_written_one_after_another(*, preview: bool) -> None:
    plan = recorded(prod(), preview=preview)
    assert {one.name for one in plan.of_type(SUBNET)} == set(IN_ORDER)
    for before, after in pairwise(IN_ORDER):
        assert plan.named(SUBNET, before).urn in plan.named(SUBNET, after).dependencies


RULES = {
    "Allow-VPN-IKE": (100, "Allow", "Udp", "500", "Internet", "*"),
    "Allow-VPN-NAT-T": (110, "Allow", "Udp", "4500", "Internet", "*"),
    "Allow-VPN-Traffic": (120, "Allow", "*", "*", "192.168.1.0/24", "10.0.0.0/16"),
    "Allow-HTTPS": (200, "Allow", "Tcp", "443", "VirtualNetwork", "*"),
    "Deny-All-Inbound": (4096, "Deny", "*", "*", "*", "*"),
}
"""Priority, access, protocol, destination port, source and destination of requirements P1.07."""


@pytest.mark.parametrize("name", RULES)
def test_each_rule_says_what_it_lets_in(plan: Plan, name: str) -> None:
    rule = rules(plan)[name]
    said = ("priority", "access", "protocol", "destinationPortRange", "sourceAddressPrefix", "destinationAddressPrefix")
    assert tuple(rule[key] for key in said) == RULES[name]
    assert (rule["direction"], rule["sourcePortRange"]) == ("Inbound", "*")


def test_there_is_no_further_rule_and_none_goes_outwards(plan: Plan) -> None:
    assert set(rules(plan)) == set(RULES)
    assert {rule["direction"] for rule in rules(plan).values()} == {"Inbound"}


def test_other_ranges_reach_subnets_and_rules() -> None:
    plan = recorded(prod(network=OTHER_RANGES, onPrem={"addressSpace": "10.99.0.0/20"}), preview=False)
    assert {name: subnet(plan, name)["addressPrefix"] for name in IN_ORDER} == {
        "GatewaySubnet": "172.20.255.0/26",
        "ContainerSubnet": "172.20.2.0/28",
        "PrivateEndpointSubnet": "172.20.3.64/27",
        "AppSubnet": "172.20.1.0/26",
    }
    traffic = rules(plan)["Allow-VPN-Traffic"]
    assert (traffic["sourceAddressPrefix"], traffic["destinationAddressPrefix"]) == ("10.99.0.0/20", "172.20.0.0/16")


@pytest.mark.parametrize(
    ("stack", "project", "name"),
    [("dev", "spy-options", "vnet-spy-options"), ("prod", "qqq-options", "vnet-qqq-options")],
)
def test_the_networks_name_follows_the_project_and_not_the_stack(stack: str, project: str, name: str) -> None:
    plan = tunnel(stack=stack, projectName=project)
    assert inputs_of(plan, "azure-native:network:VirtualNetwork", "virtual-network")["virtualNetworkName"] == name


def test_what_carries_tags_bears_the_five(plan: Plan) -> None:
    for type_, name in (
        ("azure-native:network:VirtualNetwork", "virtual-network"),
        ("azure-native:network:NetworkSecurityGroup", "network-security-group"),
    ):
        assert inputs_of(plan, type_, name)["tags"] == {
            "Project": "SPY-Options-Platform",
            "Environment": "prod",
            "ManagedBy": "Pulumi",
            "Owner": "platform",
            "CostCenter": "Trading-Infrastructure",
        }


def test_ids_of_network_and_subnets_are_outputs(plan: Plan) -> None:
    outputs = reveal(plan.outputs)
    assert outputs["virtualNetworkId"].endswith("/virtualNetworks/vnet-spy-options")
    assert {key: outputs[key].rpartition("/")[2] for key in outputs if key.endswith("SubnetId")} == {
        "gatewaySubnetId": "GatewaySubnet",
        "containerSubnetId": "ContainerSubnet",
        "privateEndpointSubnetId": "PrivateEndpointSubnet",
        "appSubnetId": "AppSubnet",
    }
