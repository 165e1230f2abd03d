"""Identities: one a service; the cluster's sign in by projected token once the issuer is known."""

from __future__ import annotations

from typing import Any

from infra.cloud.identity import SERVICE_ACCOUNTS, Identities
from infra.plan import Plan, reveal
from stacks.settings import StackSettings
from tests.infra.order import made_before
from tests.infra.recording import recorded_part

IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
CREDENTIAL = "azure-native:managedidentity:FederatedIdentityCredential"
ISSUER = "https://issuer.example.org/"


def identities(stack: str = "prod", **cluster: object) -> Plan:
    settings = StackSettings.model_validate({"stack": stack, "cluster": cluster})
    return recorded_part(lambda scope, within: Identities("identities", scope, within), settings)


def all_inputs(plan: Plan, type_: str) -> dict[str, dict[str, Any]]:
    return {one.name: reveal(one.inputs) for one in plan.of_type(type_)}


def test_web_app_detector_backend_and_bot_have_an_identity_each() -> None:
    assert {one["resourceName"] for one in all_inputs(identities(), IDENTITY).values()} == {
        "id-spy-options-webapp",
        "id-spy-options-detector",
        "id-spy-options-backend",
        "id-spy-options-bot",
    }


def test_the_clusters_three_are_federated_with_their_own_service_accounts_only() -> None:
    credentials = all_inputs(identities(identity="federated", issuer=ISSUER), CREDENTIAL)
    assert {one["resourceName"]: one["subject"] for one in credentials.values()} == {
        "id-spy-options-detector": "system:serviceaccount:spy-options-bot:detector",
        "id-spy-options-backend": "system:serviceaccount:spy-options-bot:backend",
        "id-spy-options-bot": "system:serviceaccount:spy-options-bot:trading-bot",
    }
    assert {one["issuer"] for one in credentials.values()} == {ISSUER}
    assert all(one["audiences"] == ["api://AzureADTokenExchange"] for one in credentials.values())


def test_another_stacks_accounts_are_those_of_its_own_namespace() -> None:
    credentials = all_inputs(identities("dev", issuer=ISSUER), CREDENTIAL)
    assert {one["subject"].split(":")[2] for one in credentials.values()} == {"spy-options-bot-dev"}


def test_federated_credentials_are_written_one_after_another() -> None:
    plan = identities(issuer=ISSUER)
    earlier = [made_before(plan, plan.named(CREDENTIAL, f"{role}-in-cluster")) for role in SERVICE_ACCOUNTS]
    chained = [sum(name.startswith("FederatedIdentityCredential ") for name in names) for names in earlier]
    assert chained == [0, 1, 2]


def test_without_an_issuer_or_with_keys_nothing_is_federated() -> None:
    assert identities(identity="federated").of_type(CREDENTIAL) == []
    assert identities(identity="keys", issuer=ISSUER).of_type(CREDENTIAL) == []
