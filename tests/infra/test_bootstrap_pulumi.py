"""PulumiCli against the real Pulumi: the stack, its key and its settings, in a folder and a passphrase of the test."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from infra.bootstrap.pulumi_cli import NoRightYet, PulumiCli
from infra.bootstrap.refusal import Refused
from tests.infra.azure_stand_in.journal import Journal
from tests.toolchain import pulumi_cli

ROOT = Path(__file__).parents[2]
VALUE = "a secret of this test"


class Recorder:
    """Runs the real program and keeps its command lines."""

    def __init__(self) -> None:
        self.lines: list[str] = []

    def __call__(
        self, command: Sequence[str], given: str | None, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """One run."""
        self.lines.append(" ".join(command))
        return subprocess.run(command, input=given or "", capture_output=True, text=True, check=False, env=environment)


@pytest.fixture(name="recorder")
def _recorder() -> Recorder:
    return Recorder()


@pytest.fixture(name="pulumi")
def _pulumi(tmp_path: Path, recorder: Recorder) -> PulumiCli:
    shutil.copy(ROOT / "Pulumi.yaml", tmp_path)
    shutil.copy(ROOT / "Pulumi.prod.yaml", tmp_path)
    (tmp_path / "backend").mkdir()
    return PulumiCli(
        "prod",
        tmp_path,
        f"file://{tmp_path}/backend",
        "passphrase",
        Journal(),
        program=str(pulumi_cli()),
        environment={"PULUMI_CONFIG_PASSPHRASE": "of the test", "PULUMI_HOME": str(tmp_path / "home")},
        run=recorder,
    )


def test_the_stack_is_made_once_and_then_found(pulumi: PulumiCli) -> None:
    assert not pulumi.has_stack()
    pulumi.init()
    assert pulumi.has_stack()
    with pytest.raises(Refused, match=r"pulumi stack init failed: stack '.*prod' already exists"):
        pulumi.init()


def test_a_secret_goes_in_by_standard_input_and_is_encrypted_in_the_file(
    pulumi: PulumiCli, recorder: Recorder, tmp_path: Path
) -> None:
    pulumi.init()
    pulumi.set_secret("logsSecret", VALUE)
    pulumi.set_plain("logs.forwarderExpires", "2027-05-20")

    text = (tmp_path / "Pulumi.prod.yaml").read_text()
    assert VALUE not in text
    assert not any(VALUE in line for line in recorder.lines)
    config = yaml.safe_load(text)["config"]
    assert set(config["spy-options:logsSecret"]) == {"secure"}
    assert config["spy-options:logs"]["forwarderExpires"] == "2027-05-20"

    settings = pulumi.settings()
    assert settings.logs_secret.get_secret_value() == "<secret>"
    assert settings.logs.forwarder_expires == "2027-05-20"
    shown = pulumi._ask("config", "get", "--stack", "prod", "logsSecret")
    assert shown.strip() == VALUE


def test_a_stack_that_is_there_without_its_key_in_the_file_is_given_it(pulumi: PulumiCli, tmp_path: Path) -> None:
    """A passphrase is asked for anew on standard input, which is empty here; a key in a vault asks nothing."""
    pulumi = replace(pulumi, environment={**pulumi.environment, "PULUMI_CONFIG_PASSPHRASE": ""})
    pulumi.init()
    shutil.copy(ROOT / "Pulumi.prod.yaml", tmp_path)
    pulumi.take_key()
    pulumi.set_secret("logsSecret", VALUE)
    assert "secure:" in (tmp_path / "Pulumi.prod.yaml").read_text()


def test_a_pulumi_that_is_not_there_is_named_with_the_cure(pulumi: PulumiCli, tmp_path: Path) -> None:
    absent = PulumiCli("prod", tmp_path, pulumi.backend, "passphrase", Journal(), program="no-such-pulumi")
    with pytest.raises(Refused, match="no-such-pulumi is not on the path"):
        absent.has_stack()


@pytest.mark.parametrize(
    "told",
    [
        "RESPONSE 403: 403 This request is not authorized\nERROR CODE: AuthorizationPermissionMismatch",
        "keyvault.BaseClient#Encrypt: Failure responding to request: StatusCode=403 -- Code=Forbidden",
    ],
)
def test_a_grant_that_is_not_in_force_yet_is_waited_for(told: str, tmp_path: Path) -> None:
    answers = [subprocess.CompletedProcess([], 255, "", told)] * 3 + [subprocess.CompletedProcess([], 0, "", "")]
    journal = Journal()
    pulumi = PulumiCli(
        "prod", tmp_path, "azblob://state", "azurekeyvault://x", journal, program="sh", run=lambda *_: answers.pop(0)
    )
    pulumi.init()
    assert journal.slept == [1, 2, 4]


def test_a_grant_that_never_comes_into_force_ends_in_a_sentence(tmp_path: Path) -> None:
    refused = subprocess.CompletedProcess([], 255, "", "error: AuthorizationPermissionMismatch")
    journal = Journal()
    pulumi = PulumiCli(
        "prod", tmp_path, "azblob://state", "azurekeyvault://x", journal, program="sh", run=lambda *_: refused
    )
    with pytest.raises(NoRightYet, match="a grant takes minutes to come into force: run this again"):
        pulumi.init()
    assert sum(journal.slept) == pytest.approx(600)
