"""Web app: the backend's image by digest, signed in as itself, created after its grants, without any password."""

from __future__ import annotations

import ast
from pathlib import Path
from typing import Any

import pytest

from apps.contracts.names import AzureEnv
from infra.cloud.webapp import TIERS
from infra.cloud.webapp_settings import AppServiceEnv
from infra.plan import Plan, Secret
from stacks.settings import StackSettings
from tests.infra.order import made_before
from tests.infra.recording import inputs_of, recorded

WEBAPP = "azure-native:web:WebApp"
PLAN = "azure-native:web:AppServicePlan"
VAULT_SECRET = "azure-native:keyvault:Secret"
AUDIENCE = "44444444-4444-4444-4444-444444444444"
DIGEST = f"sha256:{'a' * 64}"


def settings_of(stack: str, **changed: object) -> StackSettings:
    base: dict[str, object] = {
        "stack": stack,
        "azure": {"tenantId": "33333333-3333-3333-3333-333333333333", "apiAudience": AUDIENCE},
        "images": {"backend": DIGEST},
    }
    return StackSettings.model_validate(base | changed)


def whole(**changed: object) -> Plan:
    return recorded(settings_of("prod", **changed), preview=False)


def webapp(**changed: object) -> dict[str, Any]:
    return inputs_of(whole(**changed), WEBAPP, "webapp")


def environment(**changed: object) -> dict[str, str]:
    return {one["name"]: one["value"] for one in webapp(**changed)["siteConfig"]["appSettings"]}


def backend_keys() -> set[str]:
    """Environment keys of the backend's settings, read from its source: the infra half may not import it."""
    tree = ast.parse((Path(__file__).parents[2] / "apps" / "backend" / "settings.py").read_text())
    (model,) = (one for one in tree.body if isinstance(one, ast.ClassDef) and one.name == "Settings")
    return {
        field.target.id.upper()
        for field in model.body
        if isinstance(field, ast.AnnAssign) and isinstance(field.target, ast.Name)
    }


def values_of(space: type) -> set[str]:
    return {value for name, value in vars(space).items() if name.isupper()}


def test_the_plan_is_linux_and_of_the_size_of_its_setting() -> None:
    plan = inputs_of(whole(), PLAN, "plan")
    assert plan["name"] == "asp-spy-options"
    assert plan["kind"] == "linux"
    assert plan["reserved"] is True
    assert plan["sku"] == {"name": "B1", "tier": "Basic", "capacity": 1}


@pytest.mark.parametrize(("sku", "tier"), TIERS.items())
def test_every_size_that_the_setting_allows_has_a_tier(sku: str, tier: str) -> None:
    assert settings_of("prod", webapp={"sku": sku}).webapp.sku == sku
    assert tier


def test_the_image_is_the_backends_by_digest_from_the_stacks_registry() -> None:
    assert webapp()["siteConfig"]["linuxFxVersion"] == f"DOCKER|acrspyoptions.azurecr.io/spy-backend@{DIGEST}"


def test_only_https_and_no_old_tls_no_ftp_no_shell() -> None:
    inputs = webapp()
    assert inputs["name"] == "app-spy-options-backend"
    assert inputs["httpsOnly"] is True
    assert inputs["clientAffinityEnabled"] is False
    assert inputs["sshEnabled"] is False
    site = inputs["siteConfig"]
    assert (site["minTlsVersion"], site["scmMinTlsVersion"], site["ftpsState"]) == ("1.2", "1.2", "Disabled")
    assert site["remoteDebuggingEnabled"] is False
    assert site["alwaysOn"] is True
    assert site["healthCheckPath"] == "/health"


def test_it_pulls_reads_secrets_and_signs_in_as_its_own_identity() -> None:
    plan = whole()
    inputs = inputs_of(plan, WEBAPP, "webapp")
    (identities,) = (given for urn, given in plan.component_outputs.items() if urn.endswith("::identities"))
    assert inputs["identity"] == {"type": "UserAssigned", "userAssignedIdentities": [identities["webappId"]]}
    assert inputs["keyVaultReferenceIdentity"] == identities["webappId"]
    assert inputs["siteConfig"]["acrUseManagedIdentityCreds"] is True
    assert inputs["siteConfig"]["acrUserManagedIdentityID"] == identities["webappClientId"]
    assert environment()[AzureEnv.CLIENT_ID] == identities["webappClientId"]


def test_publishing_by_password_is_off_both_ways_one_after_the_other() -> None:
    plan = whole()
    ftp = plan.named("azure-native:web:WebAppFtpAllowed", "ftp-password")
    scm = plan.named("azure-native:web:WebAppScmAllowed", "scm-password")
    assert ftp.inputs["allow"] is False
    assert scm.inputs["allow"] is False
    assert ftp.inputs["name"] == scm.inputs["name"] == "app-spy-options-backend"
    assert ftp.urn in scm.dependencies


