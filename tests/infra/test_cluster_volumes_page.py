"""docs/cluster-volumes.md: its table and its commands speak of what the program declares."""

from __future__ import annotations

import json
import re
import shlex
from itertools import pairwise

import pulumi
import pytest

from infra.cluster.connection import connect
from infra.cluster.scope import ClusterScope
from infra.cluster.volumes import Volumes
from infra.plan import Plan, reveal
from tests.infra.cluster_parts import cluster_part
from tests.infra.recording import ROOT

PAGE = (ROOT / "docs" / "cluster-volumes.md").read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def plan() -> Plan:
    """The volumes of prod, and the provider."""

    def build(scope: ClusterScope, within: pulumi.ResourceOptions) -> None:
        connect(scope.settings)
        Volumes("volumes", scope, within)

    return cluster_part(build, "prod")


def commands(start: str) -> list[list[str]]:
    """The commands of the page that begin so, in words."""
    texts = [text.removeprefix("sh\n") for text in PAGE.split("```")[1::2] if text.startswith("sh\n")]
    return [shlex.split(text.replace("\\\n", " ")) for text in texts if text.strip().startswith(start)]


def test_every_object_is_imported_under_its_name_and_its_id(plan: Plan) -> None:
    rows = set(re.findall(r"\| `(kubernetes:\S+)` \| `(\S+)` \| `(\S+)` \|", PAGE))
    declared = set()
    for one in plan.resources.values():
        if one.custom and not one.is_provider:
            metadata = reveal(one.inputs)["metadata"]
            space = metadata.get("namespace")
            declared.add((one.type, one.name, f"{space}/{metadata['name']}" if space else metadata["name"]))
    assert rows == declared


def test_the_command_that_imports_names_type_parent_and_provider_as_they_are(plan: Plan) -> None:
    (words,) = commands("pulumi import")
    options = dict(pairwise(words))
    one = plan.named(words[2], words[3])
    (provider,) = (each.urn for each in plan.resources.values() if each.is_provider)
    assert reveal(one.inputs)["metadata"]["name"] == words[4]
    assert options["--parent"] == f"volumes={one.parent}"
    assert options["--provider"] == f"cluster={provider}"


def test_what_is_cleared_is_the_old_claim_s_identity_and_not_its_name() -> None:
    (words,) = commands("kubectl patch pv")
    patch = json.loads(words[words.index("-p") + 1])
    assert patch == {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}


def test_the_table_has_every_volume_with_its_folder(plan: Plan) -> None:
    for one in plan.resources.values():
        if one.type == "kubernetes:core/v1:PersistentVolume":
            told = reveal(one.inputs)
            name, claim = told["metadata"]["name"], told["spec"]["claimRef"]["name"]
            assert f"| `{name}` | `{claim}` | `{told['spec']['local']['path']}` |" in PAGE
