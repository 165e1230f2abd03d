"""Insights: Application Insights, where traces and availability go. Metrics stay in the cluster's Prometheus."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_azure_native import applicationinsights, authorization

from infra.cloud.roles import Role, assign
from infra.component import Component
from infra.scope import Scope
from stacks.settings.platform import ClusterIdentity


class Insights(Component):
    """Application Insights over the stack's workspace.

    The connection string says where to send and is no credential where local auth is off: with federated identities
    every sender needs the role Monitoring Metrics Publisher. With `cluster.identity: keys` the cluster's services have
    no identity, so the instrumentation key in the string works for whoever holds it; it can write and read nothing.
    """

    TOKEN = "spy:cloud:Insights"  # noqa: S105  (a type token)

    insights_id: pulumi.Output[str]
    insights_name: pulumi.Output[str]
    connection_string: pulumi.Output[str]

    written_by_webapp: authorization.RoleAssignment | None
    """What the web app waits for; None where it sends by the key."""

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        workspace_id: pulumi.Input[str],
        principal_ids: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        federated = scope.settings.cluster.identity is ClusterIdentity.FEDERATED
        insights = applicationinsights.Component(
            "insights",
            # The SDK cannot unpack an args class that holds a resource_name, so here the arguments are keywords.
            resource_group_name=scope.resource_group_name,
            resource_name_=scope.names.application_insights,
            location=scope.location,
            kind="web",
            application_type="web",
            flow_type="Bluefield",
            request_source="rest",
            workspace_resource_id=workspace_id,
            ingestion_mode="LogAnalytics",
            sampling_percentage=scope.settings.logs.sampling_percent,
            disable_local_auth=federated,
            disable_ip_masking=False,
            public_network_access_for_ingestion="Enabled",
            public_network_access_for_query="Enabled",
            tags=scope.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        granted = {
            who: assign(
                f"written-by-{who}",
                scope,
                parent=self,
                scope=insights.id,
                role=Role.MONITORING_METRICS_PUBLISHER,
                principal_id=principal_id,
            )
            for who, principal_id in (principal_ids.items() if federated else ())
        }
        self.written_by_webapp = granted.get("webapp")
        self.insights_id = insights.id
        self.insights_name = insights.name
        self.connection_string = insights.connection_string
        self.register()
