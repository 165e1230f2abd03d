"""Address ranges: whatever overlaps is told, and nothing else."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv4Network
from itertools import combinations
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.checks import addresses, problems
from stacks.settings import StackSettings
from tests.stacks.builders import changed, only, stack

RANGES = ("network.addressSpace", "onPrem.addressSpace", "cluster.podRange", "cluster.serviceRange")
SUBNETS = ("gatewaySubnet", "appSubnet", "containerSubnet", "privateEndpointSubnet")


def networks(shortest: int, longest: int) -> st.SearchStrategy[IPv4Network]:
    """Networks in 10.0.0.0/12: few enough that they often meet."""
    return st.builds(
        lambda address, prefix: IPv4Network((address, prefix), strict=False),
        st.integers(int(IPv4Address("10.0.0.0")), int(IPv4Address("10.15.255.255"))),
        st.integers(shortest, longest),
    )


def last(network: IPv4Network) -> int:
    """Last address, from prefix length alone: not by the library that the check uses."""
    return int(network.network_address) + (1 << (32 - network.prefixlen)) - 1


def meet(one: IPv4Network, other: IPv4Network) -> bool:
    return int(one.network_address) <= last(other) and int(other.network_address) <= last(one)


def told(settings: StackSettings, key: str, other: str) -> bool:
    return any(f"{key} " in sentence and f"overlaps {other} " in sentence for sentence in addresses.alone(settings))


@given(st.tuples(*[networks(12, 20)] * 4))
def test_ranges_between_which_packets_travel_overlap_exactly_when_told(chosen: tuple[IPv4Network, ...]) -> None:
    values: dict[str, Any] = {}
    for key, network in zip(RANGES, chosen, strict=True):
        values = changed(values, key, str(network))
    settings = stack("prod", **values)
    for (key, one), (other_key, other) in combinations(zip(RANGES, chosen, strict=True), 2):
        assert told(settings, key, other_key) == meet(one, other)


@given(st.tuples(*[networks(14, 30)] * 4), networks(12, 16))
def test_subnets_are_inside_apart_and_large_enough_exactly_when_nothing_is_told(
    chosen: tuple[IPv4Network, ...], space: IPv4Network
) -> None:
    network = {"addressSpace": str(space)} | {key: str(subnet) for key, subnet in zip(SUBNETS, chosen, strict=True)}
    settings = stack("prod", network=network, layers=["cloud", "images"])
    inside = all(int(space.network_address) <= int(one.network_address) and last(one) <= last(space) for one in chosen)
    apart = not any(meet(one, other) for one, other in combinations(chosen, 2))
    large = all(one.num_addresses >= least for one, least in zip(chosen, (32, 16, 8, 8), strict=True))
    assert (list(addresses.alone(settings)) == []) == (inside and apart and large)


@pytest.mark.parametrize(
    ("key", "value", "said"),
    [
        ("network.gatewaySubnet", "10.0.0.0/28", "network.gatewaySubnet 10.0.0.0/28 is too small: give it /27"),
        ("network.appSubnet", "10.0.1.0/29", "network.appSubnet 10.0.1.0/29 is too small: give it /28"),
        ("network.appSubnet", "10.1.0.0/24", "is not inside network.addressSpace 10.0.0.0/16: choose a part"),
        ("network.appSubnet", "10.0.2.128/25", "network.appSubnet 10.0.2.128/25 overlaps network.containerSubnet"),
        ("onPrem.addressSpace", "10.0.0.0/24", "network.addressSpace 10.0.0.0/16 overlaps onPrem.addressSpace"),
        ("cluster.podRange", "10.0.128.0/17", "network.addressSpace 10.0.0.0/16 overlaps cluster.podRange"),
        ("cluster.serviceRange", "10.42.0.0/24", "cluster.podRange 10.42.0.0/16 overlaps cluster.serviceRange"),
        ("cluster.serviceRange", "192.168.1.128/25", "onPrem.addressSpace 192.168.1.0/24 overlaps cluster.service"),
    ],
)
def test_each_overlap_is_one_sentence_with_both_keys(key: str, value: str, said: str) -> None:
    assert said in only(problems([stack("prod", **changed({}, key, value))]))


def test_a_range_that_azure_keeps_is_refused() -> None:
    subnets = {key: f"169.254.{number}.0/24" for number, key in enumerate(SUBNETS)}
    found = problems([stack("prod", network={"addressSpace": "169.254.0.0/16", **subnets})])
    assert "holds 169.254.0.0/16, which Azure keeps for itself" in only(found)


def test_ranges_of_layers_that_are_left_out_are_not_asked_about() -> None:
    assert list(addresses.alone(stack("dev", layers=["cloud", "images"], cluster={"podRange": "10.0.0.0/16"}))) == []


def test_two_tunnels_into_one_home_network_need_two_networks() -> None:
    gateway = {"vpn": {"sku": "Basic"}}
    two = [stack("dev", **gateway), stack("prod", **gateway)]
    assert "dev and prod: network.addressSpace 10.0.0.0/16" in only(problems(two))
    assert problems([stack("dev"), stack("prod", **gateway)]) == [], "one tunnel"
    elsewhere = stack("dev", **gateway, onPrem={"addressSpace": "192.168.7.0/24"})
    assert problems([elsewhere, two[1]]) == [], "two homes"
