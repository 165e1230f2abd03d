"""Names: prod's are the documents' own, others bear the stack, and no name that Azure refuses passes the check."""

from __future__ import annotations

import string

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from stacks.checks import azure_names, problems
from stacks.checks.azure_names import RESOURCE_GROUP, ruled
from stacks.checks.shared_cluster import cluster_objects
from stacks.naming import Names
from tests.stacks.builders import only, stack

LOWER, UPPER, DIGITS = set(string.ascii_lowercase), set(string.ascii_uppercase), set(string.digits)
ALNUM = LOWER | UPPER | DIGITS

NO_RESOURCES = {"registry_host", "webapp_host", "settings"}
"""What Names tells beside names: addresses that follow from them, and what it was made of."""


def test_prod_has_exactly_the_documents_names() -> None:
    names = Names(stack("prod"))
    assert {
        names.resource_group: "rg-spy-options-prod",
        names.virtual_network: "vnet-spy-options",
        names.network_security_group: "nsg-spy-options",
        names.vpn_public_address: "pip-vpn-gateway",
        names.vpn_gateway: "vpn-gateway-spy-options",
        names.local_network_gateway: "lng-onprem-spy",
        names.vpn_connection: "conn-onprem-spy",
        names.registry: "acrspyoptions",
        names.app_service_plan: "asp-spy-options",
        names.webapp: "app-spy-options-backend",
        names.signalr: "signalr-spy-options",
        names.storage: "stspyoptionsprod",
        names.workspace: "log-spy-options",
        names.application_insights: "appi-spy-options",
        names.vault: "kv-spy-options-0dte",
        names.site: "stapp-spy-options",
        names.namespace: "spy-options-bot",
        names.persistent_volume("database"): "pv-database",
        names.storage_class: "local-storage",
        names.host_folder("cache"): "/mnt/k8s-storage/cache",
    }.items() <= {(name, name) for name in every_name("prod")}


def every_name(name: str) -> set[str]:
    """All names of a stack with a gateway, host folders included."""
    settings = stack(name, vpn={"sku": "Basic"})
    return {of for _, of, _ in ruled(settings)} | {of for _, of in cluster_objects(settings)}


def test_another_stack_appends_its_name_where_a_name_must_be_unique() -> None:
    names = Names(stack("dev"))
    assert names.resource_group == "rg-spy-options-dev"
    assert names.registry == "acrspyoptionsdev"
    assert names.storage == "stspyoptionsdev"
    assert names.webapp == "app-spy-options-backend-dev"
    assert names.signalr == "signalr-spy-options-dev"
    assert names.vault == "kv-spy-options-0dte-dev"
    assert names.namespace == "spy-options-bot-dev"
    assert names.persistent_volume("logs") == "pv-logs-dev"
    assert names.storage_class == "local-storage-dev"
    assert names.host_folder("logs") == "/mnt/k8s-storage/logs-dev"
    assert names.vpn_connection == "conn-onprem-spy-dev"
    assert names.virtual_network == "vnet-spy-options", "inside the resource group"


def test_every_name_has_a_rule() -> None:
    """A name that somebody adds to stacks/naming.py is checked from then on, or this fails."""
    names = Names(stack("prod", vpn={"sku": "Basic"}))
    checked = {name for _, name, _ in ruled(names.settings)} | {name for _, name in cluster_objects(names.settings)}
    told = {name: getattr(names, name) for name in dir(names) if not name.startswith("_") and name not in NO_RESOURCES}
    assert {key for key, name in told.items() if isinstance(name, str) and name not in checked} == set()


def test_dev_and_prod_share_no_name_that_is_unique_in_azure_or_in_a_cluster() -> None:
    dev, prod = stack("dev", releases={"monitoring": False}), stack("prod")
    assert list(azure_names.together([dev, prod])) == []
    assert not set(cluster_objects(dev)) & set(cluster_objects(prod))


