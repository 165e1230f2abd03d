"""Network rules: addresses, the gateway's subnet, what the internet may reach."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.policies.rule import Rule, demand, rule, shown
from infra.policies.subject import Subject, entries, is_known, look

GATEWAY_SUBNET = "GatewaySubnet"
LARGEST_PREFIX = 27
"""A gateway's subnet is /27 or larger."""

IKE_PORTS = frozenset({"500", "4500"})
ANYWHERE = frozenset({"*", "internet", "any", "0.0.0.0/0"})


@rule(
    "public-address-standard",
    "azure-native:network:PublicIPAddress",
    says="Public addresses are Standard and static; Azure retired Basic ones",
)
def standard_and_static(one: Subject) -> Iterator[str]:
    """SKU and allocation."""
    yield from demand(one, "sku.name", "Standard", cure="Azure makes no other public address any more")
    yield from demand(one, "publicIPAllocationMethod", "Static", cure="a Standard address is static")


@rule("gateway-subnet-name", "azure-native:network:Subnet", says="The gateway's subnet is called GatewaySubnet exactly")
def named_exactly(one: Subject) -> Iterator[str]:
    """No other spelling of the name, which Azure would take for any other subnet."""
    name = _subnet_name(one)
    if name != GATEWAY_SUBNET and name.replace("-", "").replace("_", "").lower() == GATEWAY_SUBNET.lower():
        yield f"the subnet is called {name}: Azure finds it under the name {GATEWAY_SUBNET} only"


@rule(
    "gateway-subnet-size",
    "azure-native:network:Subnet",
    says="GatewaySubnet is /27 or larger",
)
def large_enough(one: Subject) -> Iterator[str]:
    """Every prefix of the subnet."""
    if _subnet_name(one) != GATEWAY_SUBNET:
        return
    several = one.get("addressPrefixes")
    for prefix in [one.get("addressPrefix"), *(several if isinstance(several, list) else [])]:
        length = str(prefix).partition("/")[2]
        if length.isdecimal() and int(length) > LARGEST_PREFIX:
            yield f"its range is {prefix}: make network.gatewaySubnet /{LARGEST_PREFIX} or larger"


@rule(
    "gateway-subnet-bare",
    "azure-native:network:Subnet",
    says="GatewaySubnet has no security group, no route table and no delegation; Azure refuses them there",
)
def bare(one: Subject) -> Iterator[str]:
    """Nothing on the subnet but its range."""
    if _subnet_name(one) != GATEWAY_SUBNET:
        return
    for path in ("networkSecurityGroup", "routeTable", "delegations"):
        given = one.get(path)
        if given and isinstance(given, dict | list):
            yield f"{path} is set: leave it out on {GATEWAY_SUBNET}"


@rule(
    "gateway-in-gateway-subnet",
    "azure-native:network:VirtualNetworkGateway",
    says="A gateway stands in GatewaySubnet and says gateway type, VPN type and SKU",
)
def in_gateway_subnet(one: Subject) -> Iterator[str]:
    """Where the gateway stands, and what it must say for itself."""
    yield from demand(one, "gatewayType", "Vpn", cure="say Vpn")
    yield from demand(one, "vpnType", "RouteBased", cure="say RouteBased; the other kind takes no IKEv2")
    if is_known(one.get("sku")) and one.get("sku.name") != one.get("sku.tier"):
        yield f"sku.tier is {shown(one.get('sku.tier'))}: give it the value of sku.name"
    for place in entries(one.get("ipConfigurations")):
        subnet = look(place, "subnet.id")
        if isinstance(subnet, str) and is_known(subnet) and subnet.rpartition("/")[2] != GATEWAY_SUBNET:
            yield f"it stands in {subnet.rpartition('/')[2]}: give it the id of {GATEWAY_SUBNET}"


@rule(
    "no-open-door",
    "azure-native:network:NetworkSecurityGroup",
    says="From the internet come only the tunnel's two UDP ports",
)
def no_open_door(one: Subject) -> Iterator[str]:
    """Inbound rules that allow, by their sources and ports."""
    for each in entries(one.get("securityRules")):
        if not is_known(each):
            continue
        if each.get("direction") == "Inbound" and each.get("access") == "Allow" and _sources(each) & ANYWHERE:
            udp = str(each.get("protocol", "*")).lower() == "udp"
            if not (udp and _ports(each) and _ports(each) <= IKE_PORTS):
                yield f"rule {each.get('name')} lets the internet in on {shown(sorted(_ports(each)))}: name its source"


def _subnet_name(one: Subject) -> str:
    name = one.get("subnetName") or one.get("name") or one.name
    return name if isinstance(name, str) and is_known(name) else ""


def _sources(each: dict[str, Any]) -> set[str]:
    return {one.lower() for one in _texts(each.get("sourceAddressPrefix"), each.get("sourceAddressPrefixes"))}


def _ports(each: dict[str, Any]) -> set[str]:
    return set(_texts(each.get("destinationPortRange"), each.get("destinationPortRanges")))


def _texts(one: Any, several: Any) -> list[str]:
    """A value that Azure takes alone or in a list, or both."""
    return [str(each) for each in [one, *(several if isinstance(several, list) else [])] if each]


RULES: tuple[Rule, ...] = (
    standard_and_static,
    named_exactly,
    large_enough,
    bare,
    in_gateway_subnet,
    no_open_door,
)
