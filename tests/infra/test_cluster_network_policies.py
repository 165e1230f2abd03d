"""Who may talk to whom in the namespace, read from the declared policies as a controller would enforce them."""

from __future__ import annotations

from functools import cache
from ipaddress import IPv4Address
from typing import Any
from urllib.parse import urlsplit

import pytest

from infra.cluster.accounts import workloads
from infra.cluster.config import backend_values, bot_values, detector_values, shared_values
from infra.cluster.network_policies import NetworkPolicies
from infra.cluster.objects import App
from infra.plan import reveal
from infra.policies.plans import subject
from infra.policies.pods import WORKLOADS, label
from stacks.naming import Names
from stacks.settings import StackSettings
from tests.infra.cluster_parts import cluster_part, objects
from tests.infra.policy_network import Network, Pod, ways
from tests.infra.recording import STACKS, recorded, settings_of

POLICY = "networking.k8s.io/v1:NetworkPolicy"
PORTS = (22, 53, 80, 443, 4000, 4001, 4002, 4003, 4004, 4013, 5900, 6443, 8000, 8080, 8443, 9100)
NAME = "kubernetes.io/metadata.name"
PUBLIC, HOME, METADATA = IPv4Address("20.50.2.1"), IPv4Address("192.168.1.7"), IPv4Address("169.254.169.254")
TABLES = IPv4Address("10.0.3.4")
PROMETHEUS = Pod({"app.kubernetes.io/name": "prometheus"}, {NAME: "monitoring"})
GRAFANA = Pod({"app.kubernetes.io/name": "grafana"}, {NAME: "monitoring"})
COREDNS = Pod({"k8s-app": "kube-dns"}, {NAME: "kube-system"})


def network_of(stack: str | StackSettings) -> tuple[Network, dict[str, Pod]]:
    """The declared policies, and a pod of each workload."""
    return _network_of(settings_of(stack))


@cache
def _network_of(settings: StackSettings) -> tuple[Network, dict[str, Pod]]:
    plan = cluster_part(lambda scope, within: NetworkPolicies("network-policies", scope, within), settings)
    home = {NAME: Names(settings).namespace}
    policies: list[dict[str, Any]] = [reveal(one.inputs)["spec"] for one in objects(plan, POLICY).values()]
    return Network(home, policies), {app: Pod({"app": app}, home) for app in workloads(settings)}


PIPELINE = {(App.DETECTOR, App.BACKEND, 8000)}
SIMULATED = PIPELINE | {
    (App.DETECTOR, App.SIMULATOR, 4003),
    (App.DETECTOR, App.SIMULATOR, 4013),
    (App.BACKEND, App.SIMULATOR, 4013),
    (App.BOT, App.SIMULATOR, 4003),
}


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        (
            "prod",
            PIPELINE | {(App.DETECTOR, App.GATEWAY, 4003), (App.BOT, App.PAPER_GATEWAY, 4004)},
        ),
        ("dev", SIMULATED),
        ("local", SIMULATED),
        (
            StackSettings.model_validate({"stack": "prod", "cluster": {"gateway": "paper"}}),
            PIPELINE | {(App.DETECTOR, App.PAPER_GATEWAY, 4004), (App.BOT, App.PAPER_GATEWAY, 4004)},
        ),
    ],
)
def test_within_the_namespace_these_ways_are_open_and_no_others(
    stack: str | StackSettings, expected: set[tuple[str, str, int]]
) -> None:
    assert set(ways(*network_of(stack), PORTS)) == expected


@pytest.mark.parametrize("stack", STACKS)
def test_every_address_that_a_service_is_told_is_one_that_it_reaches(stack: str) -> None:
    """Through the Service's own selector, on the port of its pods."""
    network, pods = network_of(stack)
    settings = settings_of(stack)
    services = {
        str(told["metadata"]["name"]): told["spec"]
        for told in (reveal(one.inputs) for one in objects(recorded(stack), "core/v1:Service").values())
    }
    shared = shared_values(settings)
    told = {
        App.DETECTOR: [(shared["IBKR_HOST"], int(shared["IBKR_PORT"])), *_urls(shared, detector_values(settings))],
        App.BACKEND: _urls({**shared, "BACKEND_URL": ""}, backend_values(settings)),
        App.BOT: [(bot_values(settings)["BOT_IBKR_HOST"], int(bot_values(settings)["BOT_IBKR_PORT"]))],
    }
    for app, addresses in told.items():
        for host, port in addresses:
            spec = services[host]
            (target,) = [one for one in spec["ports"] if one["port"] == port]
            receiver = Pod(spec["selector"], network.namespace)
            assert isinstance(target.get("targetPort", port), (int, str))
            assert network.passes(pods[app], receiver, port), f"{app} is told {host}:{port}"


