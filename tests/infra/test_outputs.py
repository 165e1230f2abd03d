"""What a stack tells, frozen: a name that comes, goes or changes its place is a change of what others rely on."""

from __future__ import annotations

import re
from typing import Any

import pulumi
import pytest
from pydantic.alias_generators import to_camel

from infra.outputs import Outputs, exports
from infra.plan import UNKNOWN, Mode, Plan, Secret, record
from infra.plan.values import leaves
from infra.readme import readme as written
from stacks.settings import StackSettings
from tests.infra.recording import recorded, symbolic
from tests.infra.stacks_for_tests import prod

EVERY_STACK = {"readme", "stack"}
IMAGES = {"backendImage", "detectorImage", "registryHost", "simulatorImage", "tradingBotImage"}
CLOUD = {
    "appSubnetId",
    "budgetName",
    "containerSubnetId",
    "gatewaySubnetId",
    "location",
    "logIngestionEndpoint",
    "logRuleId",
    "privateEndpointSubnetId",
    "registryName",
    "registryTokenName",
    "resourceGroupName",
    "securityGroupId",
    "signalrHost",
    "signalrName",
    "siteHost",
    "siteName",
    "siteUrl",
    "storageName",
    "tablesEndpoint",
    "vaultName",
    "vaultUri",
    "virtualNetworkId",
    "virtualNetworkName",
    "virtualNetworkRange",
    "workspaceName",
}
WEBAPP = {"webappName", "webappUrl"}
ENDPOINT = {"tablesPrivateAddress"}
VPN = {"vpnGatewayName", "vpnPublicAddress"}
CONNECTION = {"vpnConnectionName", "vpnKeySecretName"}
CLUSTER = {"backendInCluster", "namespace"}
MONITORING = {"grafanaNodePort", "monitoringNamespace"}

GOLDEN = {
    "local": EVERY_STACK | IMAGES | CLUSTER | MONITORING,
    "dev": EVERY_STACK | IMAGES | CLOUD | WEBAPP | CLUSTER,
    "prod": EVERY_STACK | IMAGES | CLOUD | WEBAPP | ENDPOINT | VPN | CONNECTION | CLUSTER | MONITORING,
}
KEY_MATERIAL = re.compile(
    r"AccountKey=|AccessKey=|InstrumentationKey|SharedAccess|sig=|-----BEGIN|password", re.IGNORECASE
)


def plan_of(stack: str, *, preview: bool = False) -> Plan:
    return recorded(stack, preview=preview)


@pytest.mark.parametrize("stack", GOLDEN)
@pytest.mark.parametrize("preview", [True, False])
def test_a_stack_tells_exactly_these(stack: str, *, preview: bool) -> None:
    assert set(plan_of(stack, preview=preview).outputs) == GOLDEN[stack]


def test_what_the_model_declares_is_what_some_stack_tells() -> None:
    assert {to_camel(name) for name in Outputs.model_fields} == set().union(*GOLDEN.values())


@pytest.mark.parametrize("stack", GOLDEN)
def test_outputs_are_read_back_as_they_were_told(stack: str) -> None:
    told = plan_of(stack).outputs
    read = Outputs.model_validate(told)
    assert read.model_dump(by_alias=True, exclude_none=True) == told
    with pytest.raises(ValueError, match="frozen"):
        read.stack = "other"  # type: ignore[misc]


def test_an_older_reader_meets_a_newer_stack() -> None:
    read = Outputs.model_validate({"stack": "dev", "readme": "", "somethingNew": "x"})
    assert read.site_url is None


@pytest.mark.parametrize("stack", GOLDEN)
def test_no_output_is_a_secret_or_holds_a_key(stack: str) -> None:
    for path, value in leaves(plan_of(stack).outputs):
        assert not isinstance(value, Secret), path
        assert not KEY_MATERIAL.search(str(value)), path


def test_names_of_secrets_are_told_and_not_what_they_hold() -> None:
    assert plan_of("prod").outputs["vpnKeySecretName"] == "vpn-psk"


@pytest.mark.parametrize(
    ("layers", "told"),
    [
        (["cloud"], EVERY_STACK | CLOUD | ENDPOINT),
        (["cloud", "vpn"], EVERY_STACK | CLOUD | ENDPOINT | VPN | CONNECTION),
        (["cluster"], EVERY_STACK),
    ],
)
def test_a_stack_of_fewer_layers_tells_less(layers: list[str], told: set[str]) -> None:
    assert set(recorded(prod(layers=layers), preview=False).outputs) == told


def test_a_shared_registry_is_known_by_its_host_alone() -> None:
    shared = {"mode": "shared", "host": "registry.example.org"}
    told = recorded(prod(layers=["cloud", "images"], registry=shared), preview=False).outputs
    assert told["registryHost"] == "registry.example.org"
    assert not {"registryName", "registryTokenName"} & set(told)


def test_an_output_that_is_not_declared_is_refused() -> None:
    with pytest.raises(KeyError, match="site_token is no output"):
        exports({"site_token": "x"})


def readme(stack: str) -> str:
    text: Any = plan_of(stack).outputs["readme"]
    return str(text)


def test_the_readme_says_where_things_are_what_they_cost_and_what_is_guarded() -> None:
    said, told = readme("prod"), plan_of("prod").outputs
    for name in ("siteUrl", "webappUrl", "vaultUri", "vpnPublicAddress", "tablesPrivateAddress"):
        assert str(told[name]) in said
    for words in ("65.35 USD a month", "budget 70", "spy cost prod", "Protected: ", "modp1024"):
        assert words in said


def test_the_readme_of_a_stack_without_azure_says_nothing_of_it() -> None:
    said = readme("local")
    assert "localhost:5000" in said
    assert not re.search(r"azure|USD|portal\b.*workbook|Protected: ", said, re.IGNORECASE)


def test_the_readme_is_a_table_that_markdown_can_draw() -> None:
    for stack in GOLDEN:
        rows = [line for line in readme(stack).splitlines() if line.startswith("|")]
        assert {line.count("|") for line in rows} == {3}


def test_a_preview_of_an_empty_stack_does_not_yet_know_the_readme() -> None:
    assert plan_of("prod", preview=True).outputs["readme"] == UNKNOWN


def test_what_a_run_leaves_out_is_told_as_not_deployed() -> None:
    def program(settings: StackSettings) -> dict[str, Any]:
        absent: pulumi.Output[Any] = pulumi.Output.from_input(None)
        return {"readme": written(settings, {"vpn_public_address": absent, "site_url": "https://page.example.org"})}

    said = str(record(prod(), Mode.UPDATE, program).outputs["readme"])
    assert "| VPN gateway | not deployed yet |" in said
    assert "| The page | https://page.example.org |" in said


def test_the_golden_plan_shows_where_each_address_comes_from() -> None:
    told = symbolic("prod").outputs
    assert told["siteHost"] == "<site/site.defaultHostname>"
    assert "<vpn-gateway/public-address.ipAddress>" in told["readme"]
