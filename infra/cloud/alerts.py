"""Alerts: what is told without the web app and the tunnel: SignalR's quota nearly spent, log lines no longer coming."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import monitor

from infra.cloud.logs import TABLE, Logs
from infra.component import Component
from infra.scope import Scope
from stacks.settings import Layer

QUOTA_SHARE: Final = 0.8
"""Of the day's messages, spent before somebody is told."""

SILENT_MINUTES: Final = 30
"""Without one line for so long, ingestion has stopped: three of the forwarder's heartbeats."""

FREQUENCY: Final = "PT15M"
"""How often the query runs; a shorter one costs three times as much."""

SILENCE: Final = f"""\
let new_york = datetime_utc_to_local(now(), 'America/New_York');
let minutes = toint((new_york - startofday(new_york)) / 1m);
let weekday = dayofweek(new_york) between (1d .. 5d);
let open = weekday and minutes between ({9 * 60 + 30 + SILENT_MINUTES} .. {16 * 60});
{TABLE}
| summarize lines = count()
| where open and lines == 0
"""
"""One row when, on a weekday between half an hour after the open and the close in New York, no line has come.

Daylight saving is Azure's; holidays and early closes need no list, because the forwarder's heartbeat goes on.
"""


def metric_alert(
    name: str,
    scope: Scope,
    *,
    parent: pulumi.Resource,
    of: pulumi.Input[str],
    criterion: monitor.MetricCriteriaArgs,
    window: str,
    every: str,
    severity: int,
    description: str,
    action_group_id: pulumi.Input[str],
) -> monitor.MetricAlert:
    """Alert on one metric of the resource with the id `of`. `window` and `every` are ISO 8601 durations.

    Severity as Azure counts: 0 critical, 1 error, 2 warning.
    """
    return monitor.MetricAlert(
        name,
        monitor.MetricAlertArgs(
            resource_group_name=scope.resource_group_name,
            rule_name=scope.names.alert(name),
            location="global",
            description=description,
            severity=severity,
            enabled=True,
            scopes=[of],
            window_size=window,
            evaluation_frequency=every,
            criteria=monitor.MetricAlertSingleResourceMultipleMetricCriteriaArgs(
                odata_type="Microsoft.Azure.Monitor.SingleResourceMultipleMetricCriteria", all_of=[criterion]
            ),
            auto_mitigate=True,
            actions=[monitor.MetricAlertActionArgs(action_group_id=action_group_id)],
            tags=scope.tags,
        ),
        pulumi.ResourceOptions(parent=parent),
    )


def criterion(
    metric: str, *, namespace: str, operator: str, threshold: float, aggregation: str
) -> monitor.MetricCriteriaArgs:
    """A fixed threshold on a metric, by the names of Azure's list of supported metrics.

    A resource that has emitted nothing yet shows no metrics; the name is not looked up there.
    """
    return monitor.MetricCriteriaArgs(
        name=metric,
        criterion_type="StaticThresholdCriterion",
        metric_namespace=namespace,
        metric_name=metric,
        operator=operator,
        threshold=threshold,
        time_aggregation=aggregation,
        skip_metric_validation=True,
    )


class Alerts(Component):
    """SignalR's quota and the silence of the log table.

    The quota is counted over the last 24 hours, where Azure counts from midnight UTC: it can be told early, never
    late. The silence counts on the log forwarder, so the alert sleeps in a stack without the layer that installs it.
    """

    TOKEN = "spy:cloud:Alerts"  # noqa: S105  (a type token)

    signalr_quota_id: pulumi.Output[str]
    ingestion_stopped_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        signalr_id: pulumi.Input[str],
        logs: Logs,
        action_group_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        quota = scope.settings.signalr.message_quota_per_day
        self.signalr_quota_id = metric_alert(
            "signalr-quota",
            scope,
            parent=self,
            of=signalr_id,
            criterion=criterion(
                "MessageCount",
                namespace="Microsoft.SignalRService/SignalR",
                operator="GreaterThan",
                threshold=quota * QUOTA_SHARE,
                aggregation="Total",
            ),
            window="P1D",
            every="PT1H",
            severity=2,
            description=f"SignalR carried more than {QUOTA_SHARE:.0%} of {quota} messages within a day",
            action_group_id=action_group_id,
        ).id
        self.ingestion_stopped_id = self._silence(scope, logs, action_group_id).id
        self.register()

    def _silence(self, scope: Scope, logs: Logs, action_group_id: pulumi.Input[str]) -> monitor.ScheduledQueryRule:
        return monitor.ScheduledQueryRule(
            "ingestion-stopped",
            monitor.ScheduledQueryRuleArgs(
                resource_group_name=scope.resource_group_name,
                rule_name=scope.names.alert("ingestion-stopped"),
                location=scope.location,
                kind="LogAlert",
                display_name="Log lines no longer arrive",
                description=f"No line in {TABLE} for {SILENT_MINUTES} minutes while the market is open",
                severity=2,
                enabled=scope.settings.includes(Layer.RELEASES),
                scopes=[logs.workspace_id],
                evaluation_frequency=FREQUENCY,
                window_size=f"PT{SILENT_MINUTES}M",
                criteria=monitor.ScheduledQueryRuleCriteriaArgs(
                    all_of=[
                        monitor.ConditionArgs(
                            query=SILENCE,
                            time_aggregation="Count",
                            operator="GreaterThan",
                            threshold=0,
                            failing_periods=monitor.ConditionFailingPeriodsArgs(
                                number_of_evaluation_periods=1, min_failing_periods_to_alert=1
                            ),
                        )
                    ]
                ),
                auto_mitigate=True,
                # A table that was made a minute ago is not yet known to queries.
                skip_query_validation=True,
                actions=monitor.ActionsArgs(action_groups=[action_group_id]),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[logs]),
        )
