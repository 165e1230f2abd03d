"""A stack file and the schema's defaults are read without Pulumi, as the engine would read them."""

from __future__ import annotations

from pathlib import Path

import pytest

from stacks.load import load, load_all, stack_names
from tests.stacks.builders import ROOT, STACKS, only, refusals

PROJECT = (ROOT / "Pulumi.yaml").read_text(encoding="utf-8")


@pytest.fixture
def project(tmp_path: Path) -> Path:
    (tmp_path / "Pulumi.yaml").write_text(PROJECT, encoding="utf-8")
    return tmp_path


def write(project: Path, stack: str, config: str) -> None:
    indented = "".join(f"  {line}\n" for line in config.splitlines())
    (project / f"Pulumi.{stack}.yaml").write_text(f"config:\n{indented}", encoding="utf-8")


def test_the_committed_stacks_are_loaded() -> None:
    assert tuple(stack.stack for stack in load_all(ROOT)) == STACKS


def test_a_stack_s_own_object_is_merged_with_the_project_s_defaults(project: Path) -> None:
    write(project, "dev", "spy-options:services: {detectorReplicas: 1}")
    services = load("dev", project).services
    assert services.detector_replicas == 1
    assert services.backend_replicas == 2


def test_the_project_s_defaults_are_read_and_not_assumed(project: Path) -> None:
    changed = PROJECT.replace("default: westeurope", "default: northeurope", 1)
    (project / "Pulumi.yaml").write_text(changed, encoding="utf-8")
    write(project, "dev", "{}")
    assert load("dev", project).azure.location == "northeurope"


def test_a_stack_without_a_file_is_told_the_others(project: Path) -> None:
    write(project, "dev", "{}")
    assert only(refusals(lambda: load("prd", project))) == (
        "stack prd has no file Pulumi.prd.yaml: choose one of dev, or write it"
    )


@pytest.mark.parametrize("name", ["x" * 300, "../dev", "dev/", "", "a\0b", "dev.other"])
def test_a_name_that_no_file_can_have_is_told_the_others_too(project: Path, name: str) -> None:
    assert "choose one of" in only(refusals(lambda: load(name, project)))


def test_an_encrypted_secret_reads_as_a_placeholder(project: Path) -> None:
    write(project, "dev", "spy-options:vpnPsk:\n  secure: v1:abc")
    assert load("dev", project).vpn_psk.get_secret_value() == "<secret>"


@pytest.mark.parametrize(
    ("config", "said"),
    [
        ("spy-options:vpnPsk: hunter2", "vpnPsk stands there in plain text: 'pulumi config set --secret vpnPsk'"),
        ("spy-options:azure:\n  tenantId:\n    secure: v1:abc", "azure holds an encrypted value and is no secret"),
        ("azure-native:location: westeurope", "azure-native:location is read by nothing"),
        ("spy-options:vpn.sku: Basic", "spy-options:vpn.sku is one flat key with a dot"),
        ("spy-options:vpn: {skuu: Basic}", "vpn.skuu is no setting: did you mean vpn.sku?"),
    ],
)
def test_a_stack_file_that_nothing_would_read_right_is_refused(project: Path, config: str, said: str) -> None:
    write(project, "dev", config)
    sentence = only(refusals(lambda: load("dev", project)))
    assert said in sentence
    assert sentence.startswith("Pulumi.dev.yaml: ")
    assert "hunter2" not in sentence


def test_a_file_that_is_no_yaml_is_told_with_its_line(project: Path) -> None:
    (project / "Pulumi.dev.yaml").write_text("config: [", encoding="utf-8")
    assert "Pulumi.dev.yaml is no YAML" in only(refusals(lambda: load("dev", project)))


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"- a\n", "Pulumi.dev.yaml must hold an object"),
        (b"config:\n- a\n", "Pulumi.dev.yaml: config is ['a'] and must be an object"),
        (b"confg: {}\n", "Pulumi.dev.yaml: confg is read by nothing beside config"),
        (b"config:\n  spy-options:vpn:\n    sku: none\n    sku: Basic\n", "sku stands there twice"),
        (b"config:\n  vpn: {sku: none}\n  spy-options:vpn: {sku: Basic}\n", "vpn stands there twice, with the prefix"),
        (
            b"config:\n  spy-options:vpn: &a {sku: none, x: *a}\n",
            "Pulumi.dev.yaml is nested too deeply or holds itself",
        ),
        (b"config: " + b"[" * 3000, "Pulumi.dev.yaml is nested too deeply"),
        (
            b"a: &a [x, x, x, x, x, x, x, x, x, x]\n"
            + b"".join(b"%c: &%c [%s]\n" % (98 + n, 98 + n, b", ".join([b"*%c" % (97 + n)] * 10)) for n in range(8)),
            "or more than is ever read: write it without anchors",
        ),
        (b"config: {spy-options:tags: {owner: \xff}}\n", "Pulumi.dev.yaml is no YAML"),
        (b"config: {spy-options:tags: {owner: 2026-13-45}}\n", "Pulumi.dev.yaml is no YAML"),
        (b"config:\n\tspy-options:vpn: {}\n", "Pulumi.dev.yaml is no YAML"),
        (b"config: {spy-options:services: {detectorReplicas: " + b"9" * 5000 + b"}}\n", "Pulumi.dev.yaml is no YAML"),
    ],
)
def test_a_file_that_is_no_stack_file_is_refused_in_one_sentence(project: Path, text: bytes, said: str) -> None:
    (project / "Pulumi.dev.yaml").write_bytes(text)
    sentence = only(refusals(lambda: load("dev", project)))
    assert said in sentence
    assert sentence.count("Pulumi.dev.yaml") == 1


def test_a_project_whose_config_is_no_object_is_refused(project: Path) -> None:
    (project / "Pulumi.yaml").write_text("config: [a]", encoding="utf-8")
    write(project, "dev", "{}")
    assert "Pulumi.yaml: config must be an object" in only(refusals(lambda: load("dev", project)))


def test_a_folder_without_a_project_is_told(tmp_path: Path) -> None:
    (tmp_path / "Pulumi.dev.yaml").write_text("config: {}", encoding="utf-8")
    assert "Pulumi.yaml is missing" in only(refusals(lambda: load("dev", tmp_path)))


def test_the_engine_s_own_keys_are_left_to_the_engine(project: Path) -> None:
    write(project, "dev", "pulumi:disable-default-providers: [kubernetes]")
    assert load("dev", project).stack == "dev"


def test_a_folder_is_no_stack_file(project: Path) -> None:
    (project / "Pulumi.qa.yaml").mkdir()
    assert stack_names(project) == []


def test_stacks_are_found_by_their_files(project: Path) -> None:
    write(project, "prod", "{}")
    write(project, "dev", "{}")
    write(project, "dev.mine", "{}")
    assert stack_names(project) == ["dev", "prod"]
