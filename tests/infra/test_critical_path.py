"""The critical path of a first up, and that the gateway's 45 minutes are nobody else's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from infra import critical_path
from infra.critical_path import LatencyUnknown, latencies, waits_for
from infra.plan import Plan, Registration
from stacks.settings import Layer
from tests.infra.recording import STACKS, symbolic

GATEWAY = "azure-native:network:VirtualNetworkGateway"
NETWORK = "azure-native:network:VirtualNetwork"
VAULT = "azure-native:keyvault:Vault"
SECRET = "azure-native:keyvault:Secret"


def resource(name: str, type_: str, *after: str, parent: str = "", **options: Any) -> Registration:
    """A resource whose URN is its name."""
    made = Registration(name, type_, name, parent, custom=True, inputs={}, dependencies=after)
    return replace(made, **options)


def plan_of(*resources: Registration) -> Plan:
    return Plan("dev", {one.urn: one for one in resources}, {}, (), {}, {})


def names(plan: Plan, without: tuple[str, ...] = ()) -> list[str]:
    return [step.urn for step in critical_path.critical_path(plan, without=without)]


def test_the_slower_of_two_chains_is_the_path_and_ends_at_its_sum() -> None:
    plan = plan_of(
        resource("network", NETWORK),
        resource("vault", VAULT, "network"),
        resource("quick", SECRET, "network"),
        resource("secret", SECRET, "vault", "quick"),
    )
    assert names(plan) == ["network", "vault", "secret"]
    expected = sum(latencies()[type_].seconds for type_ in (NETWORK, VAULT, SECRET))
    assert critical_path.critical_path(plan)[-1].ends == pytest.approx(expected)


def test_a_wait_by_property_parent_or_provider_counts_as_one_by_dependency() -> None:
    waits: list[dict[str, Any]] = [
        {"property_dependencies": {"id": ("vault",)}},
        {"parent": "vault"},
        {"provider": "vault"},
    ]
    for wait in waits:
        assert names(plan_of(resource("vault", VAULT), resource("secret", SECRET, **wait))) == ["vault", "secret"]


def test_components_and_providers_take_no_time_and_carry_the_wait_on() -> None:
    plan = plan_of(
        resource("vault", VAULT),
        resource("component", "spy:cloud:Thing", "vault"),
        resource("secret", SECRET, parent="component"),
    )
    assert names(plan) == ["vault", "secret"]


def test_a_layer_left_out_does_not_end_the_path_but_a_wait_for_it_shows() -> None:
    layer = resource("vpn", "spy:layer:Vpn")
    gateway = resource("gateway", GATEWAY, parent="vpn")
    assert names(plan_of(layer, gateway, resource("vault", VAULT)), (Layer.VPN,)) == ["vault"]
    patient = resource("vault", VAULT, "gateway")
    assert names(plan_of(layer, gateway, patient), (Layer.VPN,)) == ["gateway", "vault"]


def test_a_type_without_a_latency_is_named_with_the_file_that_lacks_it() -> None:
    with pytest.raises(LatencyUnknown, match=r"a:b:C has no latency: add seconds and source to stacks/latencies.yaml"):
        critical_path.critical_path(plan_of(resource("strange", "a:b:C")))


def test_every_latency_says_where_it_was_seen_or_that_it_is_an_estimate() -> None:
    assert all(one.seconds > 0 and one.source for one in latencies().values())
    assert latencies()[GATEWAY].seconds == 45 * 60


@pytest.mark.parametrize("stack", STACKS)
def test_every_type_that_a_stack_declares_has_a_latency(stack: str) -> None:
    assert critical_path.critical_path(symbolic(stack))


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_outside_the_layer_vpn_waits_for_the_gateway(stack: str) -> None:
    plan = symbolic(stack)
    gateways = {one.urn for one in plan.of_type(GATEWAY)}
    outside = [urn for urn in plan.resources if plan.layer(urn) != Layer.VPN]
    assert [urn for urn in outside if waits_for(plan, urn) & gateways] == []


def test_in_prod_there_is_a_gateway_and_its_connection_waits_for_it() -> None:
    plan = symbolic("prod")
    (gateway,) = plan.of_type(GATEWAY)
    (connection,) = plan.of_type(f"{GATEWAY}Connection")
    assert gateway.urn in waits_for(plan, connection.urn)


@pytest.mark.parametrize("stack", ["dev", "prod"])
def test_the_cloud_without_the_gateway_is_there_within_ten_simulated_minutes(stack: str) -> None:
    assert critical_path.critical_path(symbolic(stack), without=(Layer.VPN,))[-1].ends <= 10 * 60
