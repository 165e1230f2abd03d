"""ServiceMonitors: what Prometheus asks of this stack's services. In the stack's own namespace, whoever runs it."""

from __future__ import annotations

import pulumi

from infra.cluster.objects import APP_LABEL
from infra.cluster.scope import ClusterScope
from infra.component import Component
from infra.releases.operator import RELEASE_LABEL, Endpoint, ServiceMonitor, ServiceMonitorSpec
from infra.releases.targets import TARGET_LABEL_IN_THE_WAY, TARGETS, Target


class ServiceMonitors(Component):
    """One for each service with metrics (requirements P5.06). A bot of no replicas has no target, and so no series."""

    TOKEN = "spy:releases:ServiceMonitors"  # noqa: S105  (a type token)

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        for target in TARGETS:
            ServiceMonitor(
                target.monitor,
                _spec(target),
                scope.metadata(target.monitor, app=target.app, labels=RELEASE_LABEL),
                scope.options(self),
            )
        self.register()


def _spec(target: Target) -> ServiceMonitorSpec:
    endpoint = Endpoint(target.port, dropped_labels=(TARGET_LABEL_IN_THE_WAY,))
    return ServiceMonitorSpec({APP_LABEL: target.app}, [endpoint])
