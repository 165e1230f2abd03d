"""The program as the CLI starts it: in a process of its own, from its own folder, on the project's real Pulumi.yaml."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator, Mapping
from pathlib import Path

import pytest

from tests.engine.conftest import bootstrapped
from tests.engine.hosted import HostedStack
from tests.engine.language_host import listening
from tests.engine.stack import PROJECT, ROOT, EngineStack, Values
from tests.engine.values import CLUSTER_UID, SECRETS

OFFICIAL = "pulumi-language-python"
PROBE = """
import os, sys, pulumi
from pulumi.runtime import config
pulumi.export("workingDirectory", os.getcwd())
pulumi.export("path", list(sys.path))
pulumi.export("rootDirectory", pulumi.get_root_directory())
pulumi.export("python", sys.prefix)
pulumi.export("secretKeys", sorted(k for k in config.get_config_env() if config.is_config_secret(k)))
print("a line of the program's own")
"""


@pytest.fixture(scope="module", params=["small", "official"])
def host(request: pytest.FixtureRequest) -> Iterator[Mapping[str, str]]:
    """How the CLI finds a language host: ours, or the official one where it is installed."""
    if request.param == "official":
        if not shutil.which(OFFICIAL):
            pytest.skip(f"{OFFICIAL} is not on PATH")
        yield {}
        return
    with listening() as address:
        yield {"PULUMI_DEBUG_LANGUAGES": address}


@pytest.fixture
def dev(host: Mapping[str, str], tmp_path: Path) -> Iterator[HostedStack]:
    """A dev that was never deployed."""
    with HostedStack("dev", tmp_path / "project", bootstrapped("dev"), host) as stack:
        yield stack


@pytest.fixture(scope="module")
def never_deployed(host: Mapping[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[HostedStack]:
    """A prod that refuses every up of this module, and so stays what it is."""
    folder = tmp_path_factory.mktemp("refused") / "project"
    with HostedStack("prod", folder, bootstrapped("prod"), host) as stack:
        assert stack.engine.name == "prod"
        yield stack


@pytest.fixture
def refusing(never_deployed: HostedStack) -> Iterator[HostedStack]:
    """The same prod, whose stack files are afterwards what they were."""
    before = {path: path.read_text() for path in never_deployed.folder.glob("Pulumi.*.yaml")}
    yield never_deployed
    for path, text in before.items():
        path.write_text(text)


def replace_program(stack: HostedStack, source: str) -> Path:
    """Give the project another program."""
    program = stack.folder / "infra"
    program.unlink()
    program.mkdir()
    (program / "__main__.py").write_text(source)
    return program


def test_the_program_starts_in_its_folder_with_a_dot_first_on_the_path(dev: HostedStack) -> None:
    program = replace_program(dev, PROBE)
    printed = dev.pulumi("up", "--yes", "--skip-preview")
    seen = json.loads(dev.command("stack", "output", "--json"))
    assert seen["workingDirectory"] == str(program)
    assert seen["path"][0] == "."
    assert not {str(ROOT), str(ROOT / "tests"), ""} & set(seen["path"])
    assert seen["rootDirectory"] == str(dev.folder)
    assert seen["python"] == str(dev.folder / ".venv-infra")
    assert seen["secretKeys"] == sorted(f"{PROJECT}:{key}" for key in SECRETS)
    assert "a line of the program's own" in printed


def test_what_a_program_raises_is_told_once_with_its_place(dev: HostedStack) -> None:
    replace_program(dev, "raise LookupError('nothing found')\n")
    with pytest.raises(Exception, match="LookupError: nothing found") as told:
        dev.pulumi("preview")
    assert '__main__.py", line 1' in str(told.value)


def test_preview_and_up_by_the_host_deploy_what_the_program_in_process_leaves_as_it_is(dev: HostedStack) -> None:
    assert " to create" in dev.pulumi("preview")
    assert dev.cloud.changes() == []
    dev.pulumi("up", "--yes", "--skip-preview")
    assert len(dev.cloud.changes()) > 50
    dev.pulumi("preview", "--expect-no-changes")
    dev.preview(expect_no_changes=True)
    exported = dev.command("stack", "export")
    assert [secret for secret in SECRETS.values() if secret in exported] == []


BAD_INPUTS: Mapping[str, tuple[Values, str, str]] = {
    "a section that is none": ({"webap": {"sku": "B1"}}, "webap is no setting", "did you mean webapp?"),
    "a misspelt key": ({"webapp": {"skku": "B1"}}, "webapp.skku is no setting", "did you mean webapp.sku?"),
    "a flat key with a dot": ({"webapp.sku": "B1"}, f"{PROJECT}:webapp.sku", "set --path webapp.sku"),
    "overlapping ranges": ({"network": {"appSubnet": "10.0.0.0/24"}}, "network.appSubnet", "another range"),
    "a policy on a SKU that takes none": ({"vpn": {"customPolicy": True}}, "vpn.customPolicy", "set vpn.sku to"),
    "a budget below the cost": ({"budget": {"amount": 5}}, "budget.amount is 5", "set it to"),
    "a tag instead of a digest": ({"images": {"backend": "latest"}}, "images.backend", "set --path images.backend"),
    "a name that is too long": ({"names": {"registry": "a" * 60}}, "5 to 50", "set names.registry"),
    "a name with a wrong character": ({"names": {"registry": "acr-spy"}}, "digits only", "set names.registry"),
}


@pytest.mark.parametrize("bad", BAD_INPUTS)
def test_every_bad_input_ends_up_before_any_call_with_one_sentence_that_names_key_and_cure(
    refusing: HostedStack, bad: str
) -> None:
    values, key, cure = BAD_INPUTS[bad]
    refusing.configure(values)
    (told,) = refusing.refusal("up", "--yes", "--skip-preview")
    assert key in told
    assert cure in told
    assert refusing.cloud.calls == []


def test_each_missing_secret_of_an_included_layer_is_asked_for(refusing: HostedStack) -> None:
    refusing.configure(
        {"cluster": {"identity": "keys"}, "storage": {"sharedKey": True}, "signalr": {"localAuth": True}}
    )
    told = refusing.refusal("up", "--yes", "--skip-preview")
    for key, sentence in zip(("storageConnectionString", "signalrConnectionString"), told, strict=True):
        assert sentence.startswith(f"{key} is empty and the layer cluster needs it")
        assert f"pulumi config set --secret {key}" in sentence
    assert refusing.cloud.calls == []


def test_two_stacks_on_one_cluster_that_share_a_name_are_refused_by_that_name(refusing: HostedStack) -> None:
    other = EngineStack("dev", refusing.folder, refusing.cloud)
    other.configure({"cluster": {"uid": CLUSTER_UID}, "names": {"namespace": "spy-options-bot"}})
    (told,) = refusing.refusal("up", "--yes", "--skip-preview")
    assert "the namespace spy-options-bot" in told
    assert "set names.namespace in one of them" in told
    assert refusing.cloud.calls == []


def test_a_preview_tells_every_problem_in_a_sentence_of_its_own(refusing: HostedStack) -> None:
    refusing.configure({"webap": {"sku": "B1"}, "images": {"backend": "latest"}})
    unknown, tag = refusing.refusal("preview")
    assert "webap is no setting" in unknown
    assert "images.backend is 'latest'" in tag
