"""AlertRules: when Prometheus raises an alert for this stack. In the stack's own namespace, whoever installed it."""

from __future__ import annotations

import pulumi

from infra.cluster.scope import ClusterScope
from infra.component import Component
from infra.releases.alerts import market, platform, services
from infra.releases.operator import RELEASE_LABEL, PrometheusRule, PrometheusRuleSpec
from infra.releases.promql import Series
from stacks.settings import StackSettings

NAME = "spy-alerts"


class AlertRules(Component):
    """One object with a group for services, market data and the platform; docs/monitoring.md says what each means."""

    TOKEN = "spy:releases:AlertRules"  # noqa: S105  (a type token)

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        PrometheusRule(
            "alerts",
            spec(scope.settings, scope.namespace),
            scope.metadata(NAME, labels=RELEASE_LABEL),
            scope.options(self),
        )
        self.register()


def spec(settings: StackSettings, namespace: str) -> PrometheusRuleSpec:
    """Every alert of a stack."""
    series = Series(namespace)
    return PrometheusRuleSpec(
        {
            "spy-services": services.alerts(series),
            "spy-market": market.alerts(series),
            "spy-platform": platform.alerts(series, settings),
        }
    )
