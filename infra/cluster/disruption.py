"""Disruption: how many pods of a service a person who empties a node may take at once. Only where nodes are several.

On one node a budget would only stop `kubectl drain`, because the evicted pod's successor has nowhere to go (measured).
There the maintenance of the node is a stop.
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs
from pulumi_kubernetes.policy.v1 import PodDisruptionBudget, PodDisruptionBudgetSpecArgs

from infra.cluster.objects import APP_LABEL, App
from infra.cluster.scope import ClusterScope
from infra.component import Component

SEVERAL = (App.DETECTOR, App.BACKEND)
"""Services that run more than once; bot, gateways and simulator never do, and a budget would pin them to their node."""


class Disruption(Component):
    """A PodDisruptionBudget for each service that runs more than once."""

    TOKEN = "spy:cluster:Disruption"  # noqa: S105  (a type token)

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        for app in SEVERAL:
            PodDisruptionBudget(
                app,
                metadata=scope.metadata(app, app=app),
                spec=PodDisruptionBudgetSpecArgs(
                    max_unavailable=1,
                    selector=LabelSelectorArgs(match_labels={APP_LABEL: app}),
                    unhealthy_pod_eviction_policy="AlwaysAllow",
                ),
                opts=scope.options(self),
            )
        self.register()
