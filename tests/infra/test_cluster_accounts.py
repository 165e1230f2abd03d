"""Who the workloads are to the API server, and how little they may ask of it."""

from __future__ import annotations

from typing import Any

import pytest

from infra.cloud.identity import SERVICE_ACCOUNTS
from infra.cluster.accounts import Accounts
from infra.cluster.objects import App
from infra.plan import Plan, reveal
from infra.policies.plans import subject
from infra.policies.pods import WORKLOADS, pod
from stacks.naming import Names
from stacks.settings import StackSettings
from tests.infra.cluster_parts import cluster_part, manifest, objects
from tests.infra.recording import STACKS, recorded, settings_of

ACCOUNT, ROLE, BINDING = (
    "core/v1:ServiceAccount",
    "rbac.authorization.k8s.io/v1:Role",
    ("rbac.authorization.k8s.io/v1:RoleBinding"),
)
SERVICES = {App.DETECTOR, App.BACKEND, App.BOT}


def accounts_of(stack: str | StackSettings) -> Plan:
    """The plan of the accounts alone."""
    return cluster_part(lambda scope, within: Accounts("accounts", scope, within), stack)


def rights(stack: str | StackSettings) -> dict[str, list[tuple[str, ...]]]:
    """By account: what its Role allows, as (group, kind, verb, name), the name `*` where none is told."""
    plan = accounts_of(stack)
    found: dict[str, list[tuple[str, ...]]] = {}
    for name in objects(plan, BINDING):
        binding = manifest(plan, BINDING, name)
        (who,) = binding["subjects"]
        assert who["namespace"] == Names(settings_of(stack)).namespace
        rules: list[dict[str, Any]] = manifest(plan, ROLE, binding["roleRef"]["name"])["rules"]
        found[who["name"]] = sorted(
            (group, kind, verb, of)
            for rule in rules
            for group in rule["apiGroups"]
            for kind in rule["resources"]
            for verb in rule["verbs"]
            for of in rule.get("resourceNames", ["*"])
        )
    return found


@pytest.mark.parametrize(
    ("stack", "others"),
    [
        ("prod", {App.GATEWAY, App.PAPER_GATEWAY, App.SCALER}),
        ("dev", {App.SIMULATOR}),
        ("local", {App.SIMULATOR}),
    ],
)
def test_each_workload_has_an_account_of_its_own_that_mounts_no_token(stack: str, others: set[str]) -> None:
    plan = accounts_of(stack)
    assert set(objects(plan, ACCOUNT)) == SERVICES | others
    assert not any(manifest(plan, ACCOUNT, name)["automountServiceAccountToken"] for name in objects(plan, ACCOUNT))


def test_the_detector_may_take_its_lease_and_make_one_and_nothing_else() -> None:
    assert rights("dev") == {
        App.DETECTOR: [
            ("coordination.k8s.io", "leases", "create", "*"),
            ("coordination.k8s.io", "leases", "get", "detector-spy"),
            ("coordination.k8s.io", "leases", "update", "detector-spy"),
        ]
    }


def test_each_symbol_has_a_lease() -> None:
    settings = StackSettings.model_validate({"stack": "prod", "services": {"symbols": ["SPY", "QQQ"]}})
    named = {of for *_, verb, of in rights(settings)[App.DETECTOR] if verb == "update"}
    assert named == {"detector-spy", "detector-qqq"}


def test_the_schedule_may_say_how_many_of_each_gateway_run_and_nothing_else() -> None:
    assert rights("prod")[App.SCALER] == [
        ("apps", "statefulsets/scale", "patch", "ibkr-gateway"),
        ("apps", "statefulsets/scale", "patch", "ibkr-gateway-paper"),
    ]
    paper = StackSettings.model_validate({"stack": "prod", "cluster": {"gateway": "paper"}})
    assert {of for *_, of in rights(paper)[App.SCALER]} == {"ibkr-gateway-paper"}


def test_without_a_weekend_nobody_may_scale() -> None:
    always = StackSettings.model_validate({"stack": "prod", "schedule": {"enabled": False}})
    assert App.SCALER not in objects(accounts_of(always), ACCOUNT)
    assert set(rights(always)) == {App.DETECTOR}


def test_azure_s_identities_trust_accounts_that_exist() -> None:
    assert set(SERVICE_ACCOUNTS.values()) <= set(objects(accounts_of("prod"), ACCOUNT))


@pytest.mark.parametrize("stack", STACKS)
def test_every_pod_of_the_cluster_layer_runs_as_its_own_account(stack: str) -> None:
    plan = recorded(stack)
    known = set(objects(accounts_of(stack), ACCOUNT))
    workloads = [subject(one) for one in plan.resources.values() if one.type in WORKLOADS and "Cluster$" in one.urn]
    assert {pod(one, "serviceAccountName") for one in workloads} == known
    assert {pod(one, "automountServiceAccountToken") for one in workloads} == {False}


@pytest.mark.parametrize("stack", STACKS)
def test_nothing_of_the_cluster_layer_has_rights_beyond_its_namespace(stack: str) -> None:
    layer = [one for one in recorded(stack).resources.values() if "spy:layer:Cluster$" in one.urn and one.custom]
    assert layer
    assert not [reveal(one.inputs)["metadata"]["name"] for one in layer if ":ClusterRole" in one.type]
