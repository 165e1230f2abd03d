"""Pulumi.yaml's schema and the reference page are the model's, and the pinned engine accepts the schema."""

from __future__ import annotations

import ast
import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from stacks import schema
from stacks.keys import all_keys
from stacks.load import load
from stacks.parse import settings_of
from tests.stacks.builders import ROOT, STACKS
from tests.toolchain import pulumi_cli

PROJECT = yaml.safe_load((ROOT / "Pulumi.yaml").read_text(encoding="utf-8"))
DECLARED = {name: declared for name, declared in PROJECT["config"].items() if not name.startswith("pulumi:")}
TYPES = {"string": str, "integer": int, "boolean": bool, "array": list}


@pytest.mark.parametrize("path", schema.generated(), ids=lambda path: path.name)
def test_what_is_generated_is_not_stale(path: Path) -> None:
    assert path.read_text(encoding="utf-8") == schema.generated()[path], "python -m stacks.schema --write"


def test_the_command_tells_a_stale_file(capsys: pytest.CaptureFixture[str]) -> None:
    assert schema.main([]) == 0
    assert capsys.readouterr().out == ""


def test_every_setting_is_declared_with_type_default_and_description() -> None:
    assert list(DECLARED) == list(all_keys())
    for name, declared in DECLARED.items():
        assert isinstance(declared["default"], TYPES[declared["type"]]), name
        assert declared["description"], name
        assert declared.get("items") == ({"type": "string"} if declared["type"] == "array" else None), name


def test_secrets_are_top_level_keys_of_their_own() -> None:
    secrets = {name: declared for name, declared in DECLARED.items() if declared.get("secret")}
    assert secrets
    assert all("." not in name and declared["default"] == "" for name, declared in secrets.items())


def test_the_project_runs_infra_in_the_environment_of_make_venv() -> None:
    assert PROJECT["main"] == "infra"
    assert PROJECT["runtime"] == {"name": "python", "options": {"toolchain": "pip", "virtualenv": ".venv-infra"}}
    assert PROJECT["requiredPulumiVersion"].startswith(">=3.200.0 ")


def test_the_program_s_entry_is_settings_then_build_then_exports() -> None:
    source = (ROOT / "infra" / "__main__.py").read_text(encoding="utf-8")
    assert len(source.splitlines()) <= 30
    assert not [node for node in ast.walk(ast.parse(source)) if isinstance(node, ast.FunctionDef | ast.ClassDef)]


Pulumi = Callable[..., str]


@pytest.fixture
def pulumi(tmp_path: Path) -> Pulumi:
    """The pinned CLI in a copy of the project, state in a folder beside it; gives what a command printed."""
    cli = pulumi_cli()
    for path in ROOT.glob("Pulumi*.yaml"):
        (tmp_path / path.name).write_text(path.read_text(encoding="utf-8"), encoding="utf-8")
    (tmp_path / "state").mkdir()
    environment = {
        "HOME": str(tmp_path),
        "PATH": "/usr/bin:/bin",
        "PULUMI_BACKEND_URL": f"file://{tmp_path}/state",
        "PULUMI_CONFIG_PASSPHRASE": "test",
        "PULUMI_SKIP_UPDATE_CHECK": "true",
    }

    def run(*arguments: str) -> str:
        done = subprocess.run(
            [str(cli), *arguments], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


def configuration(pulumi: Pulumi, stack: str) -> dict[str, Any]:
    """What the engine would hand to the program, defaults included, without the project's prefix."""
    shown = json.loads(pulumi("config", "--json", "--show-secrets", "--stack", stack))
    return {
        name.removeprefix("spy-options:"): shown_value.get("objectValue", shown_value["value"])
        for name, shown_value in shown.items()
        if name.startswith("spy-options:")
    }


@pytest.mark.parametrize("stack", STACKS)
def test_the_engine_merges_a_stack_file_as_load_does(pulumi: Pulumi, stack: str) -> None:
    pulumi("stack", "init", stack)
    assert settings_of(stack, configuration(pulumi, stack)) == load(stack, ROOT)


def test_settings_given_by_the_documented_commands_reach_the_model(pulumi: Pulumi) -> None:
    pulumi("stack", "init", "dev")
    for key, value in {
        "vpn.sku": "Basic",
        "vault.suffix": "0123",
        "logs.dailyCapGb": "0.5",
        "vpn.customPolicy": "false",
        "alerts.contacts[0]": "owner@example.org",
        "budget.startDate": "2026-12-01",
        "budget.amount": "31",
    }.items():
        pulumi("config", "set", "--stack", "dev", "--path", key, value)
    pulumi("config", "set", "--stack", "dev", "--secret", "vpnPsk", "12345")
    settings = settings_of("dev", configuration(pulumi, "dev"))
    assert settings.vpn.sku == "Basic"
    assert settings.vault.suffix == "0123"
    assert settings.logs.daily_cap_gb == 0.5
    assert settings.alerts.contacts == ("owner@example.org",)
    assert settings.budget.start_date.isoformat() == "2026-12-01"
    assert settings.budget.amount == 31
    assert settings.vpn_psk.get_secret_value() == "12345"
