"""Who is told of what: each alert watches what it says, reaches the one action group, and is silent when it should."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import Any

import pulumi
import pytest

from infra.cloud.alerts import SILENCE, SILENT_MINUTES
from infra.cloud.identity import Identities
from infra.cloud.logs import HEARTBEAT_MINUTES
from infra.cloud.observability import Observability
from infra.plan import Plan
from infra.scope import Scope
from stacks.needs import missing
from stacks.settings import StackSettings
from stacks.settings.stack import Layer
from tests.infra.order import made_before
from tests.infra.recording import RESOURCE_GROUP_ID, inputs_of, recorded, recorded_part
from tests.infra.stacks_for_tests import prod

METRIC = "azure-native:monitor:MetricAlert"
QUERY = "azure-native:monitor:ScheduledQueryRule"
LOG = "azure-native:monitor:ActivityLogAlert"
GROUP = "azure-native:monitor:ActionGroup"
TEST = "azure-native:applicationinsights:WebTest"
BUDGET = "azure-native:consumption:Budget"

CONTACTS = {"alerts": {"contacts": ["one@example.org", "two@example.org"]}}


def whole(**changed: Any) -> Plan:
    return recorded(prod(**{**CONTACTS, **changed}), preview=False)


def cloud(**changed: Any) -> Plan:
    """Only what observes the cloud layer of a dev: a tenth of the time of the whole program."""

    def build(scope: Scope, within: pulumi.ResourceOptions) -> None:
        Observability(
            "observability",
            scope,
            identities=Identities("identities", scope, within),
            signalr_id="signalr",
            opts=within,
        )

    settings = StackSettings.model_validate({"stack": "dev", "layers": ["cloud"], **CONTACTS, **changed})
    return recorded_part(build, settings)


def test_every_alert_tells_the_one_action_group_and_is_on() -> None:
    found = recorded("prod", preview=False)
    (group,) = found.of_type(GROUP)
    alerts = [one for type_ in (METRIC, QUERY, LOG) for one in found.of_type(type_)]
    assert {one.name for one in alerts} == {
        "webapp-down",
        "signalr-quota",
        "ingestion-stopped",
        "tunnel-down",
        "tunnel-unhealthy",
    }
    for alert in alerts:
        assert group.urn in alert.property_dependencies["actions"], alert.name
        assert alert.inputs["enabled"] is True, alert.name


def test_every_alert_is_explained_in_its_page() -> None:
    found = recorded("prod", preview=False)
    page = (Path(__file__).parents[2] / "docs" / "alerts.md").read_text(encoding="utf-8")
    explained = set(re.findall(r"^\| `([a-z-]+)`", page, re.MULTILINE))
    assert explained == {one.name for type_ in (METRIC, QUERY, LOG) for one in found.of_type(type_)}


def test_the_action_group_mails_every_contact() -> None:
    group = inputs_of(cloud(), GROUP, "action-group")
    assert [one["emailAddress"] for one in group["emailReceivers"]] == ["one@example.org", "two@example.org"]
    assert len(group["groupShortName"]) <= 12


def test_without_contacts_up_is_refused() -> None:
    settings = StackSettings.model_validate({"stack": "dev", "layers": ["cloud"]})
    assert any(sentence.startswith("alerts.contacts is empty") for sentence in missing(settings))


@pytest.mark.parametrize("minutes", [5, 15])
def test_the_web_app_is_asked_from_one_place_as_often_as_the_setting_says(minutes: int) -> None:
    often = {"alerts": {"contacts": ["one@example.org"], "availabilityMinutes": minutes}}
    found = recorded("prod", preview=False) if minutes == 15 else whole(**often)
    test = inputs_of(found, TEST, "test")
    assert (test["kind"], test["webTestKind"]) == ("standard", "standard")
    assert test["frequency"] == minutes * 60
    assert len(test["locations"]) == 1
    assert test["request"]["requestUrl"] == "https://app-spy-options-backend.azurewebsites.net/health"
    assert test["validationRules"]["expectedHttpStatusCode"] == 200
    window = inputs_of(found, METRIC, "webapp-down")["windowSize"]
    assert int(re.sub(r"\D", "", window)) >= 2 * minutes


def test_the_test_belongs_to_application_insights_by_its_tag_even_in_a_preview() -> None:
    plan = recorded("prod")
    tags = plan.named(TEST, "test").inputs["tags"]
    (link,) = (key for key in tags if key.startswith("hidden-link:"))
    assert link.endswith("/resourceGroups/rg-spy-options-prod/providers/Microsoft.Insights/components/appi-spy-options")
    assert tags[link] == "Resource"
    assert tags["Environment"] == "prod"
    assert "Component insights" in made_before(plan, plan.named(TEST, "test"))


def test_a_failed_test_is_critical_and_one_place_suffices() -> None:
    alert = inputs_of(recorded("prod", preview=False), METRIC, "webapp-down")
    assert alert["severity"] == 0
    assert alert["criteria"]["odataType"].endswith("WebtestLocationAvailabilityCriteria")
    assert alert["criteria"]["failedLocationCount"] == 1
    assert [one.rpartition("/")[2] for one in alert["scopes"]] == ["webtest-spy-options", "appi-spy-options"]


def test_a_stack_without_the_web_app_has_nothing_to_ask() -> None:
    found = whole(layers=["cloud"])
    assert not found.of_type(TEST)
    assert {one.name for one in found.of_type(METRIC)} == {"signalr-quota"}


@pytest.mark.parametrize("quota", [20_000, 1_000_000])
def test_the_quota_is_told_at_four_fifths_of_a_day(quota: int) -> None:
    alert = inputs_of(cloud(signalr={"messageQuotaPerDay": quota}), METRIC, "signalr-quota")
    (criterion,) = alert["criteria"]["allOf"]
    assert criterion["metricName"] == "MessageCount"
    assert criterion["metricNamespace"] == "Microsoft.SignalRService/SignalR"
    assert (criterion["operator"], criterion["timeAggregation"]) == ("GreaterThan", "Total")
    assert criterion["threshold"] == quota * 4 / 5
    assert alert["windowSize"] == "P1D"


def test_silence_is_looked_for_in_market_hours_of_new_york_only() -> None:
    alert = inputs_of(cloud(), QUERY, "ingestion-stopped")
    (condition,) = alert["criteria"]["allOf"]
    query = condition["query"]
    assert "America/New_York" in query
    assert "between (1d .. 5d)" in query
    assert "between (600 .. 960)" in query, "10:00 to 16:00: half an hour after the open, when the window is full"
    assert query.strip().endswith("where open and lines == 0")
    assert (condition["operator"], condition["threshold"]) == ("GreaterThan", 0)
    assert alert["windowSize"] == f"PT{SILENT_MINUTES}M"


def test_silence_is_three_heartbeats_so_that_a_holiday_is_not_one() -> None:
    assert SILENT_MINUTES == 3 * HEARTBEAT_MINUTES


def test_the_query_is_whole() -> None:
    for opening, closing in ("()", "[]", "{}"):
        assert SILENCE.count(opening) == SILENCE.count(closing)
    defined = re.findall(r"^let (\w+) =", SILENCE, re.MULTILINE)
    for before, after in pairwise(defined):
        assert SILENCE.index(f"let {before}") < SILENCE.index(f"let {after}")
    assert all(len(re.findall(rf"\b{name}\b", SILENCE)) > 1 for name in defined)


@pytest.mark.parametrize("layers", [["cloud"], ["cloud", "releases"]])
def test_the_alert_sleeps_where_no_forwarder_is_installed(layers: list[str]) -> None:
    alert = inputs_of(cloud(layers=layers), QUERY, "ingestion-stopped")
    assert alert["enabled"] is (Layer.RELEASES in layers)


def test_a_lost_tunnel_is_told_by_two_witnesses_of_the_vpn_layer() -> None:
    found = recorded("prod", preview=False)
    down = inputs_of(found, METRIC, "tunnel-down")
    (criterion,) = down["criteria"]["allOf"]
    assert (criterion["metricName"], criterion["operator"], criterion["threshold"]) == ("MmsaCount", "LessThan", 1)
    assert down["scopes"][0].endswith("/virtualNetworkGateways/vpn-gateway-spy-options")
    health = inputs_of(found, LOG, "tunnel-unhealthy")
    assert health["scopes"][0].endswith("/connections/conn-onprem-spy")
    category, status = health["condition"]["allOf"]
    assert category == {"field": "category", "equals": "ResourceHealth"}
    assert {one["equals"] for one in status["anyOf"]} == {"Unavailable", "Degraded"}
    assert {
        found.layer(one.urn) for type_ in (METRIC, LOG) for one in found.of_type(type_) if "tunnel" in one.name
    } == {"vpn"}


@pytest.mark.parametrize(
    "changed",
    [{"vpn": {"sku": "none"}}, {"onPrem": {"address": ""}}],
    ids=["no gateway", "no home address"],
)
def test_without_a_tunnel_nobody_waits_for_its_loss(changed: dict[str, Any]) -> None:
    found = whole(**{"layers": ["cloud", "vpn"], **changed})
    assert not [one for type_ in (METRIC, LOG) for one in found.of_type(type_) if "tunnel" in one.name]


def test_the_budget_tells_at_80_90_and_100_spent_and_100_foreseen() -> None:
    found = cloud(budget={"amount": 45, "startDate": "2026-12-01"})
    budget = inputs_of(found, BUDGET, "budget")
    assert (budget["amount"], budget["timeGrain"], budget["category"]) == (45, "Monthly", "Cost")
    assert budget["timePeriod"] == {"startDate": "2026-12-01T00:00:00Z"}
    assert budget["scope"] == RESOURCE_GROUP_ID
    told = {(one["thresholdType"], one["threshold"]) for one in budget["notifications"].values()}
    assert told == {("Actual", 80), ("Actual", 90), ("Actual", 100), ("Forecasted", 100)}
    for one in budget["notifications"].values():
        assert one["enabled"] is True
        assert one["operator"] == "GreaterThanOrEqualTo"
        assert one["contactEmails"] == CONTACTS["alerts"]["contacts"]
    assert len(budget["notifications"]) <= 5, "Azure takes no more"
    assert found.named(BUDGET, "budget").ignore_changes == ("timePeriod",)
