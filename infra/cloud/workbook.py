"""Workbook: one page in the portal that shows whether the cloud half works. Content only; asks nothing itself."""

from __future__ import annotations

from typing import Any, Final
from uuid import UUID, uuid5

import pulumi
from pulumi_azure_native import applicationinsights

from infra.cloud.logs import TABLE
from infra.component import Component
from infra.scope import Scope

NAMESPACE: Final = UUID("b1a7c4de-58c2-4b0a-9d0e-2d3f6a7c8e90")
"""Namespace of the workbook's name, which Azure wants to be a GUID; changing it makes another workbook."""

TITLE: Final = "SPY options platform"

DAY_MILLISECONDS: Final = 86_400_000
WORKSPACE_TYPE: Final = "microsoft.operationalinsights/workspaces"
SIGNALR_TYPE: Final = "microsoft.signalrservice/signalr"

TEXT_ITEM, QUERY_ITEM, METRIC_ITEM = 1, 3, 10
"""Kinds of items, as the portal numbers them."""

Item = dict[str, Any]

QUERIES: Final = {
    "Lines by service": (
        f"{TABLE} | summarize lines = count() by service, bin(TimeGenerated, 15m) | render timechart",
        "timechart",
    ),
    "Newest warnings and errors": (
        f"{TABLE} | where level in ('WARNING', 'ERROR', 'CRITICAL') | order by TimeGenerated desc"
        " | project TimeGenerated, level, service, pod_name, logger, message, exception | take 100",
        "table",
    ),
    "How old is the newest line of each service": (
        f"{TABLE} | summarize newest = max(TimeGenerated) by service | extend minutes_ago = datetime_diff('minute',"
        " now(), newest) | order by minutes_ago desc",
        "table",
    ),
    "Availability of the web app": (
        "AppAvailabilityResults | summarize up_percent = 100.0 * countif(Success) / count() by Name,"
        " bin(TimeGenerated, 1h) | render timechart",
        "timechart",
    ),
    "Slowest requests of the backend": (
        "AppRequests | summarize requests = count(), failed = countif(Success == false), p95_ms ="
        " percentile(DurationMs, 95) by Name | order by p95_ms desc | take 20",
        "table",
    ),
    "Data taken in, against the daily cap": (
        "Usage | where IsBillable | summarize megabytes = sum(Quantity) by DataType, bin(TimeGenerated, 1d)"
        " | render columnchart",
        "barchart",
    ),
}
"""Title to query and to how it is drawn."""


class Workbook(Component):
    """Shared workbook over the workspace and SignalR, found under Monitor in the portal."""

    TOKEN = "spy:cloud:Workbook"  # noqa: S105  (a type token)

    workbook_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        workspace_id: pulumi.Input[str],
        signalr_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        workbook = applicationinsights.Workbook(
            "workbook",
            # The SDK cannot unpack an args class that holds a resource_name, so here the arguments are keywords.
            resource_group_name=scope.resource_group_name,
            resource_name_=str(uuid5(NAMESPACE, scope.names.resource_group)),
            location=scope.location,
            kind="shared",
            category="workbook",
            display_name=f"{TITLE}, {scope.settings.stack}",
            description="Log lines, availability, requests, realtime messages and the data cap",
            source_id="azure monitor",
            version="Notebook/1.0",
            serialized_data=pulumi.Output.json_dumps(content(scope, workspace_id, signalr_id), sort_keys=True),
            tags=scope.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
        self.workbook_id = workbook.id
        self.register()


def content(scope: Scope, workspace_id: pulumi.Input[str], signalr_id: pulumi.Input[str]) -> Item:
    """The whole workbook, as the portal reads it."""
    quota = scope.settings.signalr.message_quota_per_day
    explained = (
        f"# {TITLE}, {scope.settings.stack}\n"
        f"The last 24 hours. At most {scope.settings.logs.daily_cap_gb} GB of data a day are taken in, and SignalR may"
        f" carry {quota} messages a day. Metrics of the services are in the cluster's Grafana."
    )
    return {
        "version": "Notebook/1.0",
        "items": [
            {"type": TEXT_ITEM, "name": "title", "content": {"json": explained}},
            *(_query(title, text, drawn, workspace_id) for title, (text, drawn) in QUERIES.items()),
            _messages(signalr_id),
        ],
    }


def _query(title: str, text: str, drawn: str, workspace_id: pulumi.Input[str]) -> Item:
    return {
        "type": QUERY_ITEM,
        "name": title,
        "content": {
            "version": "KqlItem/1.0",
            "query": text,
            "size": 0,
            "title": title,
            "timeContext": {"durationMs": DAY_MILLISECONDS},
            "queryType": 0,
            "resourceType": WORKSPACE_TYPE,
            "crossComponentResources": [workspace_id],
            "visualization": drawn,
        },
    }


def _messages(signalr_id: pulumi.Input[str]) -> Item:
    metric = "microsoft.signalrservice/signalr-Traffic-MessageCount"
    return {
        "type": METRIC_ITEM,
        "name": "Messages through SignalR",
        "content": {
            "version": "MetricsItem/2.0",
            "size": 0,
            "chartType": 2,
            "title": "Messages through SignalR",
            "resourceType": SIGNALR_TYPE,
            "metricScope": 0,
            "resourceIds": [signalr_id],
            "timeContext": {"durationMs": DAY_MILLISECONDS},
            "metrics": [{"namespace": SIGNALR_TYPE, "metric": metric, "aggregation": 1}],
        },
    }
