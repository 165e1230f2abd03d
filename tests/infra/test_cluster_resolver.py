"""What the cluster's own name server is told of the tables, and when it is told nothing."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from infra.cluster.resolver import resolves
from stacks.settings import StackSettings
from tests.infra.cluster_parts import manifest, objects
from tests.infra.recording import ROOT, recorded

PATCH = "core/v1:ConfigMapPatch"
PRIVATE: dict[str, Any] = {
    "stack": "prod",
    "vpn": {"sku": "Basic"},
    "onPrem": {"address": "home.example.org"},
    "storage": {"privateEndpoint": True},
}


def test_prod_adds_a_file_of_its_own_to_what_others_told_the_cluster() -> None:
    """A patch, not the object: k3s, other stacks and persons have files in it too."""
    plan = recorded("prod")
    assert set(objects(plan, PATCH)) == {"coredns-custom"}
    told = manifest(plan, PATCH, "coredns-custom")
    assert told["metadata"] == {"name": "coredns-custom", "namespace": "kube-system"}
    ((file, text),) = told["data"].items()
    assert file == "stspyoptionsprod.server"
    assert text.startswith("stspyoptionsprod.table.core.windows.net:53 {\n")
    assert "    10.0.3.4 stspyoptionsprod.table.core.windows.net\n" in text


@pytest.mark.parametrize("stack", ["dev", "local"])
def test_a_stack_whose_tables_are_public_or_nowhere_tells_it_nothing(stack: str) -> None:
    assert not objects(recorded(stack), PATCH)


@pytest.mark.parametrize("missing", ["vpn", "onPrem", "storage"])
def test_without_a_way_to_the_private_address_the_public_one_is_left(missing: str) -> None:
    assert resolves(StackSettings.model_validate(PRIVATE))
    assert not resolves(StackSettings.model_validate({key: value for key, value in PRIVATE.items() if key != missing}))


def test_the_address_is_the_endpoint_s() -> None:
    plan = recorded("prod", preview=False)
    text = next(iter(manifest(plan, PATCH, "coredns-custom")["data"].values()))
    name = plan.outputs["tablesEndpoint"].removeprefix("https://").removesuffix("/")
    assert f"{plan.outputs['tablesPrivateAddress']} {name}\n" in text


def test_the_page_about_it_shows_what_is_declared() -> None:
    page = (ROOT / "docs" / "home-resolver.md").read_text(encoding="utf-8")
    (example,) = (text.removeprefix("yaml\n") for text in page.split("```")[1::2] if text.startswith("yaml\n"))
    shown = yaml.safe_load(example)
    declared = manifest(recorded("prod"), PATCH, "coredns-custom")
    assert (shown["metadata"], shown["data"]) == (declared["metadata"], declared["data"])
