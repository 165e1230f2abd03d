"""What committed files leave empty: told before up, shown as placeholders in a plan."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.needs import for_plan, missing, needed
from stacks.settings import StackSettings
from tests.stacks.builders import DIGEST, GUID, UID, stack

AZURE = {"subscriptionId": GUID, "tenantId": GUID, "apiAudience": GUID}
CLUSTER = {"context": "home", "uid": UID, "issuer": "https://issuer.example.org"}
CONTACTS = {"contacts": ["owner@example.org"]}
CLOUD = {"azure.subscriptionId", "azure.tenantId", "azure.apiAudience", "alerts.contacts"}


IMAGES = {"backend": DIGEST, "detector": DIGEST, "tradingBot": DIGEST}
REACHED = {"cluster.context", "cluster.uid"}
COMPLETE: dict[str, Any] = {
    "azure": AZURE,
    "cluster": CLUSTER,
    "alerts": CONTACTS,
    "images": IMAGES,
    "upstream": {
        "github": "images.example.org",
        "charts": "https://charts.example.org",
        "gatewayDigest": DIGEST,
        "forwarderDigest": DIGEST,
    },
    "logs": {"forwarderId": GUID},
    **dict.fromkeys(
        ("registryPassword", "ibkrUsername", "ibkrPassword", "ibkrPaperUsername", "ibkrPaperPassword"), "given"
    ),
    **dict.fromkeys(("grafanaPassword", "logsSecret"), "given"),
}
"""Everything that prod needs before up, but for the address of the home line."""


def needs(settings: StackSettings) -> set[str]:
    """Needed keys but the digests."""
    return {need.key for need in needed(settings) if not need.is_digest}


def digests(settings: StackSettings) -> list[str]:
    """Images that need a digest."""
    return [need.key for need in needed(settings) if need.is_digest]


def test_a_stack_of_all_layers_needs_its_personal_settings() -> None:
    assert needs(stack("prod", vpn={"sku": "Basic"})) == {
        "azure.subscriptionId",
        "azure.tenantId",
        "azure.apiAudience",
        "alerts.contacts",
        "onPrem.address",
        "cluster.context",
        "cluster.uid",
        "cluster.issuer",
        "registryPassword",
        "upstream.github",
        "ibkrUsername",
        "ibkrPassword",
        "ibkrPaperUsername",
        "ibkrPaperPassword",
        "upstream.charts",
        "grafanaPassword",
        "logs.forwarderId",
        "logsSecret",
    }


def test_a_complete_stack_needs_nothing() -> None:
    settings = stack("prod", **COMPLETE, vpn={"sku": "Basic"}, onPrem={"address": "203.0.113.7"})
    assert needed(settings) == []
    assert missing(settings) == []
    assert for_plan(settings) == settings


@pytest.mark.parametrize(
    ("layers", "expected"),
    [
        (["images", "cluster", "releases"], {*REACHED, "upstream.charts", "grafanaPassword"}),
        (["images", "cluster"], REACHED),
        (["cloud", "images"], CLOUD),
    ],
)
def test_only_included_layers_need_anything(layers: list[str], expected: set[str]) -> None:
    assert needs(stack("local", layers=layers, cluster={"gateway": "simulator"})) == expected


def test_secrets_are_needed_by_the_cluster_layer_with_identity_keys_only() -> None:
    secrets = {"storageConnectionString", "signalrConnectionString"}
    keys = {"identity": "keys"}
    assert secrets <= needs(stack("prod", cluster=keys))
    assert not secrets & needs(stack("prod", cluster={"identity": "federated"}))
    assert not secrets & needs(stack("prod", cluster=keys, layers=["cloud", "images"]))
    assert not secrets & needs(stack("local", cluster=keys, layers=["images", "cluster"]))


def test_a_run_that_does_not_reach_the_cluster_needs_nothing_of_it() -> None:
    before = needs(stack("prod", cluster={"identity": "keys"}, deploy={"cluster": False}))
    assert before == CLOUD


def test_who_signs_in_is_asked_for_where_the_web_app_is() -> None:
    """A stack's first run makes the registry and no web app."""
    assert "azure.apiAudience" in needs(stack("prod"))
    assert "azure.apiAudience" not in needs(stack("prod", deploy={"images": False}))
    assert "azure.apiAudience" not in needs(stack("local", layers=["images", "cluster"]))


def test_a_shared_registry_is_named_where_a_web_app_pulls_from_it() -> None:
    shared = {"mode": "shared", "host": "other.azurecr.io"}
    assert "registry.id" in needs(stack("dev", registry=shared))
    assert "registry.id" not in needs(stack("dev", registry=shared, deploy={"images": False}))
    assert "registry.id" not in needs(stack("local", registry=shared, layers=["images", "cluster"]))
    assert "registry.id" not in needs(stack("dev"))
    assert for_plan(stack("dev", registry=shared)).registry.id == "<setting:registry.id>"


