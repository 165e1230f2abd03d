"""Policy network: what declared network policies let through, by the rules of networking.k8s.io/v1. Pure; for tests."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from ipaddress import IPv4Address, ip_network
from typing import Any

Labels = Mapping[str, str]
Policy = Mapping[str, Any]


@dataclass(frozen=True)
class Pod:
    """A pod by its labels and those of its namespace."""

    labels: Labels
    namespace: Labels


@dataclass(frozen=True)
class Way:
    """A direction, by its words in a policy: its type, its rules, and whom a rule names."""

    type: str
    rules: str
    peers: str


IN, OUT = Way("Ingress", "ingress", "from"), Way("Egress", "egress", "to")


@dataclass(frozen=True)
class Network:
    """Policies of one namespace; traffic between two of its pods passes both one's egress and the other's ingress."""

    namespace: Labels
    policies: Sequence[Policy]

    def leaves(self, pod: Pod, to: Pod | IPv4Address, port: int, protocol: str = "TCP") -> bool:
        """Whether a pod of the namespace may send there."""
        return self._lets(OUT, pod, to, port, protocol)

    def enters(self, pod: Pod, sender: Pod | IPv4Address, port: int, protocol: str = "TCP") -> bool:
        """Whether a pod of the namespace may be sent this."""
        return self._lets(IN, pod, sender, port, protocol)

    def passes(self, sender: Pod, receiver: Pod, port: int) -> bool:
        """Whether two pods of the namespace may talk."""
        return self.leaves(sender, receiver, port) and self.enters(receiver, sender, port)

    def _lets(self, way: Way, pod: Pod, other: Pod | IPv4Address, port: int, protocol: str) -> bool:
        concerned = [one for one in self.policies if way.type in one["policyTypes"] and _selects(one, pod)]
        if not concerned:
            return True  # a pod that no policy is about is not isolated
        return any(
            _has_port(rule, port, protocol)
            and (way.peers not in rule or any(self._is(peer, other) for peer in rule[way.peers]))
            for one in concerned
            for rule in one.get(way.rules) or ()
        )

    def _is(self, peer: Mapping[str, Any], other: Pod | IPv4Address) -> bool:
        if "ipBlock" in peer:
            return isinstance(other, IPv4Address) and _holds(peer["ipBlock"], other)
        if isinstance(other, IPv4Address):
            return False
        at_home = "namespaceSelector" not in peer and other.namespace == self.namespace
        there = "namespaceSelector" in peer and _matches(peer["namespaceSelector"], other.namespace)
        return (at_home or there) and _matches(peer.get("podSelector", {}), other.labels)


def _selects(policy: Policy, pod: Pod) -> bool:
    return _matches(policy["podSelector"], pod.labels)


def _matches(selector: Mapping[str, Any], labels: Labels) -> bool:
    assert set(selector) <= {"matchLabels"}, "the only form that is declared"
    return bool(selector.get("matchLabels", {}).items() <= labels.items())


def _has_port(rule: Mapping[str, Any], port: int, protocol: str) -> bool:
    return "ports" not in rule or any((one["port"], one["protocol"]) == (port, protocol) for one in rule["ports"])


def _holds(block: Mapping[str, Any], address: IPv4Address) -> bool:
    return address in ip_network(block["cidr"]) and not any(
        address in ip_network(one) for one in block.get("except", ())
    )


def ways(network: Network, pods: Mapping[str, Pod], ports: Sequence[int]) -> Iterator[tuple[str, str, int]]:
    """Every (sender, receiver, port) that passes between different pods."""
    for sender, one in pods.items():
        for receiver, other in pods.items():
            if sender != receiver:
                yield from ((sender, receiver, port) for port in ports if network.passes(one, other, port))
