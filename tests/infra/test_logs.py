"""Log lines have one way in: a table with the services' own keys, a rule made after it, and writers by role alone."""

from __future__ import annotations

import json
import logging
import sys

import pulumi
import pytest

from apps.contracts.names import Env
from apps.service.logs import JsonFormatter
from infra.cloud.identity import Identities
from infra.cloud.logs import COLUMNS, STREAM, TABLE
from infra.cloud.observability import Observability
from infra.cloud.roles import ROLE_IDS, Role
from infra.plan import Plan, Registration
from infra.scope import Scope
from stacks.settings import StackSettings
from tests.infra.order import made_before
from tests.infra.recording import inputs_of, recorded, recorded_part

WORKSPACE = "azure-native:operationalinsights:Workspace"
LOG_TABLE = "azure-native:operationalinsights:Table"
ENDPOINT = "azure-native:monitor:DataCollectionEndpoint"
RULE = "azure-native:monitor:DataCollectionRule"
INSIGHTS = "azure-native:applicationinsights:Component"
ASSIGNMENT = "azure-native:authorization:RoleAssignment"
FORWARDER = "44444444-4444-4444-4444-444444444444"


def plan(**changed: object) -> Plan:
    """Identities and what observes the platform, of a prod."""

    def build(scope: Scope, within: pulumi.ResourceOptions) -> None:
        identities = Identities("identities", scope, within)
        Observability("observability", scope, identities=identities, signalr_id="signalr", opts=within)

    return recorded_part(build, StackSettings.model_validate({"stack": "prod", "layers": ["cloud"], **changed}))


def publishers(found: Plan, on: str) -> dict[str, Registration]:
    """Assignments of Monitoring Metrics Publisher on the resource of a type, by logical name."""
    (resource,) = found.of_type(on)
    return {
        one.name: one
        for one in found.of_type(ASSIGNMENT)
        if resource.urn in one.property_dependencies.get("scope", ())
        and one.inputs["roleDefinitionId"].endswith(ROLE_IDS[Role.MONITORING_METRICS_PUBLISHER])
    }


def test_the_workspace_is_capped_keyless_and_protected() -> None:
    found = plan(logs={"retentionDays": 45, "dailyCapGb": 0.3})
    workspace = inputs_of(found, WORKSPACE, "workspace")
    assert workspace["workspaceName"] == "log-spy-options"
    assert workspace["sku"] == {"name": "PerGB2018"}
    assert workspace["retentionInDays"] == 45
    assert workspace["workspaceCapping"] == {"dailyQuotaGb": 0.3}
    assert workspace["features"]["disableLocalAuth"] is True
    assert found.named(WORKSPACE, "workspace").protect
    assert found.named(LOG_TABLE, "table").protect


def test_the_table_has_a_column_for_every_key_that_a_service_writes(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(Env.POD_NAME, "backend-0")
    monkeypatch.setenv(Env.NAMESPACE, "spy-options-bot")
    try:
        int("broken")
    except ValueError:
        record = logging.LogRecord("a", logging.ERROR, __file__, 1, "said", None, sys.exc_info())
    written = set(json.loads(JsonFormatter("backend").format(record)))
    assert written - {"timestamp"} <= set(COLUMNS)
    assert {"TimeGenerated", "extra"} <= set(COLUMNS)


def test_what_comes_in_is_what_the_table_holds() -> None:
    found = plan()
    schema = inputs_of(found, LOG_TABLE, "table")["schema"]
    rule = inputs_of(found, RULE, "rule")
    assert inputs_of(found, LOG_TABLE, "table")["tableName"] == schema["name"] == TABLE == "SpyApp_CL"
    assert {one["name"]: one["type"] for one in schema["columns"]} == COLUMNS
    assert {one["name"]: one["type"] for one in rule["streamDeclarations"][STREAM]["columns"]} == {
        name: kind.lower() for name, kind in COLUMNS.items()
    }
    (flow,) = rule["dataFlows"]
    assert flow["streams"] == [flow["outputStream"]] == ["Custom-SpyApp_CL"]
    assert flow["transformKql"] == "source"
    assert flow["destinations"] == [rule["destinations"]["logAnalytics"][0]["name"]]


@pytest.mark.parametrize("preview", [True, False])
def test_the_rule_is_made_after_the_table_and_has_an_endpoint_of_its_own(*, preview: bool) -> None:
    found = recorded("prod", preview=preview)
    rule = found.named(RULE, "rule")
    assert {"Table table", "Workspace workspace", "DataCollectionEndpoint endpoint"} <= made_before(found, rule)
    assert rule.property_dependencies["dataCollectionEndpointId"] == (found.named(ENDPOINT, "endpoint").urn,)


def test_the_services_of_the_cluster_may_write_and_no_one_else() -> None:
    assert set(publishers(plan(), RULE)) == {"written-by-detector", "written-by-backend", "written-by-bot"}


def test_a_forwarder_that_is_named_may_write_too() -> None:
    found = publishers(plan(logs={"publishers": [FORWARDER]}), RULE)
    assert found[f"written-by-forwarder-{FORWARDER}"].inputs["principalId"] == FORWARDER


def test_without_federated_identities_only_a_named_forwarder_writes() -> None:
    found = plan(cluster={"identity": "keys"}, logs={"publishers": [FORWARDER]})
    assert set(publishers(found, RULE)) == {f"written-by-forwarder-{FORWARDER}"}
    assert not publishers(found, INSIGHTS)


def test_traces_go_to_the_stacks_workspace_by_role_and_not_by_key() -> None:
    found = plan(logs={"samplingPercent": 25})
    insights = inputs_of(found, INSIGHTS, "insights")
    assert insights["resourceName"] == "appi-spy-options"
    assert insights["workspaceResourceId"].endswith("/workspaces/log-spy-options")
    assert insights["ingestionMode"] == "LogAnalytics"
    assert insights["disableLocalAuth"] is True
    assert insights["samplingPercentage"] == 25
    assert set(publishers(found, INSIGHTS)) == {f"written-by-{who}" for who in ("webapp", "detector", "backend", "bot")}


@pytest.mark.parametrize("preview", [True, False])
def test_the_web_app_may_send_traces_before_it_starts(*, preview: bool) -> None:
    found = recorded("prod", preview=preview)
    granted = publishers(found, INSIGHTS)["written-by-webapp"]
    assert granted.urn in found.named("azure-native:web:WebApp", "webapp").dependencies


def test_services_without_identities_send_traces_by_the_key() -> None:
    insights = inputs_of(plan(cluster={"identity": "keys"}), INSIGHTS, "insights")
    assert insights["disableLocalAuth"] is False
