"""Address checks: subnets inside their network, and no range over another that a packet may have to choose from."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from ipaddress import IPv4Network
from itertools import combinations

from stacks.checks.words import both
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import VpnSku

_LONGEST_PREFIX = {
    "network.gatewaySubnet": 27,
    "network.appSubnet": 28,
    "network.containerSubnet": 29,
    "network.privateEndpointSubnet": 29,
}
"""Smallest size of each subnet: a gateway needs /27, App Service's integration /28, and Azure makes none below /29."""

_RESERVED = tuple(
    map(IPv4Network, ("0.0.0.0/8", "127.0.0.0/8", "168.63.129.16/32", "169.254.0.0/16", "224.0.0.0/4", "240.0.0.0/4"))
)
"""What a virtual network may not hold: this host, loopback, Azure's own address, link-local, multicast, reserved."""


def alone(settings: StackSettings) -> Iterator[str]:
    """Problems of one stack's ranges."""
    if settings.includes(Layer.CLOUD):
        yield from _subnets(settings)
    yield from _overlaps(_ranges(settings))


def together(stacks: Sequence[StackSettings]) -> Iterator[str]:
    """Two tunnels into one home network must lead to different networks."""
    for one, other in combinations([stack for stack in stacks if _has_gateway(stack)], 2):
        home = one.on_prem.address_space.overlaps(other.on_prem.address_space)
        if home and one.network.address_space.overlaps(other.network.address_space):
            yield (
                f"{both(one, other)}: network.addressSpace {one.network.address_space} and "
                f"{other.network.address_space} overlap and both are reached from the home network "
                f"{one.on_prem.address_space}: give one of them another range"
            )


def _has_gateway(settings: StackSettings) -> bool:
    return settings.includes(Layer.VPN) and settings.vpn.sku is not VpnSku.NONE


def _subnets(settings: StackSettings) -> Iterator[str]:
    network = settings.network
    space = network.address_space
    subnets = {
        "network.gatewaySubnet": network.gateway_subnet,
        "network.appSubnet": network.app_subnet,
        "network.containerSubnet": network.container_subnet,
        "network.privateEndpointSubnet": network.private_endpoint_subnet,
    }
    for key, subnet in subnets.items():
        if not subnet.subnet_of(space):
            yield f"{key} {subnet} is not inside network.addressSpace {space}: choose a part of {space}"
        longest = _LONGEST_PREFIX[key]
        if subnet.prefixlen > longest:
            yield f"{key} {subnet} is too small: give it /{longest} or larger"
    yield from _overlaps(subnets)
    for reserved in _RESERVED:
        if space.overlaps(reserved):
            yield f"network.addressSpace {space} holds {reserved}, which Azure keeps for itself: choose a private range"


def _ranges(settings: StackSettings) -> dict[str, IPv4Network]:
    """The networks between which packets of this stack travel."""
    ranges = {}
    if settings.includes(Layer.CLOUD):
        ranges["network.addressSpace"] = settings.network.address_space
    if settings.includes(Layer.CLOUD) or settings.includes(Layer.CLUSTER):
        ranges["onPrem.addressSpace"] = settings.on_prem.address_space
    if settings.includes(Layer.CLUSTER):
        ranges["cluster.podRange"] = settings.cluster.pod_range
        ranges["cluster.serviceRange"] = settings.cluster.service_range
    return ranges


def _overlaps(ranges: dict[str, IPv4Network]) -> Iterator[str]:
    for (key, one), (other_key, other) in combinations(ranges.items(), 2):
        if one.overlaps(other):
            yield f"{key} {one} overlaps {other_key} {other}: give one of them another range"
