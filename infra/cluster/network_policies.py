"""NetworkPolicies: who may talk to whom. Everything else is refused, both ways, for every pod of the namespace.

What policies cannot say: a host's name (Azure and the broker are "the internet", by port), who on the node asks (probes
and `kubectl port-forward` come from it and are let in), and anything at all where no controller enforces them. k3s has
one built in.
"""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.networking.v1 import (
    NetworkPolicy,
    NetworkPolicyEgressRuleArgs,
    NetworkPolicyIngressRuleArgs,
    NetworkPolicyPeerArgs,
    NetworkPolicySpecArgs,
)

from apps.contracts.names import Port
from infra.cluster.accounts import workloads
from infra.cluster.broker import for_data, for_orders, is_simulated
from infra.cluster.objects import APP_LABEL, App
from infra.cluster.peers import api_server, dns, internet, name_service, pods, private_endpoint, prometheus, tcp
from infra.cluster.scope import ClusterScope
from infra.component import Component
from stacks.settings import Layer
from stacks.settings.platform import ClusterIdentity

HTTPS = 443
BROKER = (HTTPS, 4000, 4001)
"""Ports of Interactive Brokers' own hosts that a gateway connects to: its website, and its servers plain and by TLS."""


@dataclass(frozen=True)
class Way:
    """Peer and ports of one direction."""

    peer: NetworkPolicyPeerArgs
    ports: tuple[int, ...]


class NetworkPolicies(Component):
    """The refusal of everything, names for all, and for each workload the few ways that it has."""

    TOKEN = "spy:cluster:NetworkPolicies"  # noqa: S105  (a type token)

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope, self._settings = scope, scope.settings
        self._default_deny()
        self._name_service()
        ways_in, ways_out = self._ways_in(), self._ways_out()
        for app in workloads(scope.settings):
            self._policy(app, ways_in.get(app, []), ways_out.get(app, []))
        self.register()

    def _ways_in(self) -> dict[str, list[Way]]:
        """By workload: who asks it. Nobody asks the schedule's jobs; people come by `kubectl port-forward`."""
        data, orders = for_data(self._settings), for_orders(self._settings)
        scraped = prometheus(self._scope.names)
        found = {
            App.DETECTOR: [Way(scraped, (Port.DETECTOR,))],
            App.BACKEND: [Way(pods(App.DETECTOR), (Port.BACKEND,)), Way(scraped, (Port.BACKEND,))],
            App.BOT: [Way(scraped, (Port.BOT,))],
            data.app: [Way(pods(App.DETECTOR), (data.port,))],
        }
        found.setdefault(orders.app, []).append(Way(pods(App.BOT), (orders.port,)))
        if is_simulated(self._settings):
            found[App.SIMULATOR] += [Way(pods(app), (Port.SIMULATOR_CONTROL,)) for app in (App.DETECTOR, App.BACKEND)]
        return found

    def _ways_out(self) -> dict[str, list[Way]]:
        """By workload: whom it asks. Nothing leaves the simulator."""
        data, orders = for_data(self._settings), for_orders(self._settings)
        broker = Way(internet(self._settings), BROKER)
        # The Service's port, and the server's behind it: a policy is asked about either, as the controller has it.
        api = Way(api_server(self._settings), (HTTPS, self._settings.cluster.api_port))
        control = [Way(pods(App.SIMULATOR), (Port.SIMULATOR_CONTROL,))] if is_simulated(self._settings) else []
        gateways = {} if is_simulated(self._settings) else {data.app: [broker], orders.app: [broker]}
        return gateways | {
            App.DETECTOR: [
                Way(pods(data.app), (data.port,)),
                Way(pods(App.BACKEND), (Port.BACKEND,)),
                api,
                *control,
                *self._sign_in(),
            ],
            App.BACKEND: [*control, *self._azure()],
            App.BOT: [Way(pods(orders.app), (orders.port,))],
            App.SCALER: [api],
        }

    def _sign_in(self) -> list[Way]:
        """Entra, for who signs in with a token of the cluster."""
        federated = self._settings.cluster.identity is ClusterIdentity.FEDERATED
        return [Way(internet(self._settings), (HTTPS,))] if federated else []

    def _azure(self) -> list[Way]:
        """Tables, SignalR, Entra and telemetry: at public addresses, the tables perhaps at a private one."""
        if not self._settings.includes(Layer.CLOUD):
            return []
        private = [Way(private_endpoint(self._settings), (HTTPS,))] if self._settings.storage.private_endpoint else []
        return [Way(internet(self._settings), (HTTPS,)), *private]

    def _default_deny(self) -> None:
        self._declare("default-deny", LabelSelectorArgs(), [], [])

    def _name_service(self) -> None:
        egress = NetworkPolicyEgressRuleArgs(to=[name_service()], ports=dns())
        self._declare("allow-dns", LabelSelectorArgs(), None, [egress])

    def _policy(self, app: str, ways_in: list[Way], ways_out: list[Way]) -> None:
        self._declare(
            app,
            LabelSelectorArgs(match_labels={APP_LABEL: app}),
            [NetworkPolicyIngressRuleArgs(from_=[way.peer], ports=tcp(*way.ports)) for way in ways_in],
            [NetworkPolicyEgressRuleArgs(to=[way.peer], ports=tcp(*way.ports)) for way in ways_out],
        )

    def _declare(
        self,
        name: str,
        selector: LabelSelectorArgs,
        ingress: list[NetworkPolicyIngressRuleArgs] | None,
        egress: list[NetworkPolicyEgressRuleArgs],
    ) -> None:
        """`ingress` None: says nothing of that direction, and the others' word holds."""
        NetworkPolicy(
            name,
            metadata=self._scope.metadata(name),
            spec=NetworkPolicySpecArgs(
                pod_selector=selector,
                policy_types=["Egress"] if ingress is None else ["Ingress", "Egress"],
                ingress=ingress or None,
                egress=egress or None,
            ),
            opts=self._scope.options(self),
        )