def _urls(*values: dict[str, str]) -> list[tuple[str, int]]:
    """Host and port of every http address of the namespace among values."""
    parts = [urlsplit(value) for each in values for value in each.values() if value.startswith("http://")]
    return [(str(one.hostname), int(one.port or 80)) for one in parts]


@pytest.mark.parametrize("stack", STACKS)
def test_every_pod_of_the_namespace_is_one_that_a_policy_knows(stack: str) -> None:
    """By the label that its template really has: one that is written differently would reach nothing."""
    labels = {
        label(subject(one), "app")
        for one in recorded(stack).resources.values()
        if one.type in WORKLOADS and "spy:layer:Cluster$" in one.urn
    }
    assert labels == set(network_of(stack)[1])


@pytest.mark.parametrize("stack", STACKS)
def test_all_ask_for_names_and_only_the_cluster_s_own_server(stack: str) -> None:
    network, pods = network_of(stack)
    for pod in pods.values():
        assert network.leaves(pod, COREDNS, 53, "UDP")
        assert network.leaves(pod, COREDNS, 53)
        assert not network.leaves(pod, PUBLIC, 53, "UDP"), "names of its own would carry data out"


@pytest.mark.parametrize("stack", STACKS)
def test_prometheus_reads_the_services_metrics_and_nobody_else_of_its_namespace_does(stack: str) -> None:
    network, pods = network_of(stack)
    opened = {(app, port) for app, pod in pods.items() for port in PORTS if network.enters(pod, PROMETHEUS, port)}
    assert opened == {(App.DETECTOR, 9100), (App.BACKEND, 8000), (App.BOT, 8080)}
    assert not any(network.enters(pod, GRAFANA, port) for pod in pods.values() for port in PORTS)


def test_nothing_comes_in_from_outside_the_cluster() -> None:
    network, pods = network_of("prod")
    for address in (PUBLIC, HOME):
        assert not any(network.enters(pod, address, port) for pod in pods.values() for port in PORTS)


def open_to(stack: str | StackSettings, address: IPv4Address) -> dict[str, set[int]]:
    """By workload: the ports that it reaches at an address."""
    network, pods = network_of(stack)
    found = {app: {port for port in PORTS if network.leaves(pod, address, port)} for app, pod in pods.items()}
    return {app: ports for app, ports in found.items() if ports}


def test_only_gateways_reach_the_broker_and_what_signs_in_to_azure_reaches_https() -> None:
    prod = StackSettings.model_validate({"stack": "prod", "cluster": {"apiRange": "192.168.1.7/32"}})
    assert open_to(prod, PUBLIC) == {
        App.GATEWAY: {443, 4000, 4001},
        App.PAPER_GATEWAY: {443, 4000, 4001},
        App.BACKEND: {443},
        App.DETECTOR: {443},
    }


def test_without_azure_nothing_but_the_api_server_is_reached_outside() -> None:
    local = settings_of("local")
    narrow = local.model_copy(
        update={"cluster": local.cluster.model_copy(update={"api_range": "192.168.1.7/32"})},
    )
    narrow = StackSettings.model_validate({**narrow.model_dump(by_alias=True), "stack": "local"})
    assert open_to(narrow, PUBLIC) == {}
    assert open_to(narrow, HOME) == {App.DETECTOR: {443, 6443}}


def test_the_api_server_is_asked_by_those_with_a_right_there() -> None:
    prod = StackSettings.model_validate({"stack": "prod", "cluster": {"apiRange": "192.168.1.7/32"}})
    assert open_to(prod, HOME) == {App.DETECTOR: {443, 6443}, App.SCALER: {443, 6443}}
    moved = {"apiRange": "192.168.1.7/32", "apiPort": 8443}
    elsewhere = StackSettings.model_validate({"stack": "prod", "cluster": moved})
    assert open_to(elsewhere, HOME) == {App.DETECTOR: {443, 8443}, App.SCALER: {443, 8443}}
    assert {app for app, ports in open_to("prod", HOME).items() if 6443 in ports} == {App.DETECTOR, App.SCALER}


def test_the_tables_behind_the_tunnel_are_the_backend_s() -> None:
    narrow = {"cluster": {"apiRange": "192.168.1.7/32"}}
    private = StackSettings.model_validate({"stack": "prod", "storage": {"privateEndpoint": True}, **narrow})
    public = StackSettings.model_validate({"stack": "prod", **narrow})
    assert open_to(private, TABLES) == {App.BACKEND: {443}}
    assert open_to(public, TABLES) == {}


@pytest.mark.parametrize("stack", STACKS)
def test_no_service_but_those_of_the_api_server_reaches_a_node_s_metadata(stack: str) -> None:
    settings = settings_of(stack)
    narrow = StackSettings.model_validate(
        {
            **settings.model_dump(by_alias=True),
            "stack": stack,
            "cluster": {**settings.cluster.model_dump(by_alias=True), "apiRange": "192.168.1.7/32"},
        }
    )
    assert open_to(narrow, METADATA) == {}