@pytest.mark.parametrize(
    ("names", "said"),
    [
        ({"registry": "acr-spy"}, "container registry 'acr-spy' has 7 characters and must have 5 to 50, letters and"),
        ({"registry": "acr"}, "set names.registry"),
        ({"storage": "StSpy"}, "storage account 'StSpy' has 5 characters and must have 3 to 24, lower-case letters"),
        ({"storage": "s" * 25}, "has 25 characters and must have 3 to 24"),
        ({"vault": "kv--spy"}, "Key Vault 'kv--spy'"),
        ({"vault": "1vault"}, "a letter first"),
        ({"webapp": "-spy"}, "web app '-spy'"),
        ({"signalr": "1-spy"}, "SignalR '1-spy'"),
        ({"resourceGroup": "rg."}, "resource group 'rg.'"),
        ({"namespace": "Spy"}, "Kubernetes namespace 'Spy'"),
        ({"storageClass": "local_storage"}, "Kubernetes object 'local_storage'"),
    ],
)
def test_a_name_too_long_or_with_a_wrong_character_is_told_with_its_rule(names: dict[str, str], said: str) -> None:
    sentence = only(problems([stack("prod", names=names)]))
    assert said in sentence
    assert f"set names.{next(iter(names))}" in sentence


def test_a_project_name_that_makes_the_vaults_too_long_is_told_how_to_shorten_them() -> None:
    rule = "characters and must have 3 to 24, letters, digits and single '-', a letter first, no '-' last"
    assert problems([stack("staging", images={"source": "build"})]) == [
        f"staging: Key Vault 'kv-spy-options-0dte-staging' has 27 {rule}: set names.vault",
        f"staging: Key Vault 'kvs-spy-options-0dte-staging' has 28 {rule}: set bootstrap.vault",
    ]


def test_two_stacks_with_one_name_in_azure_are_told() -> None:
    two = [stack("dev", names={"storage": "stspy"}), stack("prod", names={"storage": "stspy"})]
    assert only(problems(two)) == "dev and prod both have names.storage 'stspy': give one of them another"


def hyphenated(name: str, least: int, most: int) -> bool:
    return least <= len(name) <= most and set(name) <= ALNUM | {"-"} and name[0] != "-" != name[-1]


def acceptable(kind: str, name: str) -> bool:
    """The rules of Azure and Kubernetes once more, by sets of characters instead of patterns."""
    match kind:
        case "container registry":
            return 5 <= len(name) <= 50 and set(name) <= ALNUM
        case "storage account":
            return 3 <= len(name) <= 24 and set(name) <= LOWER | DIGITS
        case "Key Vault":
            return hyphenated(name, 3, 24) and not name[0].isdigit() and "--" not in name
        case "web app":
            return hyphenated(name, 2, 60)
        case "SignalR":
            return hyphenated(name, 3, 63) and not name[0].isdigit()
        case "Kubernetes namespace":
            return hyphenated(name, 1, 63) and not set(name) & UPPER
    raise AssertionError(kind)


KINDS = {"registry", "storage", "vault", "webapp", "signalr", "namespace"}


@given(
    st.fixed_dictionaries({kind: st.text(alphabet="abzAZ019-_.", min_size=1, max_size=66) for kind in sorted(KINDS)})
)
def test_a_name_is_accepted_exactly_when_its_kind_takes_it(names: dict[str, str]) -> None:
    settings = stack("prod", names=names)
    for key, name, rule in ruled(settings):
        if key.removeprefix("names.") in KINDS:
            assert rule.fits(name) == acceptable(rule.kind, name), (rule.kind, name)


@given(
    st.from_regex(r"[a-z][a-z0-9-]{1,20}", fullmatch=True),
    st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True),
)
def test_derived_names_that_pass_are_names_azure_takes(project: str, name: str) -> None:
    settings = stack(name, projectName=project, images={"source": "build"} if name != "prod" else {})
    assume(not list(azure_names.alone(settings)))
    for _, derived, rule in ruled(settings):
        if rule.kind in {"container registry", "storage account", "Key Vault", "web app", "SignalR"}:
            assert acceptable(rule.kind, derived)


def test_a_resource_group_may_hold_what_azure_allows() -> None:
    assert RESOURCE_GROUP.fits("rg-spy_(options).prod")
    assert not RESOURCE_GROUP.fits("rg-spy.")
