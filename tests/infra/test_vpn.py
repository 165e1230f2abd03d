"""The tunnel as a reader of the portal sees it, what it waits for, who waits for it, and where its key is kept."""

from __future__ import annotations

import re
from typing import Any

import pytest

from infra.cloud.vpn_connection import KEY_SPECIALS
from infra.plan import Plan, Registration, Secret, reveal
from stacks.checks.gateway import PSK_CHARACTERS
from tests.infra.recording import inputs_of, recorded
from tests.infra.stacks_for_tests import HOME, prod, tunnel

ADDRESS = "azure-native:network:PublicIPAddress"
GATEWAY = "azure-native:network:VirtualNetworkGateway"
HOME_END = "azure-native:network:LocalNetworkGateway"
CONNECTION = "azure-native:network:VirtualNetworkGatewayConnection"
VAULT_SECRET = "azure-native:keyvault:Secret"
MADE_KEY = "random:index/randomPassword:RandomPassword"
CUSTOM = {"sku": "VpnGw1AZ", "customPolicy": True}


@pytest.fixture(scope="module")
def plan() -> Plan:
    return recorded(prod(), preview=False)


def connection(plan: Plan) -> dict[str, Any]:
    return inputs_of(plan, CONNECTION, "connection")


def after(plan: Plan, start: Registration) -> set[str]:
    """URNs of everything that waits for a resource, by whatever way."""
    waiting, found = {start.urn}, set[str]()
    while waiting:
        waiting = {
            one.urn
            for one in plan.resources.values()
            if one.urn not in found
            and waiting & {*one.dependencies, one.parent, *sum(one.property_dependencies.values(), ())}
        }
        found |= waiting
    return found


def test_the_gateways_address_is_standard_static_and_in_three_zones(plan: Plan) -> None:
    address = inputs_of(plan, ADDRESS, "public-address")
    assert address["publicIpAddressName"] == "pip-vpn-gateway"
    assert address["sku"] == {"name": "Standard", "tier": "Regional"}
    assert (address["publicIPAllocationMethod"], address["publicIPAddressVersion"]) == ("Static", "IPv4")
    assert address["zones"] == ["1", "2", "3"]


@pytest.mark.parametrize(("sku", "generation"), [("Basic", None), ("VpnGw1AZ", "Generation1")])
def test_the_gateway_says_every_property_that_azure_would_choose(sku: str, generation: str | None) -> None:
    gateway = inputs_of(tunnel(vpn={"sku": sku}), GATEWAY, "gateway")
    assert gateway["virtualNetworkGatewayName"] == "vpn-gateway-spy-options"
    assert (gateway["gatewayType"], gateway["vpnType"]) == ("Vpn", "RouteBased")
    assert gateway["sku"] == {"name": sku, "tier": sku}
    assert (gateway["activeActive"], gateway["enableBgp"]) == (False, False)
    assert gateway.get("vpnGatewayGeneration") == generation


def test_the_gateway_sits_in_its_subnet_behind_its_address(plan: Plan) -> None:
    (configuration,) = inputs_of(plan, GATEWAY, "gateway")["ipConfigurations"]
    assert configuration["name"] == "vnetGatewayConfig"
    assert configuration["privateIPAllocationMethod"] == "Dynamic"
    assert configuration["subnet"]["id"].endswith("/virtualNetworks/vnet-spy-options/subnets/GatewaySubnet")
    assert configuration["publicIPAddress"]["id"].endswith("/publicIPAddresses/pip-vpn-gateway")


def test_the_gateway_is_protected_patient_and_never_changed_to_another_sku_in_place(plan: Plan) -> None:
    gateway = plan.named(GATEWAY, "gateway")
    assert gateway.protect
    assert gateway.custom_timeouts == {"create": "90m", "update": "90m", "delete": "90m"}
    assert gateway.replace_on_changes == ("sku",)
    assert gateway.delete_before_replace


@pytest.mark.parametrize("preview", [True, False])
def test_the_gateway_waits_for_every_subnet_because_it_locks_the_network(*, preview: bool) -> None:
    plan = recorded(prod(), preview=preview)
    subnets = {one.urn for one in plan.of_type("azure-native:network:Subnet")}
    assert len(subnets) == 4
    assert subnets <= set(plan.named(GATEWAY, "gateway").dependencies)


