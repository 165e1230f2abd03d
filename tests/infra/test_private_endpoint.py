"""The tables' private endpoint: where it is, which name leads to it, and who may come in."""

from __future__ import annotations

import pytest
import yaml

from infra.plan import Plan
from stacks.settings import StackSettings
from tests.infra.recording import ROOT, inputs_of, recorded
from tests.infra.stacks_for_tests import OTHER_RANGES, prod

ENDPOINT = "azure-native:network:PrivateEndpoint"
ZONE = "azure-native:privatedns:PrivateZone"
LINK = "azure-native:privatedns:VirtualNetworkLink"
ZONE_GROUP = "azure-native:network:PrivateDnsZoneGroup"


@pytest.fixture(scope="module")
def plan() -> Plan:
    return recorded(prod(), preview=False)


def test_the_endpoint_is_the_table_service_in_its_subnet(plan: Plan) -> None:
    endpoint = inputs_of(plan, ENDPOINT, "endpoint")
    (service,) = endpoint["privateLinkServiceConnections"]
    assert endpoint["privateEndpointName"] == "pep-spy-options-tables"
    assert endpoint["customNetworkInterfaceName"] == "nic-pep-spy-options-tables"
    assert endpoint["subnet"]["id"].endswith("/subnets/PrivateEndpointSubnet")
    assert service["groupIds"] == ["table"]
    assert service["privateLinkServiceId"].endswith("/storageAccounts/stspyoptionsprod")


@pytest.mark.parametrize(
    ("settings", "address"),
    [(prod(), "10.0.3.4"), (prod(network=OTHER_RANGES, onPrem={"addressSpace": "10.99.0.0/20"}), "172.20.3.68")],
)
def test_the_endpoint_has_the_first_free_address_of_its_subnet(settings: StackSettings, address: str) -> None:
    plan = recorded(settings, preview=False)
    (place,) = inputs_of(plan, ENDPOINT, "endpoint")["ipConfigurations"]
    assert place == {"name": "table", "groupId": "table", "memberName": "table", "privateIPAddress": address}
    assert plan.outputs["tablesPrivateAddress"] == address


@pytest.mark.parametrize("fence", ["", "conf", "yaml"])
def test_the_page_for_the_resolver_at_home_tells_prods_name_and_address(fence: str) -> None:
    page = (ROOT / "docs" / "home-resolver.md").read_text(encoding="utf-8")
    outputs = recorded(prod(), preview=False).outputs
    name = outputs["tablesEndpoint"].removeprefix("https://").removesuffix("/")
    examples = [text for text in page.split("```")[1::2] if text.partition("\n")[0] == fence]
    assert examples
    assert any(name in text and outputs["tablesPrivateAddress"] in text for text in examples)
    assert f"| `{name}` |" in page
    assert f"| `{outputs['tablesPrivateAddress']}` |" in page


def test_the_cluster_is_told_the_name_in_a_block_of_its_own() -> None:
    """The block that k3s's overrides go into has a `hosts` already, and CoreDNS takes no second."""
    page = (ROOT / "docs" / "home-resolver.md").read_text(encoding="utf-8")
    (example,) = (text.removeprefix("yaml\n") for text in page.split("```")[1::2] if text.startswith("yaml\n"))
    told = yaml.safe_load(example)
    assert (told["metadata"]["name"], told["metadata"]["namespace"]) == ("coredns-custom", "kube-system")
    assert all(key.endswith(".server") for key in told["data"])


def test_another_address_is_planned_as_another_endpoint_because_azure_fixes_it(plan: Plan) -> None:
    endpoint = plan.named(ENDPOINT, "endpoint")
    assert endpoint.replace_on_changes == ("ipConfigurations",)
    assert endpoint.delete_before_replace


def test_the_public_name_of_the_tables_leads_to_the_endpoint_inside_the_network(plan: Plan) -> None:
    zone, link, group = (
        inputs_of(plan, ZONE, "zone"),
        inputs_of(plan, LINK, "link"),
        inputs_of(plan, ZONE_GROUP, "zone-group"),
    )
    assert zone["privateZoneName"] == link["privateZoneName"] == "privatelink.table.core.windows.net"
    assert (zone["location"], link["location"]) == ("Global", "Global")
    assert link["virtualNetwork"]["id"].endswith("/virtualNetworks/vnet-spy-options")
    assert link["registrationEnabled"] is False
    assert group["privateEndpointName"] == "pep-spy-options-tables"
    (record,) = group["privateDnsZoneConfigs"]
    assert record["privateDnsZoneId"].endswith("/privateDnsZones/privatelink.table.core.windows.net")


def test_the_guard_of_the_subnet_lets_home_and_web_app_in_and_nobody_else(plan: Plan) -> None:
    subnet = inputs_of(plan, "azure-native:network:Subnet", "PrivateEndpointSubnet")
    group = inputs_of(plan, "azure-native:network:NetworkSecurityGroup", "network-security-group")
    assert subnet["privateEndpointNetworkPolicies"] == "NetworkSecurityGroupEnabled"
    assert subnet["networkSecurityGroup"]["id"].endswith("/nsg-spy-options")
    to_https = [rule for rule in group["securityRules"] if rule["destinationPortRange"] in {"*", "443"}]
    assert [(rule["sourceAddressPrefix"], rule["access"]) for rule in to_https] == [
        ("192.168.1.0/24", "Allow"),
        ("VirtualNetwork", "Allow"),
        ("*", "Deny"),
    ]


@pytest.mark.parametrize("preview", [True, False])
def test_the_endpoint_waits_for_every_subnet_and_every_table(*, preview: bool) -> None:
    plan = recorded(prod(), preview=preview)
    waited = set(plan.named(ENDPOINT, "endpoint").dependencies)
    for type_ in ("azure-native:network:Subnet", "azure-native:storage:Table"):
        assert {one.urn for one in plan.of_type(type_)} <= waited


def test_without_the_setting_there_is_no_endpoint_zone_or_address() -> None:
    plan = recorded(prod(storage={"privateEndpoint": False}, onPrem={"address": ""}), preview=False)
    for type_ in (ENDPOINT, ZONE, LINK, ZONE_GROUP):
        assert not plan.of_type(type_), type_
    assert "tablesPrivateAddress" not in plan.outputs
