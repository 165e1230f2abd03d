"""The policy pack under the real engine: `pulumi preview --policy-pack`, its entry started as the engine starts it."""

from __future__ import annotations

import os
import shutil
from typing import Any

import pulumi
import pulumi_azure_native as azure
import pytest
from pulumi import automation
from pulumi_azure_native import storage

from infra import program
from infra.policies import EVERY_RULE
from stacks.settings import StackSettings
from tests.engine.conftest import Fresh
from tests.engine.stack import ROOT

PACK = str(ROOT / "infra" / "policy_pack")
PASSED = "✅ spy-options@"
BY_NAME = {rule.name: rule.says for rule in EVERY_RULE}

STARTER = "pulumi-analyzer-policy-python"
STAND_IN = """#!/bin/sh
for argument do
  shift
  case $argument in
    -virtualenv=*) environment=${argument#*=} ;;
    *) set -- "$@" "$argument" ;;
  esac
done
exec "$environment/bin/python" -u -m pulumi.policy "$@"
"""
"""What the official installer puts beside the CLI: it starts a pack in the environment that the pack names."""


@pytest.fixture(autouse=True)
def starter(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """The program by which the engine starts packs in Python: the official one where it is installed."""
    if shutil.which(STARTER):
        return
    folder = tmp_path_factory.mktemp("starter")
    (folder / STARTER).write_text(STAND_IN)
    (folder / STARTER).chmod(0o755)
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")


@pytest.mark.parametrize("stack", ["dev", "local", "prod"])
def test_the_pack_passes_the_preview_of_a_committed_stack(fresh: Fresh, stack: str) -> None:
    assert PASSED in fresh(stack).preview(policy_packs=[PACK])


def test_the_pack_passes_an_update(fresh: Fresh) -> None:
    assert PASSED in fresh("dev").up(policy_packs=[PACK])


def test_a_setting_that_breaks_a_rule_ends_the_preview_with_its_name_and_the_cure(fresh: Fresh) -> None:
    stack = fresh("prod")
    stack.configure({"azure": {"location": "brazilsouth"}})
    with pytest.raises(automation.CommandError) as refused:
        stack.preview(policy_packs=[PACK])
    assert BY_NAME["region"] in str(refused.value)
    assert "set azure.location to one of" in str(refused.value)
    assert stack.cloud.changes() == []


def test_a_preview_asks_the_rules_about_resources_and_about_the_stack(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "build", careless)
    with pytest.raises(automation.CommandError) as refused:
        fresh("dev").preview(policy_packs=[PACK])
    for broken in ("tags", "storage-tls", "storage-https", "no-public-blob", "protected", "budget"):
        assert BY_NAME[broken] in str(refused.value), broken
    assert BY_NAME["region"] not in str(refused.value)


def test_an_update_without_a_preview_does_not_touch_a_resource_that_breaks_a_rule(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(program, "build", careless)
    stack = fresh("dev")
    with pytest.raises(automation.CommandError) as refused:
        stack.up(policy_packs=[PACK])
    assert BY_NAME["no-public-blob"] in str(refused.value)
    assert stack.cloud.changes() == []


def careless(settings: StackSettings) -> dict[str, Any]:
    """A program with one account, open in every way and without a budget."""
    provider = azure.Provider("azure", subscription_id=settings.azure.subscription_id)
    storage.StorageAccount(
        "account",
        storage.StorageAccountArgs(
            resource_group_name="rg-spy-options-dev",
            account_name="stcareless",
            location="westeurope",
            kind=storage.Kind.STORAGE_V2,
            sku=storage.SkuArgs(name="Standard_LRS"),
            allow_blob_public_access=True,
            enable_https_traffic_only=False,
        ),
        pulumi.ResourceOptions(provider=provider),
    )
    return {}
