"""Observability: what the cloud half tells about itself: logs, traces, alerts, budget and one page that shows them."""

from __future__ import annotations

import pulumi

from infra.cloud.alerts import Alerts
from infra.cloud.budget import Budget
from infra.cloud.contacts import Contacts
from infra.cloud.identity import Identities
from infra.cloud.insights import Insights
from infra.cloud.logs import Logs
from infra.cloud.workbook import Workbook
from infra.component import Component
from infra.scope import Scope


class Observability(Component):
    """Logs, Application Insights, budget, alerts and workbook of a stack; whom they tell is one action group.

    What needs the web app (its availability) or the tunnel is declared beside these, as later as they are.
    """

    TOKEN = "spy:cloud:Observability"  # noqa: S105  (a type token)

    workspace_name: pulumi.Output[str]
    log_ingestion_endpoint: pulumi.Output[str]
    log_rule_id: pulumi.Output[str]
    insights_connection_string: pulumi.Output[str]
    action_group_id: pulumi.Output[str]
    budget_name: pulumi.Output[str]

    insights: Insights
    """What the availability test belongs to."""

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        identities: Identities,
        signalr_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        within = pulumi.ResourceOptions(parent=self)
        in_cluster = {
            "detector": identities.detector_principal_id,
            "backend": identities.backend_principal_id,
            "bot": identities.bot_principal_id,
        }
        logs = Logs("logs", scope, in_cluster, within)
        self.insights = Insights(
            "insights",
            scope,
            workspace_id=logs.workspace_id,
            principal_ids={"webapp": identities.webapp_principal_id, **in_cluster},
            opts=within,
        )
        contacts = Contacts("contacts", scope, within)
        budget = Budget("budget", scope, within)
        Alerts("alerts", scope, signalr_id=signalr_id, logs=logs, action_group_id=contacts.action_group_id, opts=within)
        Workbook("workbook", scope, workspace_id=logs.workspace_id, signalr_id=signalr_id, opts=within)
        self.workspace_name = logs.workspace_name
        self.log_ingestion_endpoint = logs.ingestion_endpoint
        self.log_rule_id = logs.rule_immutable_id
        self.insights_connection_string = self.insights.connection_string
        self.action_group_id = contacts.action_group_id
        self.budget_name = budget.budget_name
        self.register()
