"""Tunnel alerts: tell when the connection to the home network is lost. Of the VPN layer: the cloud never waits."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import monitor

from infra.cloud.alerts import criterion, metric_alert
from infra.component import Component
from infra.scope import Scope


class TunnelAlerts(Component):
    """Two witnesses of one tunnel, because each is blind where the other sees.

    The gateway counts its main-mode security associations every five minutes: none means no tunnel, traffic or not. A
    gateway that reports nothing at all raises no alert by that count, so Azure's own judgement of the connection's
    health is told too; it costs nothing and needs no metrics.
    """

    TOKEN = "spy:cloud:TunnelAlerts"  # noqa: S105  (a type token)

    tunnel_down_id: pulumi.Output[str]
    connection_unhealthy_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        gateway_id: pulumi.Input[str],
        connection_id: pulumi.Input[str],
        action_group_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self.tunnel_down_id = metric_alert(
            "tunnel-down",
            scope,
            parent=self,
            of=gateway_id,
            criterion=criterion(
                "MmsaCount",
                namespace="Microsoft.Network/virtualNetworkGateways",
                operator="LessThan",
                threshold=1,
                aggregation="Total",
            ),
            window="PT15M",
            every="PT5M",
            severity=1,
            description="The VPN gateway has had no security association with the home network for 15 minutes",
            action_group_id=action_group_id,
        ).id
        self.connection_unhealthy_id = self._health(scope, connection_id, action_group_id).id
        self.register()

    def _health(
        self, scope: Scope, connection_id: pulumi.Input[str], action_group_id: pulumi.Input[str]
    ) -> monitor.ActivityLogAlert:
        return monitor.ActivityLogAlert(
            "tunnel-unhealthy",
            monitor.ActivityLogAlertArgs(
                resource_group_name=scope.resource_group_name,
                activity_log_alert_name=scope.names.alert("tunnel-unhealthy"),
                location="Global",
                description="Azure calls the VPN connection to the home network unavailable or degraded",
                enabled=True,
                scopes=[connection_id],
                condition=monitor.AlertRuleAllOfConditionArgs(
                    all_of=[
                        monitor.AlertRuleAnyOfOrLeafConditionArgs(field="category", equals="ResourceHealth"),
                        monitor.AlertRuleAnyOfOrLeafConditionArgs(
                            any_of=[
                                monitor.AlertRuleLeafConditionArgs(
                                    field="properties.currentHealthStatus", equals=status
                                )
                                for status in ("Unavailable", "Degraded")
                            ]
                        ),
                    ]
                ),
                actions=monitor.ActionListArgs(
                    action_groups=[monitor.ActionGroupArgs(action_group_id=action_group_id)]
                ),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
