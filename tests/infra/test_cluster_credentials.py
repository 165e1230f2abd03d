"""The Secrets of the namespace: which there are, what is in them, who reads them, and that none shows."""

from __future__ import annotations

import base64
import json
from hashlib import sha256
from typing import Any

import pytest
from pydantic import SecretStr

from infra.cluster.content_hash import annotation
from infra.cluster.environment import Environment
from infra.cluster.objects import App
from infra.plan import Secret
from infra.plan.values import leaves
from stacks.settings import StackSettings
from tests.infra.cluster_parts import TENANT, manifest, objects, what_is_read
from tests.infra.recording import STACKS, settings_of

SECRET = "core/v1:Secret"
KEYS: dict[str, Any] = {
    "stack": "prod",
    "cluster": {"identity": "keys"},
    "storage": {"sharedKey": True},
    "signalr": {"localAuth": True},
    "storageConnectionString": "AccountName=one;AccountKey=tables-key",
    "signalrConnectionString": "Endpoint=https://x;AccessKey=hub-key",
    "publisherSecret": "publish-and-perish",
    "registryPassword": "pull-me",
}


def keys_mode(**changed: Any) -> StackSettings:
    """A stack in Azure whose services sign in with keys."""
    return StackSettings.model_validate({**KEYS, **changed})


def values_of(stack: str | StackSettings, name: str) -> dict[str, str]:
    """What a Secret holds."""
    return dict(manifest(what_is_read(stack), SECRET, name)["stringData"])


def read_by(stack: str | StackSettings) -> dict[str, set[str]]:
    """By workload: the Secrets that its containers' environment is made of."""

    def told(found: dict[str, Environment]) -> dict[str, Any]:
        return {app: [one.name for one in read.secrets] for app, read in found.items()}

    return {app: set(names) for app, names in what_is_read(stack, told).outputs.items() if names}


@pytest.mark.parametrize(
    ("stack", "expected"),
    [
        ("prod", {"azure-credentials", "ibkr-credentials", "ibkr-paper-credentials", "acr-secret"}),
        ("dev", {"azure-credentials", "acr-secret"}),
        ("local", {"publisher-credentials"}),
    ],
)
def test_a_secret_is_there_when_somebody_has_a_use_for_it(stack: str, expected: set[str]) -> None:
    assert set(objects(what_is_read(stack), SECRET)) == expected


def test_with_one_login_there_is_no_other() -> None:
    paper = StackSettings.model_validate({"stack": "prod", "cluster": {"gateway": "paper"}})
    assert {name for name in objects(what_is_read(paper), SECRET) if "ibkr" in name} == {"ibkr-paper-credentials"}


@pytest.mark.parametrize("stack", [*STACKS, keys_mode()])
def test_every_value_of_every_secret_is_hidden(stack: str | StackSettings) -> None:
    plan = what_is_read(stack)
    for one in objects(plan, SECRET).values():
        hidden = one.inputs["stringData"]
        assert isinstance(hidden, Secret) or all(isinstance(value, Secret) for value in hidden.values())


@pytest.mark.parametrize("text", ["tables-key", "hub-key", "publish-and-perish", "pull-me"])
def test_no_secret_stands_anywhere_else(text: str) -> None:
    plan = what_is_read(keys_mode(), lambda found: {app: read.hashes for app, read in found.items()})
    shown = [value for one in plan.resources.values() for _, value in leaves(one.inputs)]
    assert not any(text in value for value in shown if isinstance(value, str))
    assert not any(text in str(value) for _, value in leaves(plan.outputs))


def test_azure_is_known_by_addresses_and_every_workload_brings_its_own_identity() -> None:
    assert values_of("prod", "azure-credentials") == {
        "AZURE_TENANT_ID": TENANT,
        "AZURE_TABLES_ENDPOINT": "the tables_endpoint",
        "AZURE_SIGNALR_ENDPOINT": "the signalr_endpoint",
        "APPLICATIONINSIGHTS_CONNECTION_STRING": "the insights_connection_string",
    }


