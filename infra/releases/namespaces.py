"""ReleaseNamespaces: where the cluster's monitoring and the stack's log forwarder are. Declares no pod."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Namespace

from infra.cluster.namespaces import labels
from infra.cluster.scope import ClusterScope
from infra.component import Component


class ReleaseNamespaces(Component):
    """Namespaces apart from the workloads', because both kinds of pods here mount folders of the node.

    The node exporter reads the node's own files and the forwarder its log files; Pod Security lets neither into a
    namespace under `baseline` or `restricted`, so these are `privileged`, and the workloads' stays `restricted`. A
    stack that leaves the monitoring to another one has a namespace of its own for its forwarder. Neither is
    protected: what is in them is made anew by the next run, but for the monitoring's own history.
    """

    TOKEN = "spy:releases:ReleaseNamespaces"  # noqa: S105  (a type token)

    monitoring: Namespace | None
    """None in a stack that leaves the monitoring to another one."""
    logs: Namespace | None
    """The forwarder's, which may be the monitoring's; None in a stack that forwards no logs."""

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope = scope
        names, settings = scope.names, scope.settings
        self.monitoring = (
            self._privileged("monitoring", names.monitoring_namespace) if settings.installs_monitoring else None
        )
        self.logs = None
        if settings.forwards_logs:
            self.logs = self.monitoring or self._privileged("logs", names.log_namespace)
        self.register()

    def _privileged(self, name: str, namespace: str) -> Namespace:
        scope = self._scope
        metadata = scope.metadata(namespace, namespace=None, labels=labels(scope, namespace, "privileged"))
        return Namespace(name, metadata=metadata, opts=scope.options(self))
