"""`spy doctor --stack`: a stack that lacks nothing is well; whatever is taken away is named alone, with what to do."""

from __future__ import annotations

import json
import socket
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from infra.doctor.finding import Finding, Look, State, findings, ok
from infra.doctor.tools import within
from infra.global_names import global_names
from stacks.load import load
from stacks.naming import VOLUMES, Names
from tests.infra.doctor_scene import DoctorScene, doctor_scene
from tests.infra.loopback_http import Answer
from tests.infra.loopback_tls import Certificate, certificate
from tests.infra.projects import kubeconfig
from tests.stacks.builders import stack


@pytest.fixture(scope="module")
def tls(tmp_path_factory: pytest.TempPathFactory) -> Certificate:
    return certificate(tmp_path_factory.mktemp("tls"))


@pytest.fixture
def scene(tmp_path: Path, tls: Certificate, monkeypatch: pytest.MonkeyPatch) -> Iterator[DoctorScene]:
    with doctor_scene(tmp_path, tls, monkeypatch) as made:
        yield made


def test_a_stack_that_lacks_nothing_is_well(scene: DoctorScene) -> None:
    told = scene.doctor()
    assert told.failing() == []
    assert told.code == 0
    names = {"settings", "python", "pulumi", "state", "stack", "secrets key", "azure login", "resource providers"}
    names |= {"resource group", "registry", "image spy-backend", "cluster", "cluster issuer", "log forwarder's secret"}
    assert names <= set(told.findings)
    kinds = ("storage account", "Key Vault", "registry", "web app", "SignalR")
    assert [told.findings[f"name of the {kind}"]["state"] for kind in kinds] == ["ok"] * 5


def test_what_does_not_go_together_is_told_before_a_preview_does(scene: DoctorScene) -> None:
    scene.settle(services={"dataLines": 50})
    told = scene.doctor()
    assert told.failing() == ["settings"]
    assert told.findings["settings"]["found"].startswith("services.symbols takes 80 market-data lines")
    assert told.findings["settings"]["do"].startswith("watch fewer symbols")


def test_what_two_stacks_of_one_folder_cannot_both_have_is_told(scene: DoctorScene) -> None:
    (scene.root / "Pulumi.other.yaml").write_text((scene.root / "Pulumi.prod.yaml").read_text("utf-8"))
    told = scene.doctor()
    assert told.code == 2
    assert "other and prod" in told.text


def test_nothing_is_written_anywhere(scene: DoctorScene) -> None:
    before = {path: path.read_bytes() for path in scene.root.iterdir()}
    scene.doctor()
    assert before == {path: path.read_bytes() for path in scene.root.iterdir()}
    assert scene.world.journal.writes == []
    assert {method for method, path in scene.azure.requests if "checknameavailability" not in path.lower()} == {"GET"}


Away = Callable[[DoctorScene], None]


def not_signed_in(scene: DoctorScene) -> None:
    scene.login._object_id = None


def another_subscription(scene: DoctorScene) -> None:
    scene.settle(azure={"subscriptionId": "00000000-0000-0000-0000-0000000000ff"})


def provider_not_registered(scene: DoctorScene) -> None:
    del scene.world.registered["microsoft.insights"]


def group_not_made(scene: DoctorScene) -> None:
    for id_ in [id_ for id_ in scene.world.resources if id_.endswith("/rg-spy-options-prod")]:
        del scene.world.resources[id_]


def name_taken(scene: DoctorScene) -> None:
    scene.world.taken.add("app-spy-options-backend")


def vault_deleted(scene: DoctorScene) -> None:
    scene.world.deleted_vaults["kv-spy-options-0dte"] = "2026-12-01T00:00:00Z"


def cluster_away(scene: DoctorScene) -> None:
    closed = kubeconfig(scene.root.parent / "away", "https://127.0.0.1:9", token="x")
    scene.monkeypatch.setenv("KUBECONFIG", str(closed))


def another_cluster(scene: DoctorScene) -> None:
    scene.api.uid = "00000000-0000-4000-8000-00000000beef"


def keys_changed(scene: DoctorScene) -> None:
    scene.api.key_set = {"keys": [{**scene.api.key_set["keys"][0], "kid": "another"}]}


def image_not_there(scene: DoctorScene) -> None:
    scene.settle(images={"detector": "sha256:" + "0" * 64})


