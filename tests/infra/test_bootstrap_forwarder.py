"""The log forwarder's secret: made once, recorded, renewed, never seen, and safe wherever its making is cut off."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

import pytest

from infra.bootstrap import report
from infra.bootstrap.advice import advice
from infra.bootstrap.forwarder import CREDENTIAL
from infra.bootstrap.step import Outcome, Standing
from tests.infra.azure_stand_in.journal import CutOff
from tests.infra.azure_stand_in.scene import Scene, Snapshot

NAME = "spy-options-prod-log-forwarder"


@pytest.fixture(name="made", scope="module")
def _made(tmp_path_factory: pytest.TempPathFactory) -> Snapshot:
    """What a first run leaves."""
    scene = Scene(tmp_path_factory.mktemp("made"))
    scene.bootstrap()
    return scene.snapshot()


@pytest.fixture(name="scene")
def _scene(tmp_path: Path, made: Snapshot) -> Scene:
    scene = Scene(tmp_path)
    scene.goes_on_from(made)
    return scene


def secret_step(outcomes: list[Outcome]) -> Outcome:
    return next(one for one in outcomes if one.name == "log-forwarder-secret")


def credentials(scene: Scene) -> list[str]:
    """Names of the secrets that Entra knows."""
    return [one["displayName"] for one in scene.world.applications[NAME]["passwordCredentials"]]


def test_its_end_is_recorded_and_no_later_than_half_a_year(scene: Scene) -> None:
    recorded = scene.settings.logs.forwarder_expires
    assert recorded == (scene.journal.now() + timedelta(days=180)).date().isoformat()
    assert credentials(scene) == [CREDENTIAL]


def test_the_value_goes_to_pulumi_and_is_seen_nowhere(scene: Scene, capsys: pytest.CaptureFixture[str]) -> None:
    """The stand-in's Pulumi fails when a secret stands among the arguments."""
    value = scene.pulumi.secrets["logsSecret"]
    assert value in scene.world.generated
    outcomes = scene.bootstrap(renew=True)
    told = advice(scene.reach, scene.place)
    shown = [str(report.as_object("prod", outcomes, told)), *map(report.line, outcomes), *map(repr, outcomes)]
    shown += [(scene.root / "Pulumi.prod.yaml").read_text(), *capsys.readouterr()]
    for secret in scene.world.generated:
        assert not any(secret in text for text in shown)


def test_a_month_before_its_end_it_is_said_and_nothing_is_written(scene: Scene) -> None:
    scene.journal.time += timedelta(days=155)
    left = secret_step(scene.bootstrap()).left
    assert left.standing is Standing.THERE
    assert left.words == "good until 2027-05-20, 25 days: renew it soon by --renew"
    assert scene.journal.writes == []


def test_renewing_keeps_the_one_that_the_cluster_still_uses(scene: Scene) -> None:
    scene.journal.time += timedelta(days=155)
    before = scene.pulumi.secrets["logsSecret"]
    scene.bootstrap(renew=True)
    assert scene.pulumi.secrets["logsSecret"] != before
    assert credentials(scene) == [CREDENTIAL, CREDENTIAL]

    scene.journal.time += timedelta(days=10)
    scene.bootstrap(renew=True)
    assert len(credentials(scene)) == 2


@pytest.mark.parametrize("write", [1, 2, 3])
def test_a_renewal_cut_off_anywhere_leaves_a_secret_that_works(write: int, scene: Scene) -> None:
    scene.journal.time += timedelta(days=155)
    with pytest.raises(CutOff):
        scene.bootstrap(renew=True, cut_after=write)
    hints = {one["hint"] for one in scene.world.applications[NAME]["passwordCredentials"]}
    assert scene.pulumi.secrets["logsSecret"][:3] in hints

    scene.bootstrap(renew=True)
    stored = scene.pulumi.secrets["logsSecret"]
    assert stored == scene.world.generated[-1]
    ends = {one["endDateTime"][:10] for one in scene.world.applications[NAME]["passwordCredentials"]}
    assert scene.settings.logs.forwarder_expires in ends


def test_a_secret_that_somebody_else_made_is_left_alone(scene: Scene) -> None:
    theirs = {"displayName": "somebody's", "keyId": "x", "endDateTime": "2027-01-01T00:00:00Z", "hint": "abc"}
    scene.world.applications[NAME]["passwordCredentials"].append(theirs)
    scene.bootstrap(renew=True)
    scene.journal.time += timedelta(days=1)
    scene.bootstrap(renew=True)
    assert theirs in scene.world.applications[NAME]["passwordCredentials"]


def test_a_secret_that_was_taken_away_in_entra_is_made_anew(scene: Scene) -> None:
    scene.world.applications[NAME]["passwordCredentials"] = []
    found = secret_step(scene.bootstrap())
    assert found.found.standing is Standing.DIFFERS
    assert "Entra has none that ends on 2027-05-20" in found.found.words
    assert found.was_made


def test_a_stack_that_forwards_no_logs_has_no_principal(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "quiet", releases={"logging": False})
    assert not any("log-forwarder" in one.name for one in scene.bootstrap())
    assert not scene.world.applications


def test_what_the_stack_file_lacks_is_told_as_commands_and_nothing_once_it_holds_them(scene: Scene) -> None:
    told = advice(scene.reach, scene.place)
    app = scene.world.applications[NAME]["appId"]
    principal = scene.world.service_principals[app]["id"]
    assert told.settings["logs.forwarderId"] == app
    assert told.settings["logs.publishers[0]"] == principal
    assert f"pulumi config set --stack prod --path logs.forwarderId {app}" in told.commands
    assert f"pulumi config set --stack prod --path 'logs.publishers[0]' {principal}" in told.commands