def test_a_missing_secret_is_one_sentence_with_key_layer_and_cure() -> None:
    settings = stack("prod", **{**COMPLETE, "cluster": {**CLUSTER, "identity": "keys"}, "publisherSecret": "p" * 32})
    assert missing(settings) == [
        "storageConnectionString is empty and the layer cluster needs it, with cluster.identity keys the services sign "
        "in to the tables by it: 'pulumi config set --secret storageConnectionString'",
        "signalrConnectionString is empty and the layer cluster needs it, with cluster.identity keys the backend signs "
        "in to SignalR by it: 'pulumi config set --secret signalrConnectionString'",
    ]


def test_a_gateway_without_a_home_address_is_shown_connected_and_goes_up_without_connection() -> None:
    settings = stack("prod", **COMPLETE, vpn={"sku": "Basic"})
    assert needs(settings) == {"onPrem.address"}
    assert missing(settings) == []
    assert for_plan(settings).on_prem.address == "<setting:onPrem.address>"


def test_no_home_address_is_asked_for_without_a_gateway() -> None:
    assert "onPrem.address" not in needs(stack("dev", vpn={"sku": "none"}))


def test_a_plan_has_a_placeholder_in_each_needed_place() -> None:
    planned = for_plan(stack("prod", cluster={"identity": "keys"}))
    assert planned.azure.subscription_id == "<setting:azure.subscriptionId>"
    assert planned.alerts.contacts == ("<setting:alerts.contacts>",)
    assert planned.cluster.uid == "<setting:cluster.uid>"
    assert planned.storage_connection_string.get_secret_value() == "<secret>"
    assert needs(planned) == set()


def test_a_plan_shows_an_unresolved_digest_as_it_is() -> None:
    assert for_plan(stack("prod")).images.backend == "unresolved"


def test_what_is_set_stays_in_a_plan() -> None:
    planned = for_plan(stack("prod", azure={"subscriptionId": GUID}))
    assert planned.azure.subscription_id == GUID
    assert planned.azure.tenant_id == "<setting:azure.tenantId>"


def test_logins_are_asked_for_by_the_gateways_that_run() -> None:
    paper, live = {"ibkrPaperUsername", "ibkrPaperPassword"}, {"ibkrUsername", "ibkrPassword"}
    assert {*paper, *live} <= needs(stack("prod"))
    assert needs(stack("prod", cluster={"gateway": "paper"})) & {*paper, *live} == paper
    assert not needs(stack("prod", cluster={"gateway": "simulator"})) & {*paper, *live}


def test_an_image_of_others_without_a_digest_is_refused_before_up() -> None:
    told = missing(
        stack("prod", **{**COMPLETE, "upstream": {"github": "i.example.org", "charts": "https://c.example.org"}})
    )
    assert told == [
        "image.ib-gateway of tools/versions.toml is unresolved and the layer cluster needs it: 'make pins' online asks "
        "for its digest",
        "image.fluent-bit of tools/versions.toml is unresolved and the layer releases needs it: 'make pins' online "
        "asks for its digest",
    ]


def test_images_that_are_built_need_the_digest_of_their_base_unless_the_run_leaves_them_out() -> None:
    building = {**COMPLETE, "images": {"source": "build"}}
    assert missing(stack("prod", **building)) == [
        "image.python of tools/versions.toml is unresolved and the layer images needs it: 'make pins' online asks for "
        "its digest"
    ]
    assert missing(stack("prod", **building, deploy={"images": False})) == []
    building["upstream"] = {**COMPLETE["upstream"], "baseDigest": DIGEST}
    assert missing(stack("prod", **building)) == []


def test_a_pinned_image_without_a_digest_is_refused_before_up() -> None:
    assert digests(stack("prod")) == ["images.backend", "images.detector", "images.tradingBot"]
    assert (
        "images.backend is unresolved and the layer images needs it, nothing runs without a digest: "
        "'pulumi config set --path images.backend VALUE'"
    ) in missing(stack("prod"))


def test_the_simulator_needs_a_digest_where_it_is_the_gateway() -> None:
    settings = stack("dev", cluster={"gateway": "simulator"}, images={"backend": DIGEST})
    assert digests(settings) == ["images.detector", "images.tradingBot", "images.simulator"]


def test_without_a_cluster_only_the_web_app_s_image_is_run() -> None:
    assert digests(stack("prod", layers=["cloud", "images"])) == ["images.backend"]


@pytest.mark.parametrize("values", [{"images": {"source": "build"}}, {"deploy": {"images": False}}])
def test_built_images_and_a_stack_s_first_run_need_no_digest(values: dict[str, dict[str, object]]) -> None:
    assert digests(stack("dev", **values)) == []
