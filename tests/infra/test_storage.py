"""Storage: every table of the contract, no keys, no public blob; a public door only where no private one serves."""

from __future__ import annotations

from typing import Any

import pytest

from apps.contracts.names import TABLES
from infra.cloud.storage import Storage
from infra.plan import Plan
from stacks.settings import StackSettings
from tests.infra.recording import inputs_of, recorded_part

ACCOUNT = "azure-native:storage:StorageAccount"
TABLE = "azure-native:storage:Table"


def storage(stack: str = "prod", **changed: object) -> Plan:
    settings = StackSettings.model_validate({"stack": stack} | changed)
    return recorded_part(
        lambda scope, within: Storage(
            "storage", scope, backend_principal_id="backend", webapp_principal_id="webapp", opts=within
        ),
        settings,
    )


def account(stack: str = "prod", **changed: object) -> dict[str, Any]:
    return inputs_of(storage(stack, **changed), ACCOUNT, "account")


def test_the_account_takes_tls_1_2_over_https_and_no_keys_and_shows_no_blob() -> None:
    inputs = account()
    assert inputs["accountName"] == "stspyoptionsprod"
    assert inputs["sku"] == {"name": "Standard_LRS"}
    assert inputs["kind"] == "StorageV2"
    assert inputs["minimumTlsVersion"] == "TLS1_2"
    assert inputs["enableHttpsTrafficOnly"] is True
    assert inputs["defaultToOAuthAuthentication"] is True
    for closed in (
        "allowBlobPublicAccess",
        "allowCrossTenantReplication",
        "allowSharedKeyAccess",
        "isLocalUserEnabled",
    ):
        assert inputs[closed] is False


def test_keys_are_allowed_only_by_their_setting() -> None:
    assert account(storage={"sharedKey": True})["allowSharedKeyAccess"] is True


def test_every_table_of_the_contract_is_declared_and_no_other() -> None:
    plan = storage()
    declared = [str(one.inputs["tableName"]) for one in plan.of_type(TABLE)]
    assert sorted(declared) == sorted(TABLES)


def test_account_and_tables_survive_a_destroy() -> None:
    plan = storage()
    for one in [plan.named(ACCOUNT, "account"), *plan.of_type(TABLE)]:
        assert one.protect, one.name
        assert one.retain_on_delete, one.name


@pytest.mark.parametrize(
    ("endpoint", "sku", "home", "shut"),
    [
        (False, "none", "203.0.113.7", False),
        (False, "Basic", "203.0.113.7", False),
        (True, "none", "203.0.113.7", False),
        (True, "Basic", "", False),
        (True, "Basic", "203.0.113.7", True),
        (True, "VpnGw1AZ", "home.example.net", True),
    ],
)
def test_the_public_door_is_shut_when_endpoint_and_tunnel_replace_it(
    endpoint: bool, sku: str, home: str, shut: bool
) -> None:
    inputs = account(storage={"privateEndpoint": endpoint}, vpn={"sku": sku}, onPrem={"address": home})
    assert inputs["publicNetworkAccess"] == ("Disabled" if shut else "Enabled")
    assert inputs["networkRuleSet"] == {"bypass": "None", "defaultAction": "Deny" if shut else "Allow"}


def test_the_services_are_told_the_tables_address() -> None:
    (outputs,) = (given for urn, given in storage().component_outputs.items() if urn.endswith("::storage"))
    assert outputs["tablesEndpoint"] == "https://stspyoptionsprod.table.core.windows.net/"
