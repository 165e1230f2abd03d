"""`spy bootstrap` over stand-ins of Azure, its directory and Pulumi: driven twice, and cut off after every write."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from infra.bootstrap.step import Standing
from tests.infra.azure_stand_in.journal import CutOff
from tests.infra.azure_stand_in.scene import Scene, Snapshot

WRITES = 44
"""Of a first run for prod; the test below holds it."""


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def standings(scene: Scene, **options: bool) -> dict[str, Standing]:
    """How every step stands after a run."""
    return {one.name: one.left.standing for one in scene.bootstrap(**options)}


def test_a_dry_run_says_what_is_missing_and_writes_nothing(scene: Scene) -> None:
    found = standings(scene, apply=False)
    assert scene.journal.writes == []
    assert {name for name, standing in found.items() if standing is not Standing.MISSING} == {
        "global-names",
        "registry-password",
    }
    assert {method for method, path in scene.management.requests} == {"GET"}
    assert not scene.world.resources


def test_a_first_run_makes_everything_and_a_second_writes_nothing(scene: Scene) -> None:
    first = standings(scene)
    assert len(scene.journal.writes) == WRITES
    assert set(first.values()) == {Standing.THERE, Standing.LATER}
    before = scene.state()

    assert standings(scene) == first
    assert scene.journal.writes == []
    assert scene.state() == before


def test_the_second_run_asks_azure_for_nothing_but_reads(scene: Scene) -> None:
    scene.bootstrap()
    scene.management.requests.clear()
    scene.bootstrap()
    assert {method for method, _ in scene.management.requests} == {"GET"}


@dataclass(frozen=True)
class Run:
    """A first run: the places where it could be cut off, and what it left."""

    snapshots: list[Snapshot]
    left: dict[str, Any]


@pytest.fixture(name="whole", scope="module")
def _whole(tmp_path_factory: pytest.TempPathFactory) -> Run:
    scene = Scene(tmp_path_factory.mktemp("whole"))
    return Run(scene.snapshots(), scene.state())


@pytest.mark.parametrize("write", range(1, WRITES + 1))
def test_a_run_cut_off_after_any_write_is_finished_by_the_next(write: int, scene: Scene, whole: Run) -> None:
    scene.goes_on_from(whole.snapshots[write - 1])
    scene.bootstrap()
    assert scene.state() == whole.left


@pytest.mark.parametrize("writes", [7, 19])
def test_a_run_cut_off_again_and_again_ends_where_it_should(writes: int, scene: Scene, whole: Run) -> None:
    cuts = 0
    while True:
        try:
            scene.bootstrap(cut_after=writes)
        except CutOff:
            cuts += 1
            continue
        break
    assert cuts >= WRITES // writes
    assert scene.state() == whole.left


def test_steps_come_in_the_order_that_each_needs(scene: Scene) -> None:
    names = [one.name for one in scene.bootstrap()]
    parts = ["resource-providers", "state-group", "state-container", "secrets-key", "platform-group", "deploy-identity"]
    parts += ["deploy-github-environment", "preview-role", "deploy-contributor-of-the-platform", "issuer-documents"]
    parts += ["log-forwarder", "stack", "log-forwarder-secret", "registry-password"]
    assert [name for name in names if name in parts] == parts


def test_federated_credentials_are_written_one_after_another(scene: Scene) -> None:
    """The stand-in refuses a second write to one identity within two seconds, as Azure does."""
    scene.bootstrap()
    subjects = [
        one["properties"]["subject"] for id_, one in scene.world.resources.items() if "/federatedidentity" in id_
    ]
    assert sorted(subjects) == [
        "repo:example-1001/spy-options-2002:environment:prod",
        "repo:example-1001/spy-options-2002:pull_request",
        "repo:example-1001/spy-options-2002:ref:refs/heads/main",
        "repo:example/spy-options:environment:prod",
        "repo:example/spy-options:pull_request",
        "repo:example/spy-options:ref:refs/heads/main",
    ]


def test_what_somebody_changed_is_said_and_put_right_without_losing_the_rest(scene: Scene) -> None:
    scene.bootstrap()
    account = scene.world.resources[scene.place.state_account.lower()]
    account["properties"]["minimumTlsVersion"] = "TLS1_0"
    account["tags"] = {"CreatedBy": "somebody", "Owner": "nobody"}

    said = {one.name: one for one in scene.bootstrap(apply=False)}["state-account"]
    assert said.found.standing is Standing.DIFFERS
    assert "properties.minimumTlsVersion is 'TLS1_0' and must be 'TLS1_2'" in said.found.words
    assert scene.journal.writes == []

    scene.bootstrap()
    assert len(scene.journal.writes) == 1
    assert account is not scene.world.resources[scene.place.state_account.lower()]
    corrected = scene.world.resources[scene.place.state_account.lower()]
    assert corrected["properties"]["minimumTlsVersion"] == "TLS1_2"
    assert corrected["tags"]["CreatedBy"] == "somebody"
    assert corrected["tags"]["Owner"] == "platform"


def test_a_grant_that_somebody_made_in_the_portal_is_found_under_its_own_name(scene: Scene) -> None:
    scene.bootstrap()
    ours = next(id_ for id_ in scene.world.resources if "/roleassignments/" in id_)
    one = scene.world.resources.pop(ours)
    other = ours[:-36] + "99999999-9999-4999-8999-999999999999"
    scene.world.resources[other] = {**one, "id": other, "name": other[-36:]}
    scene.world.born[other] = scene.world.born[ours]

    scene.bootstrap()
    assert scene.journal.writes == []


def test_the_state_keeps_versions_and_the_issuer_documents_alone_are_public(scene: Scene) -> None:
    scene.bootstrap()
    place, resources = scene.place, scene.world.resources
    recovery = resources[f"{place.state_account}/blobServices/default".lower()]["properties"]
    assert recovery["isVersioningEnabled"] is True
    assert recovery["deleteRetentionPolicy"] == {"enabled": True, "days": 30}
    assert resources[place.state_container.lower()]["properties"]["publicAccess"] == "None"
    assert resources[place.issuer_container.lower()]["properties"]["publicAccess"] == "Blob"
    for account in (place.state_account, place.issuer_account):
        assert resources[account.lower()]["properties"]["allowSharedKeyAccess"] is False
    assert resources[place.state_account.lower()]["properties"]["allowBlobPublicAccess"] is False


def test_a_stack_that_another_publishes_the_issuer_for_makes_no_public_account(tmp_path: Path) -> None:
    elsewhere = "https://stspyoptionsprodoidc.blob.core.windows.net/issuer-documents"
    scene = Scene(tmp_path, "dev", cluster={"issuer": elsewhere})
    names = {one.name for one in scene.bootstrap()}
    assert "issuer-documents" not in names
    assert "person-issuer" not in names


def test_dev_and_prod_stand_side_by_side_in_one_subscription(tmp_path: Path) -> None:
    prod, dev = Scene(tmp_path / "prod"), Scene(tmp_path / "dev", "dev")
    prod.bootstrap()
    dev.goes_on_in(prod.world)
    dev.bootstrap()
    assert not [write for write in dev.journal.writes if "/resourcegroups/rg-spy-options-prod" in write.lower()]
    prod.goes_on_in(dev.world)
    prod.bootstrap()
    assert prod.journal.writes == []


def test_being_told_to_slow_down_slows_the_run_and_nothing_else(scene: Scene, whole: Run) -> None:
    scene.management.throttled = 2
    scene.bootstrap()
    assert scene.journal.slept[:2] == [7, 7]
    assert scene.state() == whole.left


def test_the_registry_password_is_made_after_the_cloud_layer_and_once(scene: Scene) -> None:
    assert standings(scene)["registry-password"] is Standing.LATER
    scene.cloud_layer()
    assert standings(scene)["registry-password"] is Standing.THERE
    assert scene.journal.writes == ["generate the registry password", "pulumi config set registryPassword"]
    assert scene.pulumi.secrets["registryPassword"] in scene.world.generated
    assert standings(scene)["registry-password"] is Standing.THERE
    assert scene.journal.writes == []


def test_a_password_that_was_made_and_never_stored_is_made_again(scene: Scene) -> None:
    scene.bootstrap()
    scene.cloud_layer()
    with pytest.raises(CutOff):
        scene.bootstrap(cut_after=1)
    scene.bootstrap()
    assert scene.pulumi.secrets["registryPassword"] == scene.world.generated[-1]


def test_a_stack_in_the_state_whose_file_lost_its_key_is_given_it(scene: Scene) -> None:
    scene.bootstrap()
    path = scene.root / "Pulumi.prod.yaml"
    kept = [line for line in path.read_text().splitlines() if not line.startswith(("secretsprovider", "encryptedkey"))]
    path.write_text("\n".join(kept))
    found = {one.name: one for one in scene.bootstrap()}["stack"]
    assert found.found.standing is Standing.DIFFERS
    assert found.was_made
    assert "secretsprovider: azurekeyvault://kvs-spy-options-0dte.vault.azure.net/keys/pulumi" in path.read_text()


def test_a_vault_that_was_opened_is_put_right(scene: Scene) -> None:
    """The Key Vault answers a change with 201, which the client takes for an error."""
    scene.bootstrap()
    scene.world.resources[scene.place.vault.lower()]["properties"]["enableRbacAuthorization"] = False
    scene.bootstrap()
    assert scene.journal.writes == [f"PATCH {scene.place.vault}"]
    assert scene.world.resources[scene.place.vault.lower()]["properties"]["enableRbacAuthorization"] is True
