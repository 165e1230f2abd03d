"""`spy entra`: the applications that people and publishers sign in to, printed as exact steps or made."""

from __future__ import annotations

import json
import shlex
from pathlib import Path

import pytest

from apps.contracts.enums import Role
from infra.bootstrap import sequence
from infra.bootstrap.advice import advice
from infra.bootstrap.graph import ADDRESS
from infra.bootstrap.step import Standing
from tests.infra.azure_stand_in.journal import CutOff
from tests.infra.azure_stand_in.scene import Scene

API, PAGE = "spy-options-prod-api", "spy-options-prod-page"


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path, bootstrap={**_GITHUB, "pageAddresses": ["https://page.example.org"]})


_GITHUB = {
    "githubOwner": "example",
    "githubOwnerId": "1001",
    "githubRepository": "spy-options",
    "githubRepositoryId": "2002",
}


def test_a_first_run_makes_the_applications_and_a_second_writes_nothing(scene: Scene) -> None:
    first = {one.name: one.left.standing for one in scene.entra()}
    assert first.pop("publisher-detector") is Standing.LATER
    assert first.pop("publisher-bot") is Standing.LATER
    assert set(first.values()) == {Standing.THERE}
    before = scene.state()
    scene.entra()
    assert scene.journal.writes == []
    assert scene.state() == before


@pytest.mark.parametrize("write", range(1, 8))
def test_a_run_cut_off_after_any_write_is_finished_by_the_next(write: int, scene: Scene, tmp_path: Path) -> None:
    whole = Scene(tmp_path / "whole", bootstrap={**_GITHUB, "pageAddresses": ["https://page.example.org"]})
    whole.cloud_layer()
    whole.entra()
    assert len(whole.journal.writes) == 8

    scene.cloud_layer()
    with pytest.raises(CutOff):
        scene.entra(cut_after=write)
    scene.entra()
    assert scene.world.applications == whole.world.applications
    assert scene.world.app_roles == whole.world.app_roles


def test_the_api_has_the_roles_that_the_backend_knows_and_gives_no_token_without_one(scene: Scene) -> None:
    scene.entra()
    api = scene.world.applications[API]
    assert {one["value"] for one in api["appRoles"]} == {role.value for role in Role}
    assert {one["value"]: one["allowedMemberTypes"] for one in api["appRoles"]}["publisher"] == ["Application"]
    assert api["api"]["requestedAccessTokenVersion"] == 2
    assert api["identifierUris"] == [f"api://{api['appId']}"]
    assert scene.world.service_principals[api["appId"]]["appRoleAssignmentRequired"] is True


def test_the_page_signs_people_in_to_the_api_and_holds_no_secret(scene: Scene) -> None:
    scene.entra()
    api, page = scene.world.applications[API], scene.world.applications[PAGE]
    assert page["spa"]["redirectUris"] == ["https://page.example.org"]
    assert page["requiredResourceAccess"][0]["resourceAppId"] == api["appId"]
    assert api["api"]["preAuthorizedApplications"][0]["appId"] == page["appId"]
    assert page["passwordCredentials"] == []


def test_publishers_get_their_role_once_the_cloud_layer_has_made_them(scene: Scene) -> None:
    scene.entra()
    assert scene.world.app_roles == []
    scene.cloud_layer()
    found = {one.name: one.left.standing for one in scene.entra()}
    assert found["publisher-detector"] is Standing.THERE
    assert len(scene.journal.writes) == 2
    scene.entra()
    assert scene.journal.writes == []


def test_the_printed_steps_are_the_requests_that_would_be_sent(scene: Scene) -> None:
    """A dry run writes nothing; each line, taken apart as a shell would, is a call of the Graph with a body of JSON."""
    outcomes = scene.entra(apply=False)
    assert scene.journal.writes == []
    assert sum(one.left.to_do for one in outcomes) == 6
    reach, place = scene.reach, scene.place
    for step in sequence.entra_steps(reach, place):
        line = shlex.split(step.request().command)  # type: ignore[attr-defined]
        assert line[:3] == ["az", "rest", "--method"]
        assert line[line.index("--url") + 1].startswith(ADDRESS)
        assert json.loads(line[line.index("--body") + 1])


def test_the_audience_is_told_as_a_setting(scene: Scene) -> None:
    scene.entra()
    told = advice(scene.reach, scene.place)
    assert told.settings["azure.apiAudience"] == scene.world.applications[API]["appId"]


def test_a_page_address_that_is_added_is_put_right(scene: Scene) -> None:
    scene.entra()
    scene.world.applications[PAGE]["spa"]["redirectUris"] = ["https://old.example.org"]
    found = {one.name: one for one in scene.entra()}["page"]
    assert found.found.standing is Standing.DIFFERS
    assert "spa.redirectUris" in found.found.words
    assert len(scene.journal.writes) == 1


def test_with_keys_the_cluster_has_no_identities_and_nobody_to_make_a_publisher(tmp_path: Path) -> None:
    scene = Scene(tmp_path / "keys", cluster={"identity": "keys"})
    assert not any(one.name.startswith("publisher") for one in scene.entra(apply=False))
