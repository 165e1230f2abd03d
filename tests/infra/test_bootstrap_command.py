"""The two commands as a person and a script meet them: words, JSON, exit codes; over the stand-ins."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import typer
import yaml
from typer.testing import CliRunner, Result

from infra.bootstrap import command
from infra.cli import COMMANDS
from tests.infra.azure_stand_in.scene import Scene
from tests.infra.azure_stand_in.transport import Login
from tests.infra.azure_stand_in.world import TENANT


@pytest.fixture(name="scene")
def _scene(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Scene:
    """The commands, with the stand-ins where the real Azure would be."""
    scene = Scene(tmp_path)
    monkeypatch.setattr(command, "ROOT", tmp_path)
    monkeypatch.setattr(command, "reached", lambda *_: scene.reach)
    return scene


def spy(*words: str) -> Result:
    """Run the command line."""
    app = typer.Typer()
    command.register(app)
    return CliRunner().invoke(app, list(words))


def answered(result: Result) -> dict[str, Any]:
    """The JSON of an answer."""
    return dict(json.loads(result.stdout))


def test_they_are_commands_of_spy() -> None:
    assert "infra.bootstrap.command" in COMMANDS


@pytest.mark.parametrize("name", ["bootstrap", "entra"])
def test_help_shows_an_example(name: str) -> None:
    assert f"spy {name} prod" in spy(name, "--help").stdout


def test_without_apply_it_says_what_is_to_do_and_ends_with_one(scene: Scene) -> None:
    result = spy("bootstrap", "prod")
    assert result.exit_code == command.TO_DO
    assert "+ storage account stspyoptionsprodstate: missing" in result.stdout
    assert "nothing was written; --apply does it." in result.stdout
    assert scene.journal.writes == []


def test_with_apply_it_makes_everything_and_tells_what_comes_next(scene: Scene) -> None:
    result = spy("bootstrap", "prod", "--apply")
    assert result.exit_code == command.NOTHING_TO_DO
    assert "+ Key Vault kvs-spy-options-0dte: made" in result.stdout
    for next_ in ("spy entra prod --apply", "cloud: set deploy.images to false", "images, and the web app", "vpn: up"):
        assert next_ in result.stdout
    order = [
        result.stdout.index(word) for word in (". cloud:", "password of the token", ". images", ". vpn", "releases: up")
    ]
    assert order == sorted(order)
    assert not any(secret in result.output for secret in scene.world.generated)


def test_the_second_time_there_is_nothing_to_do(scene: Scene) -> None:
    scene.bootstrap()
    result = spy("bootstrap", "prod")
    assert result.exit_code == command.NOTHING_TO_DO
    assert "nothing to do." in result.stdout


def test_json_is_the_whole_answer_and_progress_is_beside_it(scene: Scene) -> None:
    result = spy("bootstrap", "prod", "--apply", "--json")
    answer = answered(result)
    assert answer["stack"] == "prod"
    assert answer["toDo"] == 0
    assert {one["name"]: one["made"] for one in answer["steps"]}["state-account"] is True
    assert answer["settings"]["cluster.issuer"].endswith("/issuer-documents")
    assert answer["variables"]["AZURE_CLIENT_ID (deploy)"]
    assert "storage account stspyoptionsprodstate: made" in result.stderr
    assert not any(secret in result.output for secret in scene.world.generated)


def test_a_refusal_is_one_sentence_on_the_other_stream_and_ends_with_two(scene: Scene) -> None:
    scene.login = Login(None, TENANT, scene.journal)
    result = spy("bootstrap", "prod", "--apply")
    assert result.exit_code == command.REFUSED
    assert result.stderr.count("\n") == 1
    assert "run 'az login'" in result.stderr
    assert scene.journal.writes == []


def test_absent_settings_are_a_sentence_each(scene: Scene) -> None:
    path = scene.root / "Pulumi.prod.yaml"
    held = yaml.safe_load(path.read_text())
    del held["config"]["spy-options:bootstrap"]
    path.write_text(yaml.safe_dump(held))
    result = spy("bootstrap", "prod")
    assert result.exit_code == command.REFUSED
    assert result.stderr.count("is empty and bootstrap needs it") == 4
    assert "bootstrap.githubOwnerId is empty and bootstrap needs it" in result.stderr
    assert "write 'githubOwnerId: VALUE' into Pulumi.prod.yaml, below spy-options:bootstrap in config" in result.stderr


def test_entra_prints_the_exact_calls_and_runs_none(scene: Scene) -> None:
    result = spy("entra", "prod")
    assert result.exit_code == command.TO_DO
    assert "az rest --method patch --url" in result.stdout
    assert "uniqueName='\"'\"'spy-options-prod-api'\"'\"'" in result.stdout
    assert scene.journal.writes == []


def test_entra_with_apply_makes_them_and_tells_the_audience(scene: Scene) -> None:
    result = spy("entra", "prod", "--apply")
    assert result.exit_code == command.NOTHING_TO_DO
    app = scene.world.applications["spy-options-prod-api"]["appId"]
    assert f"pulumi config set --stack prod --path azure.apiAudience {app}" in result.stdout
