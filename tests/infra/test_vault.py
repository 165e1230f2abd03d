"""The Key Vault: who gets in and from where, what can never be lost, and what Azure refuses to be told."""

from __future__ import annotations

from typing import Any

import pulumi
import pytest

from infra.cloud.vault import Vault, vault_secret
from infra.plan import Plan, Secret
from infra.scope import Scope
from tests.infra.recording import inputs_of, recorded, recorded_part
from tests.infra.stacks_for_tests import AZURE, HOME, prod, tunnel

VAULT = "azure-native:keyvault:Vault"
GRANT = "azure-native:authorization:RoleAssignment"
ADMINISTRATOR = "00482a5a-887f-4fb3-b363-3b7fe8e74483"
OPERATORS = ["aaaaaaaa-0000-0000-0000-000000000001", "aaaaaaaa-0000-0000-0000-000000000002"]


def properties(plan: Plan) -> dict[str, Any]:
    said: dict[str, Any] = inputs_of(plan, VAULT, "vault")["properties"]
    return said


def test_the_vault_is_standard_and_governed_by_roles() -> None:
    said = properties(tunnel())
    assert said["sku"] == {"family": "A", "name": "standard"}
    assert said["tenantId"] == AZURE["tenantId"]
    assert said["enableRbacAuthorization"] is True
    assert "accessPolicies" not in said, "access policies and roles exclude one another"


@pytest.mark.parametrize(
    ("stack", "settings", "name"),
    [
        ("prod", {}, "kv-spy-options-0dte"),
        ("dev", {}, "kv-spy-options-0dte-dev"),
        ("prod", {"vault": {"suffix": "lcjr"}}, "kv-spy-options-lcjr"),
        ("prod", {"names": {"vault": "kv-mine"}}, "kv-mine"),
    ],
)
def test_the_vault_has_its_name(stack: str, settings: dict[str, Any], name: str) -> None:
    plan = tunnel(stack=stack, **settings)
    outputs = plan.component_outputs[plan.named("spy:cloud:Vault", "vault").urn]
    assert inputs_of(plan, VAULT, "vault")["vaultName"] == name
    assert (outputs["vaultName"], outputs["vaultUri"]) == (name, f"https://{name}.vault.azure.net/")


@pytest.mark.parametrize(("asked", "said"), [(True, True), (False, None)])
def test_purge_protection_is_said_or_left_out_and_never_denied(*, asked: bool, said: bool | None) -> None:
    plan = tunnel(vault={"purgeProtection": asked, "softDeleteDays": 90})
    assert properties(plan).get("enablePurgeProtection") is said
    assert (properties(plan)["enableSoftDelete"], properties(plan)["softDeleteRetentionInDays"]) == (True, 90)


def test_the_vault_opens_to_the_app_subnet_and_the_home_line_and_to_no_azure_service() -> None:
    doors = properties(tunnel())["networkAcls"]
    (subnet,) = doors["virtualNetworkRules"]
    assert (doors["defaultAction"], doors["bypass"]) == ("Deny", "None")
    assert subnet["id"].endswith("/subnets/AppSubnet")
    assert subnet["ignoreMissingVnetServiceEndpoint"] is False
    assert doors["ipRules"] == [{"value": f"{HOME}/32"}]


@pytest.mark.parametrize("address", ["", "home.example.net"])
def test_a_home_line_without_a_number_gets_no_door(address: str) -> None:
    doors = properties(tunnel(onPrem={"address": address}))["networkAcls"]
    assert doors["ipRules"] == []
    assert doors["defaultAction"] == "Deny"


def test_operators_come_in_from_their_own_addresses_each_said_once() -> None:
    addresses = ["198.51.100.0/24", "203.0.113.9", HOME]
    doors = properties(tunnel(vault={"addresses": addresses}))["networkAcls"]
    assert [rule["value"] for rule in doors["ipRules"]] == [f"{HOME}/32", "198.51.100.0/24", "203.0.113.9/32"]
    assert doors["defaultAction"] == "Deny"


def test_a_closed_vault_is_reached_by_a_subnet_that_has_its_service_endpoint() -> None:
    plan = tunnel()
    app = inputs_of(plan, "azure-native:network:Subnet", "AppSubnet")
    assert {"service": "Microsoft.KeyVault"} in app["serviceEndpoints"]
    assert plan.named("azure-native:network:Subnet", "AppSubnet").urn in plan.named(VAULT, "vault").dependencies


def test_no_machine_disk_or_template_reads_the_vault() -> None:
    said = properties(tunnel())
    assert not any(said[f"enabledFor{what}"] for what in ("Deployment", "DiskEncryption", "TemplateDeployment"))


def test_every_operator_administers_this_vault_and_nothing_wider() -> None:
    plan = tunnel(vault={"operators": OPERATORS})
    grants = {one.name: one for one in plan.of_type(GRANT) if one.name.startswith("operator-")}
    assert {one.inputs["principalId"] for one in grants.values()} == set(OPERATORS)
    for grant in grants.values():
        assert grant.inputs["roleDefinitionId"].endswith(ADMINISTRATOR)
        assert grant.inputs["scope"].endswith("/vaults/kv-spy-options-0dte")
        assert grant.inputs["principalType"] == "User"


def test_a_group_is_granted_as_a_group() -> None:
    plan = tunnel(vault={"operators": OPERATORS[:1], "operatorGroups": OPERATORS[1:]})
    grants = {one.name: one.inputs["principalType"] for one in plan.of_type(GRANT) if one.name.startswith("operator-")}
    assert grants == {f"operator-{OPERATORS[0]}": "User", f"operator-{OPERATORS[1]}": "Group"}


def test_nobody_administers_the_vault_unless_named() -> None:
    assert not [
        one
        for one in recorded(prod(), preview=False).of_type(GRANT)
        if one.inputs["roleDefinitionId"].endswith(ADMINISTRATOR)
    ]


def test_what_is_kept_in_the_vault_is_secret_even_if_it_was_not_before() -> None:
    def build(scope: Scope, within: pulumi.ResourceOptions) -> None:
        vault = Vault("vault", scope, "a-subnet", within)
        vault_secret("kept", parent=vault, scope=scope, vault_name=vault.vault_name, value="told plainly")

    kept = recorded_part(build, prod()).named("azure-native:keyvault:Secret", "kept")
    assert kept.inputs["properties"]["value"] == Secret("told plainly")


def test_the_vault_and_its_secrets_outlive_the_stack() -> None:
    plan = tunnel()
    kept = [plan.named(VAULT, "vault"), *plan.of_type("azure-native:keyvault:Secret")]
    assert len(kept) == 2
    assert all(one.protect and one.retain_on_delete for one in kept)
