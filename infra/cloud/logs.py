"""Logs: the workspace, the table of the services' log lines and the only way into it. Reads nothing back."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import pulumi
from pulumi_azure_native import monitor, operationalinsights

from infra.cloud.roles import Role, assign
from infra.component import Component
from infra.scope import Scope
from stacks.settings.platform import ClusterIdentity

TABLE: Final = "SpyApp_CL"
"""Azure demands the ending of a table that is not its own."""

STREAM: Final = f"Custom-{TABLE}"
"""What a forwarder sends to, and where the rule puts it: the same columns, so nothing is transformed."""

DESTINATION: Final = "workspace"

HEARTBEAT_MINUTES: Final = 10
"""The forwarder writes a line at least this often, market open or not: silence then means that ingestion stopped."""

COLUMNS: Final = {
    "TimeGenerated": "dateTime",
    "level": "string",
    "logger": "string",
    "message": "string",
    "service": "string",
    "pod_name": "string",
    "namespace": "string",
    "exception": "string",
    "extra": "dynamic",
}
"""Columns by their type: the keys of a service's JSON line (its timestamp is TimeGenerated), the rest in `extra`."""


class Logs(Component):
    """Log Analytics workspace with a daily cap, the table SpyApp_CL, and the endpoint and rule that fill it.

    Entra tokens only: no workspace key works. May write: the cluster's services as their identities, where they have
    any, and the forwarders that `logs.publishers` names. Azure makes a rule only for a table that is there, which no
    property says, and this version of its interface gives a rule no address, so the endpoint is one of its own.
    The workspace is protected: what it holds cannot be fetched again.
    """

    TOKEN = "spy:cloud:Logs"  # noqa: S105  (a type token)

    workspace_id: pulumi.Output[str]
    workspace_name: pulumi.Output[str]
    table_name: pulumi.Output[str]
    ingestion_endpoint: pulumi.Output[str]
    rule_id: pulumi.Output[str]
    rule_immutable_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        principal_ids: Mapping[str, pulumi.Input[str]],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._scope = scope
        workspace = self._workspace()
        table = self._table(workspace)
        endpoint = monitor.DataCollectionEndpoint(
            "endpoint",
            monitor.DataCollectionEndpointArgs(
                resource_group_name=scope.resource_group_name,
                data_collection_endpoint_name=scope.names.data_collection_endpoint,
                location=scope.location,
                network_acls=monitor.DataCollectionEndpointNetworkAclsArgs(public_network_access="Enabled"),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        rule = self._rule(workspace, table, endpoint)
        self._grant(rule, principal_ids)
        self.workspace_id = workspace.id
        self.workspace_name = workspace.name
        self.table_name = table.name
        self.ingestion_endpoint = endpoint.logs_ingestion.endpoint
        self.rule_id = rule.id
        self.rule_immutable_id = rule.immutable_id
        self.register()

    def _workspace(self) -> operationalinsights.Workspace:
        settings = self._scope.settings.logs
        return operationalinsights.Workspace(
            "workspace",
            operationalinsights.WorkspaceArgs(
                resource_group_name=self._scope.resource_group_name,
                workspace_name=self._scope.names.workspace,
                location=self._scope.location,
                sku=operationalinsights.WorkspaceSkuArgs(name="PerGB2018"),
                retention_in_days=settings.retention_days,
                workspace_capping=operationalinsights.WorkspaceCappingArgs(daily_quota_gb=settings.daily_cap_gb),
                features=operationalinsights.WorkspaceFeaturesArgs(
                    disable_local_auth=True, enable_log_access_using_only_resource_permissions=True
                ),
                public_network_access_for_ingestion="Enabled",
                public_network_access_for_query="Enabled",
                tags=self._scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, protect=True),
        )

    def _table(self, workspace: operationalinsights.Workspace) -> operationalinsights.Table:
        return operationalinsights.Table(
            "table",
            operationalinsights.TableArgs(
                resource_group_name=self._scope.resource_group_name,
                workspace_name=workspace.name,
                table_name=TABLE,
                plan="Analytics",
                schema=operationalinsights.SchemaArgs(
                    name=TABLE,
                    description="Log lines of the platform's services",
                    columns=[
                        operationalinsights.ColumnArgs(name=column, type=kind) for column, kind in COLUMNS.items()
                    ],
                ),
            ),
            # Protected like the workspace: a destroy that spares it must spare the lines too.
            pulumi.ResourceOptions(parent=self, protect=True),
        )

    def _rule(
        self,
        workspace: operationalinsights.Workspace,
        table: operationalinsights.Table,
        endpoint: monitor.DataCollectionEndpoint,
    ) -> monitor.DataCollectionRule:
        return monitor.DataCollectionRule(
            "rule",
            monitor.DataCollectionRuleArgs(
                resource_group_name=self._scope.resource_group_name,
                data_collection_rule_name=self._scope.names.data_collection_rule,
                location=self._scope.location,
                data_collection_endpoint_id=endpoint.id,
                stream_declarations={
                    STREAM: monitor.StreamDeclarationArgs(
                        columns=[
                            monitor.ColumnDefinitionArgs(name=column, type=kind.lower())
                            for column, kind in COLUMNS.items()
                        ]
                    )
                },
                destinations=monitor.DataCollectionRuleDestinationsArgs(
                    log_analytics=[
                        monitor.LogAnalyticsDestinationArgs(name=DESTINATION, workspace_resource_id=workspace.id)
                    ]
                ),
                data_flows=[
                    monitor.DataFlowArgs(
                        streams=[STREAM], destinations=[DESTINATION], transform_kql="source", output_stream=STREAM
                    )
                ],
                tags=self._scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[table]),
        )

    def _grant(self, rule: monitor.DataCollectionRule, principal_ids: Mapping[str, pulumi.Input[str]]) -> None:
        settings = self._scope.settings
        federated = settings.cluster.identity is ClusterIdentity.FEDERATED
        forwarders = {f"forwarder-{principal}": principal for principal in settings.logs.publishers}
        for who, principal_id in {**(principal_ids if federated else {}), **forwarders}.items():
            assign(
                f"written-by-{who}",
                self._scope,
                parent=self,
                scope=rule.id,
                role=Role.MONITORING_METRICS_PUBLISHER,
                principal_id=principal_id,
            )
