"""DashboardMaps: the dashboards as ConfigMaps that Grafana's sidecar finds by their label, in whatever namespace."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from infra.cluster.scope import ClusterScope
from infra.component import Component
from infra.releases.dashboards import platform, pulse, trading
from infra.releases.dashboards.panels import Dashboard
from infra.releases.promql import Series

SIDECAR_LABEL = {"grafana_dashboard": "1"}


class DashboardMaps(Component):
    """One ConfigMap a page. The file is called after page and stack: the sidecar puts all files into one folder."""

    TOKEN = "spy:releases:DashboardMaps"  # noqa: S105  (a type token)

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        stack = scope.settings.stack
        for page in dashboards(scope.namespace):
            ConfigMap(
                page.name,
                metadata=scope.metadata(f"dashboard-{page.name}", labels=SIDECAR_LABEL),
                data={f"{page.uid(stack)}.json": page.json(stack)},
                opts=scope.options(self),
            )
        self.register()


def dashboards(namespace: str) -> list[Dashboard]:
    """The pages of a stack in this namespace."""
    series = Series(namespace)
    return [trading.dashboard(series), pulse.dashboard(series), platform.dashboard(series)]
