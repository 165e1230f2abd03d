"""Checks of one stack: each refusal is one sentence that names the key and the cure."""

from __future__ import annotations

from typing import Any

import pytest

from stacks.checks import problems, remarks
from stacks.needs import for_plan
from stacks.prices import prices
from stacks.settings import StackSettings
from tests.stacks.builders import GUID, UID, changed, only, stack

KEYS = {"cluster": {"identity": "keys"}, "storage": {"sharedKey": True}, "signalr": {"localAuth": True}}
LOCAL = {
    "layers": ["images", "cluster", "releases"],
    "registry": {"mode": "shared", "host": "localhost:5000"},
    "services": {"store": "sqlite", "hub": "embedded", "backendReplicas": 1},
    "cluster": {"identity": "keys"},
}
SHARED = {"mode": "shared", "host": "acrother.azurecr.io"}
REGISTRY = f"/subscriptions/{GUID}/resourceGroups/rg-other/providers/Microsoft.ContainerRegistry/registries/acrother"


def found(values: dict[str, Any], name: str = "prod") -> list[str]:
    """Problems of one stack with these top-level keys."""
    return problems([stack(name, **values)])


@pytest.mark.parametrize("values", [{}, KEYS, LOCAL])
def test_a_sound_stack_has_no_problem(values: dict[str, Any]) -> None:
    assert found(values) == []
    assert problems([for_plan(stack("prod", **values))]) == [], "nor with a plan's placeholders"


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"vpn": {"customPolicy": True}}, "the SKU none takes no IPsec policy: set vpn.sku to VpnGw1AZ"),
        ({"vpn": {"sku": "Basic", "customPolicy": True}}, "the SKU Basic takes no IPsec policy: set vpn.sku to"),
        ({"vpn": {"sku": "Basic"}, "layers": ["cloud", "images"]}, "the layer vpn is left out: add vpn to layers"),
        ({"onPrem": {"address": "192.168.1.1"}}, "onPrem.address 192.168.1.1 is an address that nobody has on"),
        ({"onPrem": {"address": "300.1.1.1"}}, "onPrem.address '300.1.1.1' is no IPv4 address and no DNS name"),
        ({"vpnPsk": "too short"}, "vpnPsk must be 32 to 128 printable ASCII characters"),
        ({"vpnPsk": 'thirty-two characters, with a "quote"'}, "vpnPsk must be 32 to 128 printable ASCII characters"),
        ({"signalr": {"capacity": 2}}, "signalr.capacity is 2 and Free_F1 has one unit: set it to 1"),
        ({"signalr": {"messageQuotaPerDay": 20_001}}, "Free_F1 sends 20000 a day: set it lower"),
        ({"signalr": {"sku": "Standard_S1", "capacity": 3}}, "Standard_S1 has 1, 2, 5, 10, 20, 50, 100 units"),
        ({"registry": {"mode": "shared"}}, "registry.mode is shared and registry.host is empty: set registry.host"),
        ({"registry": {"host": "other.example"}}, "leave registry.host empty or set registry.mode to shared"),
        ({"registry": {"id": REGISTRY}}, "registry.id is set and registry.mode is own: leave registry.id empty"),
        (
            {"registry": {**SHARED, "id": "acrother"}},
            "registry.id 'acrother' is no id of a registry: give what 'az acr",
        ),
        ({"registry": {**SHARED, "id": f"{REGISTRY}/tokens/one"}}, "is no id of a registry"),
        (
            {"registry": {**SHARED, "id": REGISTRY}, "azure": {"subscriptionId": UID}},
            f"registry.id is in the subscription {GUID} and azure.subscriptionId is {UID}: share a registry",
        ),
        (
            {"registry": {**SHARED, "host": "another.azurecr.io", "id": REGISTRY}},
            "registry.id names acrother and registry.host is another.azurecr.io: give both of one registry",
        ),
        ({"images": {"source": "build"}}, "images.source is build and prod never builds: set it to pinned"),
        ({"registry": {"mode": "shared", "host": "https://x.example.org"}}, "is no host: give HOST or HOST:PORT"),
        (
            {"onPrem": {"address": "127.1.2.3"}},
            "onPrem.address 127.1.2.3 is an address that nobody has on the internet",
        ),
        ({"names": {"namespace": "kube-system"}}, "none of Kubernetes' own"),
        ({"layers": []}, "layers is empty, and up would delete all that the stack has: name the layers"),
        ({"layers": ["vpn"]}, "layers has vpn and lacks cloud: add cloud or leave out vpn"),
        ({"layers": ["cloud"]}, "layers has cloud and lacks images: add images or leave out cloud"),
        ({"layers": ["images", "images", "cloud"]}, "layers names a layer twice: name each once"),
        ({"storage": {"sharedKey": True}}, "storage.sharedKey is true and cluster.identity federated needs no key"),
        ({"signalr": {"localAuth": True}}, "signalr.localAuth is true and cluster.identity federated needs no key"),
        (changed(KEYS, "storage.sharedKey", False), "no key is let in: set storage.sharedKey to true"),
        (changed(KEYS, "signalr.localAuth", False), "no key is let in: set signalr.localAuth to true"),
        (changed(LOCAL, "services.store", "tables"), "is left out: set services.store to sqlite"),
        (changed(LOCAL, "services.hub", "azure"), "is left out: set services.hub to embedded"),
        (changed(LOCAL, "registry", {"mode": "own"}), "the layer cloud, which makes it, is left out"),
        (
            {"services": {"store": "sqlite"}},
            "the web app of the layer cloud is a second backend: set services.store to",
        ),
        ({"services": {"hub": "embedded"}}, "is a second backend: set services.hub to azure"),
        ({"cluster": {"nodes": 2}}, "cluster.nodes is 2 and the volumes are of one node: set cluster.sharedVolumes"),
        ({"services": {"symbols": ["SPY", "QQQ"]}}, "takes 160 market-data lines"),
        ({"services": {"linesPerSymbol": 81}}, "and the login has 80 (services.dataLines 100 less"),
        ({"services": {"symbols": ["spy"]}}, "services.symbols holds 'spy': write a symbol in one to six capital"),
        (
            {"services": {"symbols": ["SPY", "SPY"], "linesPerSymbol": 40}},
            "services.symbols names a symbol twice: name each once",
        ),
        ({"azure": {"subscriptionId": "mine"}}, "azure.subscriptionId 'mine' is no GUID: give it as 8-4-4-4-12"),
        ({"azure": {"apiAudience": "api://spy"}}, "azure.apiAudience 'api://spy' is no GUID: give it as 8-4-4-4-12"),
        ({"cluster": {"uid": "mine"}}, "cluster.uid 'mine' is no GUID"),
        ({"vault": {"operators": ["me@example.org"]}}, "vault.operators holds 'me@example.org': give object ids"),
        ({"logs": {"publishers": ["me"]}}, "logs.publishers holds 'me': give object ids"),
        ({"vault": {"operatorGroups": ["ops"]}}, "vault.operatorGroups holds 'ops': give object ids"),
        (
            {"vault": {"operators": [GUID], "operatorGroups": [GUID.upper()]}},
            f"{GUID} stands 2 times in vault.operators and vault.operatorGroups: name it once",
        ),
        ({"vault": {"addresses": ["192.168.1.5"]}}, "vault.addresses holds 192.168.1.5/32, which nobody has on the"),
        ({"vault": {"addresses": ["0.0.0.0/0"]}}, "vault.addresses holds 0.0.0.0/0, which nobody has on the internet"),
        ({"vault": {"addresses": ["198.0.0.0/8"]}}, "vault.addresses holds 198.0.0.0/8: give ranges of /16 or smaller"),
        ({"vault": {"operators": [GUID, GUID.upper()]}}, f"{GUID} stands 2 times in vault.operators: name it once"),
        ({"alerts": {"contacts": [""]}}, "alerts.contacts holds '', which is no e-mail address"),
        ({"alerts": {"contacts": ["owner"]}}, "alerts.contacts holds 'owner', which is no e-mail address"),
        ({"alerts": {"contacts": [f"n{n}@example.org" for n in range(6)]}}, "has 6 addresses: give one to 5"),
        ({"alerts": {"contacts": ["me@a.org", "Me@a.org"]}}, "alerts.contacts names me@a.org 2 times: name it once"),
        ({"alerts": {"availabilityMinutes": 7}}, "alerts.availabilityMinutes is 7: Azure probes every 5, 10 or 15"),
        ({"cluster": {"issuer": "http://issuer.example"}}, "is no issuer: give the https URL"),
        ({"cluster": {"issuer": "https://issuer.example/"}}, "without query and closing slash"),
        ({"cluster": {"issuer": "https://[::1"}}, "is no issuer: give the https URL"),
        ({"cluster": {"issuer": "https://issuer.example:99999"}}, "is no issuer: give the https URL"),
        ({"cluster": {"issuer": "https://issuer.example/a\tb"}}, "is no issuer: give the https URL"),
        ({"cluster": {"issuer": "https://me:word@issuer.example"}}, "is no issuer: give the https URL"),
        ({"cluster": {"issuer": f"https://{'a' * 64}.example"}}, "is no issuer: give the https URL"),
        ({"site": {"customDomain": "https://example.org"}}, "is no domain: give a name in lower case"),
        ({"budget": {"startDate": "2026-11-15"}}, "set it to the first day of a month, 2026-11-01"),
    ],
)
def test_what_does_not_go_together_is_one_sentence_with_key_and_cure(values: dict[str, Any], said: str) -> None:
    sentence = only(found(values))
    assert said in sentence
    assert sentence.startswith("prod: ")