def registry_away(scene: DoctorScene) -> None:
    scene.settle(registry={"host": "127.0.0.1:9"})


def secret_absent(scene: DoctorScene) -> None:
    del scene.values["grafanaPassword"]
    scene.settle()


def digest_unresolved(scene: DoctorScene) -> None:
    scene.settle(images={"backend": "unresolved"})


def principal_expired(scene: DoctorScene) -> None:
    scene.settle(logs={"forwarderExpires": "2026-11-20"})


def principal_expires_soon(scene: DoctorScene) -> None:
    scene.settle(logs={"forwarderExpires": "2026-12-21"})


def pulumi_too_old(scene: DoctorScene) -> None:
    scene.pulumi.write_text(scene.pulumi.read_text().replace("v3.200.0", "v3.199.9"))


def state_away(scene: DoctorScene) -> None:
    failing = "echo 'error: could not list bucket: no such host' >&2; exit 255"
    scene.pulumi.write_text(scene.pulumi.read_text().replace('echo \'[{"name": "prod"}, {"name": "local"}]\'', failing))


def stack_not_made(scene: DoctorScene) -> None:
    scene.pulumi.write_text(scene.pulumi.read_text().replace('"prod"', '"staging"'))


def key_refused(scene: DoctorScene) -> None:
    text = scene.pulumi.read_text()
    line = next(line for line in text.splitlines() if "--show-secrets" in line)
    refused = line.partition(")")[0] + ") echo 'error: keyvault: ForbiddenByRbac' >&2; exit 255 ;;"
    scene.pulumi.write_text(text.replace(line, refused))


@pytest.mark.parametrize(
    ("away", "fails", "says"),
    [
        (provider_not_registered, ["resource providers"], "az provider register"),
        (group_not_made, ["resource group"], "spy bootstrap prod --apply"),
        (name_taken, ["name of the web app"], "choose another by names.webapp"),
        (vault_deleted, ["name of the Key Vault"], "az keyvault recover --name kv-spy-options-0dte"),
        (another_cluster, ["cluster", "cluster issuer"], "Choose the context of this stack's cluster"),
        (keys_changed, ["cluster issuer"], "'spy cluster identity prod --apply'"),
        (image_not_there, ["image spy-detector"], "docs/promotion.md"),
        (registry_away, ["registry"], "correct registry.host"),
        (secret_absent, ["grafanaPassword"], "pulumi config set --secret grafanaPassword"),
        (digest_unresolved, ["images.backend"], "nothing runs without a digest"),
        (principal_expired, ["log forwarder's secret"], "spy bootstrap prod --apply --renew"),
        (principal_expires_soon, ["log forwarder's secret"], "ends in 30 days, on 2026-12-21"),
        (pulumi_too_old, ["pulumi"], "Pulumi 3.199.9, and the project wants >=3.200.0 <4.0.0"),
        (state_away, ["state", "secrets key"], "no such host"),
        (stack_not_made, ["stack", "secrets key"], "pulumi stack init prod"),
        (key_refused, ["secrets key"], "Key Vault Crypto User"),
        (
            cluster_away,
            ["cluster", "volumes", "cluster issuer"],
            "https://127.0.0.1:9 (context home) cannot be reached",
        ),
    ],
)
def test_what_is_missing_is_named_alone_with_what_to_do(
    scene: DoctorScene, away: Away, fails: list[str], says: str
) -> None:
    away(scene)
    told = scene.doctor()
    assert told.code == 2
    assert told.failing() == fails
    assert says in json.dumps(told.findings[fails[0]] if fails[0] != "volumes" else told.findings, ensure_ascii=False)
    assert all(told.findings[name]["do"] for name in fails)


def test_who_is_not_signed_in_is_told_so_and_everything_else_all_the_same(scene: DoctorScene) -> None:
    not_signed_in(scene)
    told = scene.doctor()
    assert told.code == 2
    assert told.findings["azure login"]["state"] == "missing"
    assert "az login" in told.findings["azure login"]["do"]
    assert {told.findings[name]["state"] for name in ("resource providers", "resource group", "global names")} == {
        "unknown"
    }
    assert {told.findings[name]["state"] for name in ("cluster", "state", "settings", "pulumi")} == {"ok"}