@pytest.mark.parametrize("preview", [True, False])
def test_nothing_outside_its_layer_waits_for_the_gateway(*, preview: bool) -> None:
    plan = recorded(prod(), preview=preview)
    waiting = after(plan, plan.named(GATEWAY, "gateway"))
    assert plan.named(CONNECTION, "connection").urn in waiting
    assert {plan.layer(urn) for urn in waiting} == {"vpn"}


def test_the_home_end_and_the_key_are_ready_before_the_gateway(plan: Plan) -> None:
    waiting = after(plan, plan.named(GATEWAY, "gateway"))
    early = [plan.named(HOME_END, "home"), plan.named(VAULT_SECRET, "vpn-psk"), plan.named(MADE_KEY, "key")]
    assert not waiting & {one.urn for one in early}


def test_the_home_end_is_known_by_its_address_and_range(plan: Plan) -> None:
    home = inputs_of(plan, HOME_END, "home")
    assert home["localNetworkGatewayName"] == "lng-onprem-spy"
    assert home["gatewayIpAddress"] == HOME
    assert "fqdn" not in home
    assert home["localNetworkAddressSpace"] == {"addressPrefixes": ["192.168.1.0/24"]}


@pytest.mark.parametrize("name", ["home.example.net", "a1.b2.example", "203-0-113-7.dyn.example.org"])
def test_a_home_line_that_is_known_by_name_keeps_its_name(name: str) -> None:
    home = inputs_of(tunnel(onPrem={"address": name}), HOME_END, "home")
    assert home["fqdn"] == name
    assert "gatewayIpAddress" not in home


def test_what_a_plan_puts_for_an_absent_address_counts_as_an_address() -> None:
    plan = tunnel(onPrem={"address": "<setting:onPrem.address>"})
    assert inputs_of(plan, HOME_END, "home")["gatewayIpAddress"] == "<setting:onPrem.address>"
    assert plan.of_type(CONNECTION)


def test_the_connection_joins_gateway_and_home_by_ikev2(plan: Plan) -> None:
    joined = connection(plan)
    assert joined["virtualNetworkGatewayConnectionName"] == "conn-onprem-spy"
    assert (joined["connectionType"], joined["connectionProtocol"]) == ("IPsec", "IKEv2")
    assert joined["virtualNetworkGateway1"]["id"].endswith("/virtualNetworkGateways/vpn-gateway-spy-options")
    assert joined["localNetworkGateway2"]["id"].endswith("/localNetworkGateways/lng-onprem-spy")
    assert joined["dpdTimeoutSeconds"] == 45
    assert (joined["enableBgp"], joined["usePolicyBasedTrafficSelectors"]) == (False, False)


@pytest.mark.parametrize("vpn", [{"sku": "Basic"}, {"sku": "Basic", "customPolicy": True}, {"sku": "VpnGw1AZ"}])
def test_a_gateway_that_takes_none_or_was_given_none_has_no_policy(vpn: dict[str, Any]) -> None:
    assert "ipsecPolicies" not in connection(tunnel(vpn=vpn))


def test_a_custom_policy_has_all_eight_fields() -> None:
    (policy,) = connection(tunnel(vpn=CUSTOM))["ipsecPolicies"]
    assert policy == {
        "ikeEncryption": "AES256",
        "ikeIntegrity": "SHA256",
        "dhGroup": "DHGroup14",
        "ipsecEncryption": "GCMAES256",
        "ipsecIntegrity": "GCMAES256",
        "pfsGroup": "PFS2048",
        "saLifeTimeSeconds": 27_000,
        "saDataSizeKilobytes": 102_400_000,
    }


def test_without_a_home_address_there_is_a_gateway_and_no_connection_key_or_secret() -> None:
    plan = recorded(prod(storage={"privateEndpoint": False}, onPrem={"address": ""}), preview=False)
    assert plan.of_type(GATEWAY)
    for type_ in (CONNECTION, HOME_END, MADE_KEY, "pulumi:providers:random"):
        assert not plan.of_type(type_), type_
    assert "vpn-psk" not in {one.name for one in plan.of_type(VAULT_SECRET)}
    assert "vpnConnectionName" not in plan.outputs