def test_one_process_s_store_and_hub_take_one_backend() -> None:
    assert found(changed(LOCAL, "services.backendReplicas", 2), "local") == [
        f"local: services.backendReplicas is 2 and {key}, which one backend alone can serve: set "
        f"services.backendReplicas to 1 or {cure}"
        for key, cure in (
            ("services.store is sqlite", "services.store to tables"),
            ("services.hub is embedded", "services.hub to azure"),
        )
    ]


def test_a_secret_is_never_shown() -> None:
    assert "hunter2" not in only(found({"vpnPsk": "hunter2"}))


@pytest.mark.parametrize(
    "values",
    [
        {"vpn": {"sku": "VpnGw1AZ", "customPolicy": True}},
        {"onPrem": {"address": "home.example.org"}},
        {"vpnPsk": "0123456789-abcdefghijklmnopqrstuv"},
        {"registry": {"host": "acrspyoptions.azurecr.io"}},
        {"registry": {**SHARED, "id": REGISTRY}, "azure": {"subscriptionId": GUID}},
        {"registry": {**SHARED, "host": "acrother-a1b2c3.azurecr.io", "id": REGISTRY}},
        {"cluster": {"nodes": 3, "sharedVolumes": True}},
        {"services": {"symbols": ["SPY", "QQQ"], "linesPerSymbol": 40}},
        {"vault": {"operators": [GUID], "operatorGroups": [UID], "addresses": ["203.0.113.7", "198.51.100.0/24"]}},
        {"images": {"source": "pinned", "backend": "unresolved"}},
    ],
)
def test_what_does_go_together_is_accepted(values: dict[str, Any]) -> None:
    assert found(values) == []


