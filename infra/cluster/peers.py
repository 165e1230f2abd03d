"""Peers: whom a pod may talk to, and on which ports, as network policies say it. Pure; declares nothing."""

from __future__ import annotations

from collections.abc import Sequence
from ipaddress import IPv4Network

from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking.v1 import IPBlockArgs, NetworkPolicyPeerArgs, NetworkPolicyPortArgs

from infra.cluster.connection import SYSTEM
from infra.cluster.objects import APP_LABEL
from stacks.checks.words import NOT_ON_THE_INTERNET
from stacks.naming import Names
from stacks.settings import StackSettings

NAMESPACE = "kubernetes.io/metadata.name"
"""Label that the API server puts on every namespace."""

NAME_SERVICE = {"k8s-app": "kube-dns"}
"""Label of the cluster's name service, in k3s as elsewhere."""

SCRAPER = {"app.kubernetes.io/name": "prometheus"}
"""Label that the operator puts on Prometheus' pods."""


def tcp(*ports: int) -> list[NetworkPolicyPortArgs]:
    """These ports of a pod or address; a Service's are translated before a policy is asked."""
    return [NetworkPolicyPortArgs(protocol="TCP", port=port) for port in ports]


def dns() -> list[NetworkPolicyPortArgs]:
    """Port 53, both ways."""
    return [NetworkPolicyPortArgs(protocol=protocol, port=53) for protocol in ("UDP", "TCP")]


def pods(app: str) -> NetworkPolicyPeerArgs:
    """Pods of a workload of the same namespace."""
    return NetworkPolicyPeerArgs(pod_selector=LabelSelectorArgs(match_labels={APP_LABEL: app}))


def name_service() -> NetworkPolicyPeerArgs:
    """CoreDNS."""
    return _elsewhere(SYSTEM, NAME_SERVICE)


def prometheus(names: Names) -> NetworkPolicyPeerArgs:
    """The cluster's one Prometheus, whichever stack installed it."""
    return _elsewhere(names.monitoring_namespace, SCRAPER)


def _elsewhere(namespace: str, labels: dict[str, str]) -> NetworkPolicyPeerArgs:
    return NetworkPolicyPeerArgs(
        namespace_selector=LabelSelectorArgs(match_labels={NAMESPACE: namespace}),
        pod_selector=LabelSelectorArgs(match_labels=labels),
    )


def internet(settings: StackSettings) -> NetworkPolicyPeerArgs:
    """Every public address: no policy can name a host. Not the home network, other pods, or a cloud's metadata."""
    ours = (settings.cluster.pod_range, settings.cluster.service_range)
    return _addresses(IPv4Network("0.0.0.0/0"), [*NOT_ON_THE_INTERNET, *ours])


def private_endpoint(settings: StackSettings) -> NetworkPolicyPeerArgs:
    """The tables' private addresses, behind the tunnel."""
    return _addresses(settings.network.private_endpoint_subnet)


def api_server(settings: StackSettings) -> NetworkPolicyPeerArgs:
    """Where the API server answers. Its pods, if it has any, are on the node's own addresses."""
    return _addresses(settings.cluster.api_range, [settings.cluster.pod_range])


def _addresses(range_: IPv4Network, without: Sequence[IPv4Network] = ()) -> NetworkPolicyPeerArgs:
    """A range of addresses without what of it is left out, each part once."""
    left_out: list[IPv4Network] = []
    for one in without:
        if one != range_ and one.subnet_of(range_) and not any(one.subnet_of(other) for other in left_out):
            left_out.append(one)
    block = IPBlockArgs(cidr=str(range_), except_=[str(one) for one in left_out] or None)
    return NetworkPolicyPeerArgs(ip_block=block)