def test_another_subscription_is_told_as_such(scene: DoctorScene) -> None:
    another_subscription(scene)
    assert "is no subscription that you see" in scene.doctor().findings["azure login"]["found"]


def test_persons_read_a_line_and_what_to_do_below_it(scene: DoctorScene) -> None:
    name_taken(scene)
    code, text = scene.readable()
    assert code == 2
    lines = text.splitlines()
    said = "missing  name of the web app: the name app-spy-options-backend is taken by somebody else"
    at = next(i for i, line in enumerate(lines) if line.startswith(said))
    assert lines[at + 1] == "         choose another by names.webapp"
    assert "ok       cluster: home answers" in text


def test_no_secret_is_printed(scene: DoctorScene) -> None:
    assert "the-plain-secret" not in scene.doctor().text + scene.readable()[1]


def test_a_registry_that_the_first_up_makes_is_in_nobodys_way(scene: DoctorScene) -> None:
    for id_ in [id_ for id_ in scene.world.resources if "/registries/" in id_]:
        del scene.world.resources[id_]
    told = scene.doctor()
    assert told.code == 0
    assert told.findings["registry"]["state"] == "unknown"
    assert "first up" in told.findings["registry"]["do"]


def test_volumes_are_looked_at_on_the_node_and_said_to_be_elsewhere_otherwise(
    scene: DoctorScene, tmp_path: Path
) -> None:
    assert scene.doctor().findings["volumes"]["found"] == "their folders lie on a-node-elsewhere"
    scene.api.nodes = (socket.gethostname(),)
    root = tmp_path / "volumes"
    scene.settle(cluster={"volumeRoot": str(root)}, volumes={"databaseGi": 1, "logsGi": 1, "cacheGi": 1})
    told = scene.doctor()
    assert told.code == 2
    assert f"{root} is not there" in told.findings["volumes"]["found"]
    root.mkdir()
    told = scene.doctor()
    assert "--apply" in told.findings["volumes"]["do"]
    names = Names(load("prod", scene.root))
    assert all(names.host_folder(volume) in told.findings["volumes"]["found"] for volume in VOLUMES)


def test_a_stack_without_azure_is_asked_nothing_of_it(scene: DoctorScene) -> None:
    local = yaml.safe_load((Path(__file__).parents[2] / "Pulumi.local.yaml").read_text("utf-8"))["config"]
    scene.stack = "local"
    (scene.root / "Pulumi.prod.yaml").unlink()  # of the same cluster, whose one monitoring both would install
    scene.values = {
        **{name.partition(":")[2]: value for name, value in local.items()},
        "cluster": {"context": "home", "uid": scene.api.uid, "identity": "keys", "gateway": "simulator"},
        "registry": {"mode": "shared", "host": scene.registry.host},
        "publisherSecret": {"secure": "x"},
        "grafanaPassword": {"secure": "x"},
        "upstream": {"charts": "https://charts.example.org"},
    }
    scene.settle()
    told = scene.doctor()
    assert not {"azure login", "resource providers", "cluster issuer", "log forwarder's secret"} & set(told.findings)
    assert scene.azure.requests == []
    assert [name for name in told.failing() if name != "docker"] == []


def test_an_unknown_stack_is_told_which_there_are(scene: DoctorScene) -> None:
    scene.stack = "staging"
    told = scene.doctor()
    assert told.code == 2
    assert "choose one of prod" in told.text


def test_a_look_that_hangs_or_breaks_hides_none_of_the_others() -> None:
    for_ever = threading.Event()

    def hang() -> list[Finding]:
        for_ever.wait()
        return []

    def crash() -> list[Finding]:
        raise RuntimeError("an error of ours")

    looks = [
        Look("first", lambda: [ok("first", "is well")]),
        Look("hangs", hang, limit_seconds=0.05),
        Look("breaks", crash),
        Look("says", crash, (RuntimeError,)),
        Look("last", lambda: [ok("last", "is well")]),
    ]
    found = list(findings(looks))
    for_ever.set()
    assert [(one.name, one.state) for one in found] == [
        ("first", State.OK),
        ("hangs", State.UNKNOWN),
        ("breaks", State.UNKNOWN),
        ("says", State.UNKNOWN),
        ("last", State.OK),
    ]
    assert found[1].found == "gave no answer within 0.05 s"
    assert "RuntimeError: an error of ours" in found[2].found
    assert found[3].found == "an error of ours"
    assert [one.fails for one in found] == [False, True, True, True, False]


