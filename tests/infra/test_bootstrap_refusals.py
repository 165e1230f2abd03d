"""`spy bootstrap` with bad input: one sentence with the cure, nothing made, and the next run goes on."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.bootstrap.refusal import Refused
from stacks.refusal import SettingsRefused
from tests.infra.azure_stand_in.scene import Scene
from tests.infra.azure_stand_in.transport import Login
from tests.infra.azure_stand_in.world import OWNER, TENANT


@pytest.fixture(name="scene")
def _scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path)


def sentence(scene: Scene, **options: Any) -> str:
    """What a run ends with: one line."""
    with pytest.raises((Refused, SettingsRefused)) as refused:
        scene.bootstrap(**options)
    told = str(refused.value)
    assert "\n" not in told
    return told


def set_in_file(scene: Scene, section: str, **values: Any) -> None:
    """Change the stack file as an operator would."""
    path = scene.root / f"Pulumi.{scene.stack}.yaml"
    held = yaml.safe_load(path.read_text())
    held["config"][f"spy-options:{section}"] = {**held["config"].get(f"spy-options:{section}", {}), **values}
    path.write_text(yaml.safe_dump(held))


def test_who_is_not_signed_in_is_told_to_sign_in(scene: Scene) -> None:
    scene.login = Login(None, TENANT, scene.journal)
    assert sentence(scene) == "cannot sign in: nobody is signed in to Azure here; run 'az login', then this again"
    assert scene.journal.writes == []


def test_who_is_not_owner_is_told_before_anything_is_made(scene: Scene) -> None:
    scene.world.owners = set()
    assert "owner@example.org is not Owner of the subscription" in sentence(scene)
    assert scene.journal.writes == []
    scene.world.owners = {OWNER}
    scene.bootstrap()


def test_a_right_that_is_lost_on_the_way_ends_in_a_sentence_and_the_next_run_goes_on(scene: Scene) -> None:
    scene.directory.denied = {"PATCH applications"}
    told = sentence(scene)
    assert told.startswith("cannot make the application spy-options-prod-log-forwarder: Azure refuses you that")
    scene.directory.denied = set()
    scene.bootstrap()
    assert len(scene.world.applications) == 1


def test_a_subscription_that_nobody_sees_is_named(scene: Scene) -> None:
    wrong = "00000000-0000-0000-0000-0000000000ff"
    set_in_file(scene, "azure", subscriptionId=wrong)
    assert sentence(scene).startswith(f"azure.subscriptionId {wrong} is no subscription that you see")


def test_a_tenant_that_is_not_the_subscriptions_is_named(scene: Scene) -> None:
    set_in_file(scene, "azure", tenantId="00000000-0000-0000-0000-0000000000ee")
    assert "you are signed in to another tenant" in sentence(scene)
    assert scene.journal.writes == []


def test_a_subscription_out_of_use_is_said(scene: Scene) -> None:
    scene.world.subscription_state = "Disabled"
    assert "is Disabled: enable it in the portal" in sentence(scene)


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("stspyoptionsprodstate", "bootstrap.stateAccount"),
        ("stspyoptionsprodoidc", "bootstrap.issuerAccount"),
        ("kvs-spy-options-0dte", "bootstrap.vault"),
    ],
)
def test_a_name_that_somebody_else_has_is_refused_before_anything_bears_another(
    name: str, key: str, scene: Scene
) -> None:
    scene.world.taken = {name}
    told = sentence(scene)
    assert told == (
        f"the name {name} is taken by somebody else, and all of Azure shares such names: choose another by {key}"
    )
    assert not scene.world.resources

    set_in_file(scene, "bootstrap", **{key.partition(".")[2]: "another0name"})
    scene.goes_on_in(scene.world)
    scene.bootstrap()
    assert any("another0name" in id_ for id_ in scene.world.resources)


def test_a_deleted_vault_that_keeps_its_name_is_said_with_both_ways_out(scene: Scene) -> None:
    scene.world.deleted_vaults = {"kvs-spy-options-0dte": "2026-12-24T00:00:00Z"}
    told = sentence(scene)
    assert "the Key Vault kvs-spy-options-0dte was deleted and keeps its name until 2026-12-24" in told
    assert "az keyvault recover --name kvs-spy-options-0dte" in told
    assert "bootstrap.vault" in told
    assert not scene.world.resources


def test_an_account_in_another_region_is_refused_with_the_setting(scene: Scene) -> None:
    scene.bootstrap()
    set_in_file(scene, "azure", location="northeurope")
    told = sentence(scene)
    assert "location is 'westeurope' and must be 'northeurope', and Azure never changes that" in told
    assert "bootstrap.resourceGroup" in told
    assert scene.journal.writes == []


@pytest.mark.parametrize("key", ["githubOwner", "githubOwnerId", "githubRepository", "githubRepositoryId"])
def test_each_setting_that_is_absent_is_named_with_how_to_set_it(key: str, scene: Scene) -> None:
    set_in_file(scene, "bootstrap", **{key: ""})
    assert f"bootstrap.{key} is empty and bootstrap needs it" in sentence(scene)
    assert f"write '{key}: VALUE' into Pulumi.prod.yaml, below spy-options:bootstrap" in sentence(scene)


def test_a_stack_without_cloud_has_nothing_to_bootstrap(scene: Scene) -> None:
    path = scene.root / "Pulumi.prod.yaml"
    held = yaml.safe_load(path.read_text())
    held["config"]["spy-options:layers"] = ["images", "cluster", "releases"]
    path.write_text(yaml.safe_dump(held))
    assert "has no layer cloud, so nothing is to be made in Azure" in sentence(scene)


def test_a_name_that_azure_would_refuse_is_refused_first(scene: Scene) -> None:
    set_in_file(scene, "bootstrap", stateAccount="Not-A-Name")
    assert "storage account 'Not-A-Name' has 10 characters" in sentence(scene)
    assert scene.management.requests == []


def test_the_state_may_not_lie_where_the_deploying_identity_may_do_everything(scene: Scene) -> None:
    set_in_file(scene, "bootstrap", resourceGroup="rg-spy-options-prod")
    assert "give the state another" in sentence(scene)


def test_a_line_that_is_down_is_said_as_such(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    from requests.exceptions import ConnectionError as NoConnection

    def unreachable(_: Any) -> Any:
        raise NoConnection("no route to host")

    scene.bootstrap()
    monkeypatch.setattr(scene, "management", unreachable)
    assert sentence(scene).endswith("Azure cannot be reached (ServiceRequestError); is the line up?")


def test_a_secret_that_ended_is_said_and_renewed(scene: Scene) -> None:
    scene.bootstrap()
    scene.journal.time += timedelta(days=181)
    told = sentence(scene)
    assert told == (
        "the secret of spy-options-prod-log-forwarder ended on 2027-05-20, so no log line has left the cluster since: "
        "run this with --apply --renew, then deploy the layer releases"
    )
    assert scene.journal.writes == []
    scene.bootstrap(renew=True)
    assert scene.settings.logs.forwarder_expires == "2027-11-17"
