"""Monitoring: Prometheus, Grafana and Alertmanager, once a cluster. What it asks and shows is declared beside it."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Namespace, Secret
from pulumi_kubernetes.helm.v3 import Release, ReleaseArgs, RepositoryOptsArgs

from infra.cluster.scope import ClusterScope
from infra.component import Component
from infra.releases.alert_routes import MAIL_KEY, TELEGRAM_KEY, tells_anybody
from infra.releases.alert_routes import SECRET as RECEIVERS_SECRET
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
        self._scope = scope.behind(namespace)
        settings, space = scope.settings, scope.names.monitoring_namespace
        password: dict[str, pulumi.Input[str]] = {
            ADMIN_USER_KEY: "admin",
            ADMIN_PASSWORD_KEY: secret(settings.grafana_password),
        }
        secrets = [self._secret(ADMIN_SECRET, password)]
        if tells_anybody(settings):
            # Both keys always: a file that is missing would be an error only when the first alert is sent.
            ways: dict[str, pulumi.Input[str]] = {
                TELEGRAM_KEY: secret(settings.telegram_token),
                MAIL_KEY: secret(settings.mail_password),
            }
            secrets.append(self._secret(RECEIVERS_SECRET, ways))
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
            opts=self._scope.options(self, *secrets),
        )
        self.register()

    def _secret(self, name: str, values: dict[str, pulumi.Input[str]]) -> Secret:
        scope = self._scope
        metadata = scope.metadata(name, namespace=scope.names.monitoring_namespace)
        return Secret(name, metadata=metadata, type="Opaque", string_data=values, opts=scope.options(self))
