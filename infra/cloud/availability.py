"""Availability: asks the web app from outside whether it is up, and tells when it is not."""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_azure_native import applicationinsights, monitor

from infra.cloud.insights import Insights
from infra.cloud.webapp import HEALTH_PATH, Webapp
from infra.component import Component
from infra.scope import Scope

PLACE: Final = "emea-nl-ams-azr"
"""West Europe, by the name that availability tests give it. One place: each further one costs as much again."""

TIMEOUT_SECONDS: Final = 30
CERTIFICATE_DAYS: Final = 7
"""A certificate that ends sooner fails the test."""


class Availability(Component):
    """Standard web test of the web app, from one place, and the alert on its failure.

    A standard test retries twice before it counts a failure. The alert looks at twice the time between tests or more,
    so that a test that comes a little late leaves no gap. The test belongs to Application Insights by a tag that holds
    its id.
    """

    TOKEN = "spy:cloud:Availability"  # noqa: S105  (a type token)

    test_id: pulumi.Output[str]
    alert_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        webapp: Webapp,
        insights: Insights,
        action_group_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        test = self._test(scope, pulumi.Output.format("{}{}", webapp.url, HEALTH_PATH), insights)
        minutes = scope.settings.alerts.availability_minutes
        alert = monitor.MetricAlert(
            "webapp-down",
            monitor.MetricAlertArgs(
                resource_group_name=scope.resource_group_name,
                rule_name=scope.names.alert("webapp-down"),
                location="global",
                description=f"The web app did not answer the test that runs every {minutes} minutes",
                severity=0,
                enabled=True,
                scopes=[test.id, insights.insights_id],
                window_size="PT15M" if minutes == 5 else "PT30M",
                evaluation_frequency="PT5M",
                criteria=monitor.WebtestLocationAvailabilityCriteriaArgs(
                    odata_type="Microsoft.Azure.Monitor.WebtestLocationAvailabilityCriteria",
                    web_test_id=test.id,
                    component_id=insights.insights_id,
                    failed_location_count=1,
                ),
                auto_mitigate=True,
                actions=[monitor.MetricAlertActionArgs(action_group_id=action_group_id)],
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.test_id = test.id
        self.alert_id = alert.id
        self.register()

    def _test(self, scope: Scope, url: pulumi.Input[str], insights: Insights) -> applicationinsights.WebTest:
        name = scope.names.availability_test
        return applicationinsights.WebTest(
            "test",
            applicationinsights.WebTestArgs(
                resource_group_name=scope.resource_group_name,
                web_test_name=name,
                synthetic_monitor_id=name,
                location=scope.location,
                kind=applicationinsights.WebTestKind.STANDARD,
                web_test_kind=applicationinsights.WebTestKind.STANDARD,
                enabled=True,
                frequency=scope.settings.alerts.availability_minutes * 60,
                timeout=TIMEOUT_SECONDS,
                retry_enabled=True,
                locations=[applicationinsights.WebTestGeolocationArgs(location=PLACE)],
                request=applicationinsights.WebTestPropertiesRequestArgs(
                    request_url=url, http_verb="GET", follow_redirects=False, parse_dependent_requests=False
                ),
                validation_rules=applicationinsights.WebTestPropertiesValidationRulesArgs(
                    expected_http_status_code=200,
                    s_sl_check=True,
                    s_sl_cert_remaining_lifetime_check=CERTIFICATE_DAYS,
                ),
                tags={**scope.tags, f"hidden-link:{_insights_id(scope)}": "Resource"},
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[insights]),
        )


def _insights_id(scope: Scope) -> str:
    """Known without the cloud: the name of a tag cannot wait for it, and a preview would show no tags at all."""
    group = f"/subscriptions/{scope.settings.azure.subscription_id}/resourceGroups/{scope.names.resource_group}"
    return f"{group}/providers/Microsoft.Insights/components/{scope.names.application_insights}"