@pytest.mark.parametrize("preview", [True, False])
def test_it_is_made_after_everything_it_cannot_start_without(preview: bool) -> None:
    plan = recorded(settings_of("prod"), preview=preview)
    assert made_before(plan, plan.named(WEBAPP, "webapp")) >= {
        "RoleAssignment pull-by-webapp",
        "RoleAssignment read-by-webapp",
        "RoleAssignment negotiated-by-webapp",
        "RoleAssignment secrets-by-webapp",
        "UserAssignedIdentity webapp",
        "Subnet AppSubnet",
        "AppServicePlan plan",
    }


def test_it_waits_for_no_grant_of_others_and_not_for_the_gateway() -> None:
    before = made_before(plan := whole(vpn={"sku": "Basic"}), plan.named(WEBAPP, "webapp"))
    assert not before & {"RoleAssignment written-by-backend", "RoleAssignment sent-by-backend"}
    assert not [name for name in before if name.startswith("VirtualNetworkGateway")]


def test_it_reaches_private_addresses_through_appsubnet_and_public_ones_directly() -> None:
    inputs = webapp()
    assert inputs["virtualNetworkSubnetId"].endswith("/virtualNetworks/vnet-spy-options/subnets/AppSubnet")
    assert inputs["outboundVnetRouting"] == {"allTraffic": False, "applicationTraffic": False}


def test_every_setting_is_a_key_of_the_backend_or_of_azure() -> None:
    keys = set(environment())
    assert keys - backend_keys() <= values_of(AzureEnv) | values_of(AppServiceEnv)
    assert len(keys & backend_keys()) >= 10  # that the source was read at all


def test_the_backend_listens_where_app_service_calls() -> None:
    said = environment()
    assert said["BIND_HOST"] == "0.0.0.0"  # noqa: S104
    assert said["BACKEND_PORT"] == said["WEBSITES_PORT"] == "8000"


def test_it_keeps_its_data_in_azure_and_lets_the_tenants_people_in() -> None:
    said = environment()
    assert (said["STORE"], said["HUB"], said["SOURCE"], said["LOGIN"]) == ("tables", "azure", "live", "entra")
    assert said["AZURE_TABLES_ENDPOINT"] == "https://stspyoptionsprod.table.core.windows.net/"
    assert said["AZURE_SIGNALR_ENDPOINT"] == "https://signalr-spy-options.service.signalr.net"
    tenant = "https://login.microsoftonline.com/33333333-3333-3333-3333-333333333333"
    assert said["AUTH_ISSUER"] == f"{tenant}/v2.0"
    assert said["AUTH_AUDIENCE"] == AUDIENCE, "a token of the tenant for another application opens nothing"
    assert said["AUTH_JWKS_URL"] == f"{tenant}/discovery/v2.0/keys"


def test_with_the_simulator_it_says_simulated() -> None:
    assert environment(cluster={"gateway": "simulator"})["SOURCE"] == "simulated"


def test_it_is_told_its_own_address_as_azure_gives_it() -> None:
    plan = whole()
    (outputs,) = (given for urn, given in plan.component_outputs.items() if urn.endswith("Webapp::webapp"))
    assert environment()["PUBLIC_URL"] == outputs["url"] == "https://app-spy-options-backend.azurewebsites.net"


def test_the_page_may_call_it_from_its_hosts_and_nobody_else_may() -> None:
    plan = whole(site={"customDomain": "www.example.org"})
    (site,) = (given for urn, given in plan.component_outputs.items() if urn.endswith("Site::site"))
    origins = environment(site={"customDomain": "www.example.org"})["CORS_ORIGINS"]
    assert origins == f"https://{site['host']},https://www.example.org"


def test_it_holds_no_key_no_password_and_no_publishers_credential() -> None:
    said = environment(cluster={"identity": "keys"}, storageConnectionString="AccountKey=plain")
    assert not [key for key in said if any(word in key for word in ("PUBLISHER", "PASSWORD", "SECRET", "REGISTRY"))]
    assert not [value for value in said.values() if "AccountKey" in value or "AccessKey" in value]


def test_a_secret_setting_is_a_reference_to_a_protected_secret_of_the_vault_without_version() -> None:
    plan = whole()
    (secret,) = (one for one in plan.of_type(VAULT_SECRET) if one.name == "applicationinsights-connection-string")
    assert environment()[AzureEnv.APPLICATION_INSIGHTS] == (
        "@Microsoft.KeyVault(VaultName=kv-spy-options-0dte;SecretName=applicationinsights-connection-string)"
    )
    assert isinstance(secret.inputs["properties"]["value"], Secret)
    assert secret.protect
    assert "Secret applicationinsights-connection-string" in made_before(plan, plan.named(WEBAPP, "webapp"))
