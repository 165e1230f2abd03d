"""Monitoring: Prometheus, Grafana and Alertmanager, once a cluster. What it asks and shows is declared beside it."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret
from pulumi_kubernetes.helm.v3 import Release, ReleaseArgs, RepositoryOptsArgs

from infra.cluster.scope import ClusterScope
from infra.component import Component
from infra.releases.monitoring_values import ADMIN_PASSWORD_KEY, ADMIN_SECRET, ADMIN_USER_KEY, values
from infra.sensitive import secret
from stacks.pins import MONITORING, chart_version

RELEASE = "prometheus"

TIMEOUT_SECONDS = 900
"""A first installation fetches about ten images over a home line."""

KEPT_REVISIONS = 5


class Monitoring(Component):
    """kube-prometheus-stack as a Helm release: all of it or nothing, waited for until its pods are ready.

    Helm makes the chart's definitions (ServiceMonitor, PrometheusRule …) on the first installation, so what this
    program declares of those kinds waits for the release.
    """

    TOKEN = "spy:releases:Monitoring"  # noqa: S105  (a type token)

    release: Release
    """What objects of the operator's kinds wait for."""

    def __init__(
        self, name: str, scope: ClusterScope, namespace: Namespace, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        settings, space = scope.settings, scope.names.monitoring_namespace
        admin = Secret(
            ADMIN_SECRET,
            metadata=scope.metadata(ADMIN_SECRET, namespace=space),
            type="Opaque",
            string_data={ADMIN_USER_KEY: "admin", ADMIN_PASSWORD_KEY: secret(settings.grafana_password)},
            opts=scope.options(self, namespace),
        )
        self.release = Release(
            RELEASE,
            ReleaseArgs(
                name=RELEASE,
                namespace=space,
                chart=MONITORING,
                version=chart_version(MONITORING),
                repository_opts=RepositoryOptsArgs(repo=settings.upstream.charts),
                values=values(settings),
                atomic=True,
                cleanup_on_fail=True,
                timeout=TIMEOUT_SECONDS,
                max_history=KEPT_REVISIONS,
            ),
            opts=scope.options(self, namespace, admin),
        )
        self.register()