def test_keys_come_back_in_keys_mode_and_only_to_the_backend() -> None:
    told = values_of(keys_mode(), "azure-credentials")
    assert told["AZURE_STORAGE_CONNECTION_STRING"] == KEYS["storageConnectionString"]
    assert told["AZURE_SIGNALR_CONNECTION_STRING"] == KEYS["signalrConnectionString"]
    readers = {app for app, names in read_by(keys_mode()).items() if "azure-credentials" in names}
    assert readers == {App.BACKEND}


def test_only_the_gateways_read_a_login_of_the_broker() -> None:
    readers = {app: names & {"ibkr-credentials", "ibkr-paper-credentials"} for app, names in read_by("prod").items()}
    assert {app: names for app, names in readers.items() if names} == {
        App.GATEWAY: {"ibkr-credentials"},
        App.PAPER_GATEWAY: {"ibkr-paper-credentials"},
    }
    plan = what_is_read(keys_mode(ibkrUsername="someone", ibkrPassword="their password"))
    assert manifest(plan, SECRET, "ibkr-credentials")["stringData"] == {
        "IBKR_USERNAME": "someone",
        "IBKR_PASSWORD": "their password",
    }


def test_who_publishes_and_who_checks_it_share_a_credential_and_the_bot_has_none() -> None:
    readers = {app for app, names in read_by("local").items() if "publisher-credentials" in names}
    assert readers == {App.DETECTOR, App.BACKEND}
    told = values_of(keys_mode(), "publisher-credentials")
    assert (told["PUBLISHER_CLIENT_ID"], told["PUBLISHER_CLIENT_SECRET"]) == ("cluster-publisher", "publish-and-perish")
    assert not any("publisher-credentials" in names for names in read_by("prod").values())


def test_the_cluster_pulls_with_the_registry_s_token() -> None:
    declared = manifest(what_is_read(keys_mode()), SECRET, "acr-secret")
    assert declared["type"] == "kubernetes.io/dockerconfigjson"
    login = json.loads(declared["stringData"][".dockerconfigjson"])["auths"]["acrspyoptions.azurecr.io"]
    assert (login["username"], login["password"]) == ("spy-options-cluster", "pull-me")
    assert base64.b64decode(login["auth"]).decode() == "spy-options-cluster:pull-me"


def test_a_registry_of_one_s_own_may_ask_for_a_password_too() -> None:
    settings = settings_of("local").model_copy(update={"registry_password": SecretStr("pull-me")})
    assert "acr-secret" in objects(what_is_read(settings), SECRET)


def test_a_new_password_makes_the_pods_that_read_it_anew_and_a_new_one_for_pulling_makes_none() -> None:
    def hashes(found: dict[str, Environment]) -> dict[str, Any]:
        return {app: read.hashes for app, read in found.items()}

    before = what_is_read(keys_mode(), hashes).outputs
    for changed, restarted in (
        ({"publisherSecret": "another"}, {App.DETECTOR, App.BACKEND}),
        ({"storageConnectionString": "another"}, {App.BACKEND}),
        ({"ibkrPassword": "another"}, {App.GATEWAY}),
        ({"ibkrPaperPassword": "another"}, {App.PAPER_GATEWAY}),
        ({"registryPassword": "another"}, set()),
    ):
        after = what_is_read(keys_mode(**changed), hashes).outputs
        assert {app for app in before if before[app] != after[app]} == restarted
    assert annotation("publisher-credentials") in before[App.DETECTOR]


def test_what_pods_show_of_a_login_is_slow_to_guess_from_and_tells_nothing_of_another_place() -> None:
    def shown(settings: StackSettings) -> str:
        def of_gateway(found: dict[str, Environment]) -> dict[str, Any]:
            return dict(found[App.GATEWAY].hashes)

        return str(what_is_read(settings, of_gateway).outputs[annotation("ibkr-credentials")])

    login = {"ibkrUsername": "somebody", "ibkrPassword": "hunter2"}
    here, there = keys_mode(**login), keys_mode(**login, names={"namespace": "elsewhere"})
    content = json.dumps({"IBKR_USERNAME": "somebody", "IBKR_PASSWORD": "hunter2"}, sort_keys=True).encode()
    assert shown(here) != sha256(content).hexdigest()
    assert len({shown(here), shown(there), shown(keys_mode(**{**login, "ibkrPassword": "hunter3"}))}) == 3
