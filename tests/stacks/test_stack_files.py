"""The committed stack files: complete, commented, personal to nobody."""

from __future__ import annotations

import re
from typing import Any

import pytest
import yaml

from stacks.checks import problems
from stacks.load import load, load_all
from stacks.needs import needed
from stacks.parse import settings_of
from stacks.settings import Layer
from stacks.settings.cloud import RegistryMode, SiteSku, VpnSku
from stacks.settings.platform import GatewayMode, Hub, ImageSource, Store
from tests.stacks.builders import ROOT, STACKS

PERSONAL = (
    "azure.subscriptionId",
    "azure.tenantId",
    "azure.apiAudience",
    "registry.id",
    "onPrem.address",
    "alerts.contacts",
    "cluster.uid",
)


def text_of(stack: str) -> str:
    return (ROOT / f"Pulumi.{stack}.yaml").read_text(encoding="utf-8")


def keys_of(value: Any, prefix: str = "") -> set[str]:
    """Dotted names of everything a stack file sets."""
    if not isinstance(value, dict):
        return {prefix}
    return {
        key
        for name, inner in value.items()
        for key in keys_of(inner, f"{prefix}.{name}".removeprefix(".").removeprefix("spy-options:"))
    }


@pytest.mark.parametrize("stack", STACKS)
def test_a_committed_file_holds_configuration_only(stack: str) -> None:
    """No encrypted value, no secrets provider, no salt of a passphrase."""
    assert list(yaml.safe_load(text_of(stack))) == ["config"]
    assert "secure:" not in text_of(stack)


@pytest.mark.parametrize("stack", STACKS)
def test_a_committed_file_holds_nothing_personal(stack: str) -> None:
    assert not keys_of(yaml.safe_load(text_of(stack))["config"]) & {*PERSONAL, "cluster.context", "cluster.issuer"}
    assert not re.search(r"[0-9a-f]{8}-[0-9a-f]{4}-", text_of(stack)), "a GUID"
    assert not re.search(r"[\w.]+@[\w-]+\.[a-z]+", text_of(stack)), "a mail address"


@pytest.mark.parametrize("stack", STACKS)
def test_a_committed_file_says_in_a_comment_how_each_needed_setting_is_given(stack: str) -> None:
    comments = [line for line in text_of(stack).splitlines() if line.startswith("#")]
    for need in needed(load(stack, ROOT)):
        told = need.is_digest or any("pulumi config set" in line and need.key in line for line in comments)
        assert told, need.key


def test_the_committed_stacks_have_no_problem_together() -> None:
    assert problems(load_all(ROOT)) == []


def test_local_is_any_kubernetes_without_azure() -> None:
    local = load("local", ROOT)
    assert set(local.layers) == {Layer.IMAGES, Layer.CLUSTER, Layer.RELEASES}
    assert local.services.store is Store.SQLITE
    assert local.services.hub is Hub.EMBEDDED
    assert local.services.backend_replicas == 1
    assert local.services.bot_replicas == 1
    assert local.cluster.gateway is GatewayMode.SIMULATOR
    assert local.images.source is ImageSource.BUILD
    assert local.registry.mode is RegistryMode.SHARED
    assert local.registry.host.startswith("localhost:")


def test_dev_is_a_cheap_azure_without_gateway() -> None:
    dev = load("dev", ROOT)
    assert dev.vpn.sku is VpnSku.NONE
    assert not dev.storage.private_endpoint
    assert dev.services.detector_replicas == 1
    assert not dev.releases.monitoring
    assert dev.budget.amount == 30


def test_prod_is_what_was_asked_for() -> None:
    prod = load("prod", ROOT)
    assert prod.layers == tuple(Layer)
    assert prod.vpn.sku is VpnSku.BASIC
    assert prod.site.sku is SiteSku.FREE
    assert prod.storage.private_endpoint
    assert prod.vault.purge_protection
    assert prod.budget.amount == 70
    assert (prod.services.detector_replicas, prod.services.backend_replicas, prod.services.bot_replicas) == (3, 2, 0)


def test_prod_s_dearer_choices_are_comments_that_make_a_stack_without_problems() -> None:
    """Each section with its commented settings in force."""
    written = yaml.safe_load(text_of("prod"))["config"]
    offered = 0
    for part in text_of("prod").split("  spy-options:")[1:]:
        section = part.partition(":")[0]
        choices = yaml.safe_load("\n".join(re.findall(r"^    # (\w+: \S+)$", part, re.MULTILINE))) or {}
        values = {key.removeprefix("spy-options:"): value for key, value in written.items()}
        assert problems([settings_of("prod", {**values, section: {**values[section], **choices}})]) == []
        offered += len(choices)
    assert offered >= 8
