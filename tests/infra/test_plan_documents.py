"""The golden files: read back as they were written, free of secrets, digests, hashes and paths of a machine."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pulumi
import pytest
import yaml
from pulumi_azure_native import managedidentity

from infra.plan import Mode, Plan, Secret, record
from infra.plan.documents import AmbiguousPath, parsed, rendered
from infra.plan.normalise import normalised, plain
from infra.plan.store import committed, write
from stacks.settings import StackSettings
from tests.infra.recording import ROOT, STACKS, settings_of, symbolic

DIGEST = f"sha256:{'0' * 64}"


@pytest.fixture(params=STACKS)
def plan(request: pytest.FixtureRequest) -> Plan:
    """Each stack's plan as it is written down."""
    return normalised(symbolic(request.param))


def test_what_is_written_is_read_back_as_it_was(plan: Plan) -> None:
    assert parsed(plan.stack, rendered(plan)) == plan


def test_a_layer_has_a_document_and_its_resources_are_sorted_by_urn(plan: Plan) -> None:
    documents = rendered(plan)
    assert set(documents) == {"stack", *(plan.layer(urn) for urn in plan.resources if plan.layer(urn))}
    for name in set(documents) - {"stack"}:
        urns = [entry["urn"] for entry in yaml.safe_load(documents[name])]
        assert urns == sorted(urns)


def test_a_second_recording_writes_the_same_files(plan: Plan) -> None:
    again = record(settings_of(plan.stack), Mode.SYMBOLIC)
    assert rendered(normalised(again)) == rendered(plan)


def test_no_document_names_this_machine_or_a_digest(plan: Plan) -> None:
    for text in rendered(plan).values():
        assert str(ROOT) not in text
        assert str(Path.home()) + "/" not in text
        assert "sha256:" not in text


@pytest.mark.parametrize(
    ("value", "written"),
    [
        (Secret({"a": "b"}), "<secret>"),
        ("04da6b54-80e4-46f7-96ec-b56ff0331ba9", "<computed>"),
        ("https://04da6b54-80e4-46f7-96ec-b56ff0331ba9/x", "https://<computed>/x"),
        (f"acrspyoptions.azurecr.io/spy-detector@{DIGEST}", "<image:detector>"),
        ("127.0.0.1:5000/spy-trading-bot@unresolved", "<image:trading-bot>"),
        ("acrspyoptions.azurecr.io/spy-backend@<images/spy-backend.digest>", "<image:backend>"),
        ("DOCKER|acrspyoptions.azurecr.io/spy-backend@" + DIGEST, "DOCKER|<image:backend>"),
        (f"docker.io/other/thing:1.2@{DIGEST}", "docker.io/other/thing:1.2@<digest>"),
        ("a" * 64, "<hash:bot-config>"),
        ("{no json", "{no json"),
        ('{"b":1,"a":[2]}', json.dumps({"b": 1, "a": [2]}, indent=2)),
        (12, 12),
    ],
)
def test_what_differs_from_run_to_run_is_written_by_its_name(value: Any, written: Any) -> None:
    assert plain({"spy/bot-config": value}) == {"spy/bot-config": written}


def test_two_resources_of_one_path_are_refused() -> None:
    def program(_: StackSettings) -> dict[str, Any]:
        pulumi.ComponentResource("spy:layer:Cloud", "cloud", {})
        pulumi.ComponentResource("spy:test:Part", "same", {})
        managedidentity.UserAssignedIdentity("same", resource_group_name="rg")
        return {}

    with pytest.raises(AmbiguousPath, match="more than one resource is called same: rename all but one"):
        rendered(record(StackSettings(stack="dev"), Mode.SYMBOLIC, program))


def test_a_layer_that_is_no_more_loses_its_file(tmp_path: Path) -> None:
    write("dev", {"stack": "a: 1\n", "vpn": "[]\n"}, tmp_path)
    write("dev", {"stack": "a: 2\n"}, tmp_path)
    assert committed("dev", tmp_path) == {"stack": "a: 2\n"}