def test_a_look_that_hangs_keeps_no_command_from_ending() -> None:
    program = (
        "import threading; from infra.doctor.finding import Look, findings;"
        "print([f.found for f in findings([Look('a', lambda: threading.Event().wait(), limit_seconds=0.05)])])"
    )
    run = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True, timeout=60)
    assert run.stdout.strip() == "['gave no answer within 0.05 s']"


@pytest.mark.parametrize(
    ("version", "fits"),
    [((3, 200, 0), True), ((3, 272, 1), True), ((3, 199, 9), False), ((4, 0, 0), False), ((3, 99), False)],
)
def test_a_version_is_held_to_the_projects_range(version: tuple[int, ...], fits: bool) -> None:
    assert within(version, ">=3.200.0 <4.0.0") is fits


def test_global_names_are_those_of_the_stacks_own_resources() -> None:
    named = {one.kind.title: one.name for one in global_names(stack("dev"))}
    assert named == {
        "storage account": "stspyoptionsdev",
        "Key Vault": "kv-spy-options-0dte-dev",
        "registry": "acrspyoptionsdev",
        "web app": "app-spy-options-backend-dev",
        "SignalR": "signalr-spy-options-dev",
    }
    assert "registry" not in {one.kind.title for one in global_names(stack("dev", registry={"mode": "shared"}))}
    assert not list(global_names(stack("local", layers=["images", "cluster"])))
    ids = {one.id for one in global_names(stack("prod"))}
    assert all(
        one.endswith(f"/{one.rpartition('/')[2]}") and "/rg-spy-options-prod/providers/Microsoft." in one for one in ids
    )


def by_keys(scene: DoctorScene, **values: Any) -> None:
    scene.settle(cluster={"identity": "keys"}, storage={"sharedKey": True}, signalr={"localAuth": True}, **values)


RECORDING = """#!/bin/sh
[ "$3" = "--non-interactive" ] || exit 9
{ echo "$@"; cat; echo; } >> "$(dirname "$0")/given"
"""


def test_keys_go_from_azure_into_the_stack_file_by_standard_input_and_nowhere_else(scene: DoctorScene) -> None:
    by_keys(scene)
    scene.pulumi.write_text(RECORDING)
    told = scene.doctor("--fetch-keys")
    assert told.code == 0
    written = json.loads(told.text)["written"]
    assert [one["command"] for one in written] == [
        "pulumi config set --stack prod --secret storageConnectionString",
        "pulumi config set --stack prod --secret signalrConnectionString",
    ]
    given = (scene.pulumi.parent / "given").read_text().splitlines()
    assert [line.partition(" --non-interactive ")[2] for line in given[0::2]] == [
        "config set --stack prod --secret storageConnectionString",
        "config set --stack prod --secret signalrConnectionString",
    ]
    storage, signalr = scene.world.generated
    assert f"AccountName=stspyoptionsprod;AccountKey={storage};" in given[1]
    assert signalr in given[3]
    assert not any(secret in told.text for secret in scene.world.generated)
    assert not any(
        secret.encode() in path.read_bytes() for path in scene.root.iterdir() for secret in (storage, signalr)
    )


def test_keys_are_fetched_only_for_a_stack_that_signs_in_by_them(scene: DoctorScene) -> None:
    told = scene.doctor("--fetch-keys")
    assert told.code == 2
    assert "--fetch-keys is for cluster.identity keys" in told.text
    scene.settle(cluster={"identity": "keys"})
    assert "storage.sharedKey is false" in scene.doctor("--fetch-keys").text
    assert scene.world.generated == []


def test_what_azure_answers_with_an_error_is_one_sentence(scene: DoctorScene) -> None:
    by_keys(scene)
    not_signed_in(scene)
    told = scene.doctor("--fetch-keys")
    assert told.code == 2
    assert len(told.text.splitlines()) == 1
    assert "az login" in told.text


def test_an_api_server_that_answers_strangely_is_no_crash(scene: DoctorScene) -> None:
    scene.api.answers["/api/v1/nodes"] = Answer(200, {"nothing": "here"})
    told = scene.doctor()
    assert told.findings["volumes"]["state"] == "unknown"
    assert told.findings["cluster"]["state"] == "ok"