def test_without_a_gateway_the_layer_is_empty_whatever_the_home_line() -> None:
    plan = recorded(prod(vpn={"sku": "none"}), preview=False)
    assert not [urn for urn in plan.resources if plan.layer(urn) == "vpn"]
    assert not plan.of_type("pulumi:providers:random")


def test_dev_as_it_is_committed_has_no_gateway() -> None:
    plan = recorded("dev", preview=False)
    assert plan.of_type("azure-native:network:Subnet")
    assert not [urn for urn in plan.resources if plan.layer(urn) == "vpn"]


def test_an_empty_key_is_made_of_32_characters_that_nothing_needs_to_escape(plan: Plan) -> None:
    made = inputs_of(plan, MADE_KEY, "key")
    assert made["length"] == 32
    assert made["overrideSpecial"] == KEY_SPECIALS
    assert not set(KEY_SPECIALS) & set("\"'\\`$#{}[]()<>|&;*?!% \t")
    assert re.fullmatch(PSK_CHARACTERS, "Aa1" + KEY_SPECIALS * 4), "a made key must pass as a given one"
    assert min(made[kind] for kind in ("minLower", "minUpper", "minNumeric", "minSpecial")) == 1


def test_a_given_key_is_used_and_none_is_made() -> None:
    plan = recorded(prod(vpnPsk="Correct-Horse-Battery-Staple-2026"), preview=False)
    assert connection(plan)["sharedKey"] == "Correct-Horse-Battery-Staple-2026"
    assert not plan.of_type(MADE_KEY)
    assert not plan.of_type("pulumi:providers:random")


@pytest.mark.parametrize("key", ["", "Correct-Horse-Battery-Staple-2026"])
@pytest.mark.parametrize("preview", [True, False])
def test_the_key_is_secret_wherever_it_goes_and_no_output(key: str, *, preview: bool) -> None:
    plan = recorded(prod(vpnPsk=key), preview=preview)
    joined = plan.named(CONNECTION, "connection")
    assert isinstance(joined.inputs["sharedKey"], Secret)
    assert "sharedKey" in joined.additional_secret_outputs
    assert isinstance(plan.named(VAULT_SECRET, "vpn-psk").inputs["properties"]["value"], Secret)
    shared = reveal(joined.inputs)["sharedKey"]
    if not preview:
        told = [reveal(plan.outputs), *map(reveal, plan.component_outputs.values())]
        assert not [one for one in told if shared in str(one)]


def test_both_ends_read_the_same_key_and_the_vault_keeps_it(plan: Plan) -> None:
    kept = inputs_of(plan, VAULT_SECRET, "vpn-psk")
    assert kept["properties"]["value"] == connection(plan)["sharedKey"]
    assert (kept["secretName"], kept["vaultName"]) == ("vpn-psk", "kv-spy-options-0dte")
    assert plan.layer(plan.named(VAULT_SECRET, "vpn-psk").urn) == "vpn"
    assert plan.outputs["vpnKeySecretName"] == "vpn-psk"


@pytest.mark.parametrize(("stack", "name"), [("prod", "conn-onprem-spy"), ("dev", "conn-onprem-spy-dev")])
def test_two_stacks_with_tunnels_have_connections_of_their_own(stack: str, name: str) -> None:
    plan = tunnel(stack=stack)
    assert connection(plan)["virtualNetworkGatewayConnectionName"] == name


def test_people_and_pipelines_read_the_connections_name_and_the_public_address(plan: Plan) -> None:
    assert plan.outputs["vpnConnectionName"] == "conn-onprem-spy"
    assert re.fullmatch(r"\d+\.\d+\.\d+\.\d+", plan.outputs["vpnPublicAddress"])


def test_what_carries_tags_bears_them(plan: Plan) -> None:
    for type_, name in (
        (ADDRESS, "public-address"),
        (GATEWAY, "gateway"),
        (HOME_END, "home"),
        (CONNECTION, "connection"),
    ):
        assert inputs_of(plan, type_, name)["tags"]["ManagedBy"] == "Pulumi"
