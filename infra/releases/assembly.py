"""Assembly: the wiring of the releases layer. Declares nothing itself."""

from __future__ import annotations

import pulumi

from infra.cluster.assembly import Cluster
from infra.cluster.azure_facts import AzureFacts
from infra.layers import ReleasesLayer
from infra.releases.alert_rules import AlertRules
from infra.releases.dashboard_maps import DashboardMaps
from infra.releases.log_forwarder import LogForwarder
from infra.releases.monitoring import Monitoring
from infra.releases.namespaces import ReleaseNamespaces
from infra.releases.service_monitors import ServiceMonitors


def declare_releases(cluster: Cluster, azure: AzureFacts | None) -> None:
    """Declare monitoring, log forwarding and what they load. `azure`: nothing in a stack without the layer cloud.

    A stack that leaves the monitoring to another one has its monitors, rules and pages all the same, in its own
    namespace; the definitions of these kinds must then be in the cluster before.
    """
    layer = ReleasesLayer(pulumi.ResourceOptions(providers=[cluster.connection.provider]))
    within = pulumi.ResourceOptions(parent=layer)
    scope = cluster.scope
    namespaces = ReleaseNamespaces("release-namespaces", scope, within)
    watched = scope
    if namespaces.monitoring:
        watched = scope.behind(Monitoring("monitoring", scope, namespaces.monitoring, within).release)
    ServiceMonitors("service-monitors", watched, within)
    AlertRules("alert-rules", watched, within)
    DashboardMaps("dashboards", scope, within)
    if namespaces.logs and azure:
        LogForwarder("log-forwarder", scope.behind(namespaces.logs), azure, within)