def test_a_budget_below_the_declared_cost_is_refused_with_the_amount_that_would_do() -> None:
    settings = stack("prod", budget={"amount": 53})
    assert problems([settings], cost=lambda _: 66.2) == [
        "prod: budget.amount is 53 USD and the stack declares 66.20 USD a month: set it to 67 or choose cheaper SKUs "
        "(spy cost prod)"
    ]
    assert problems([settings], cost=lambda _: 53.0) == []


def test_a_sku_without_a_price_is_told_instead_of_counted_as_free() -> None:
    def unpriced(_: StackSettings) -> float:
        return len(prices().model_copy(update={"priced": {}}).of("azure-native:web:AppServicePlan"))

    sentence = only(problems([stack("prod")], cost=unpriced))
    assert sentence == (
        "prod: azure-native:web:AppServicePlan has no price: add it to stacks/prices.yaml, under priced or under free"
    )


def test_a_stack_without_azure_has_no_budget_to_hold() -> None:
    assert problems([stack("local", **LOCAL)], cost=lambda _: 1_000.0) == []


def test_the_weakness_of_the_basic_gateway_is_said() -> None:
    said = remarks(stack("prod", vpn={"sku": "Basic"}))
    assert any("vpn.sku Basic" in remark and "modp1024" in remark for remark in said)
    assert not any("Basic" in remark for remark in remarks(stack("prod", vpn={"sku": "VpnGw1AZ"})))


def test_a_private_endpoint_without_a_gateway_is_said_to_serve_the_web_app_only() -> None:
    endpoint = {"storage": {"privateEndpoint": True}}
    assert any("storage.privateEndpoint without a gateway" in remark for remark in remarks(stack("dev", **endpoint)))
    assert found(endpoint, "dev") == []
    assert not any("without a gateway" in remark for remark in remarks(stack("dev", **endpoint, vpn={"sku": "Basic"})))
