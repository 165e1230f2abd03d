"""What a stack's life does to what runs: upgrades, mistakes, loss of state, ends. On one stack that has no Azure."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from pulumi import automation

from stacks.naming import VOLUMES, Names
from tests.cluster.api import Manifest, condition
from tests.cluster.control_plane import ControlPlane, Options, running_control_plane
from tests.cluster.small import sentences
from tests.cluster.stack import ClusterStack, define_monitoring
from tests.cluster.stages import BROKEN_DIGEST
from tests.engine.language_host import listening
from tests.engine.values import DIGEST

NEWER = "sha256:" + "cd" * 32
PINNED = {
    "images": {"source": "pinned", **dict.fromkeys(("backend", "detector", "tradingBot", "simulator"), DIGEST)},
}


@pytest.fixture(scope="module")
def deployed(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterStack]:
    """`local` with pinned images, deployed once."""
    with running_control_plane(tmp_path_factory.mktemp("home"), Options(nodes=("home",))) as plane:
        define_monitoring(plane.admin)
        with ClusterStack("local", tmp_path_factory.mktemp("local") / "project", plane) as stack:
            stack.configure(PINNED)
            stack.up()
            yield stack


@pytest.fixture
def stack(deployed: ClusterStack) -> Iterator[ClusterStack]:
    """The same stack, which is afterwards what it was before."""
    path = deployed.folder / f"Pulumi.{deployed.name}.yaml"
    before, patience = path.read_text(), deployed.kubernetes.patience_seconds
    yield deployed
    deployed.kubernetes.patience_seconds = patience
    path.write_text(before)
    deployed.up()


def namespace_of(stack: ClusterStack) -> str:
    return Names(stack.settings()).namespace


def running(stack: ClusterStack, app: str) -> dict[str, Manifest]:
    """The pods of a workload that are not about to go, by uid."""
    found = stack.api.objects("v1", "Pod", namespace_of(stack), labels=f"app={app}")
    return {pod["metadata"]["uid"]: pod for pod in found if "deletionTimestamp" not in pod["metadata"]}


def images(stack: ClusterStack, app: str) -> set[str]:
    return {pod["spec"]["containers"][0]["image"].rpartition("@")[2] for pod in running(stack, app).values()}


def volumes(stack: ClusterStack) -> dict[str, tuple[str, str]]:
    """UID of each volume and of the claim that it is bound to."""
    found = {}
    for volume in VOLUMES:
        claim = stack.api.get("v1", "PersistentVolumeClaim", f"pvc-{volume}", namespace_of(stack))
        kept = stack.api.get("v1", "PersistentVolume", claim["spec"]["volumeName"])
        assert claim["status"]["phase"] == kept["status"]["phase"] == "Bound"
        assert kept["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
        found[volume] = (kept["metadata"]["uid"], claim["metadata"]["uid"])
    return found


def test_an_upgrade_replaces_the_pods_of_the_image_that_changed_and_no_others(stack: ClusterStack) -> None:
    before = {app: set(running(stack, app)) for app in ("detector", "backend", "trading-bot")}
    stack.configure({"images": {"backend": NEWER}})
    stack.up()
    assert images(stack, "backend") == {NEWER}
    assert not before["backend"] & set(running(stack, "backend"))
    assert images(stack, "detector") == images(stack, "trading-bot") == {DIGEST}
    assert set(running(stack, "detector")) == before["detector"]
    assert set(running(stack, "trading-bot")) == before["trading-bot"]


def test_a_broken_image_fails_the_run_and_keeps_the_old_pods(stack: ClusterStack) -> None:
    before = set(running(stack, "detector"))
    assert before
    stack.kubernetes.patience_seconds = 10
    stack.configure({"images": {"detector": BROKEN_DIGEST}})
    with pytest.raises(automation.CommandError, match="timed out waiting for Deployment"):
        stack.up()
    now = running(stack, "detector")
    assert before < set(now)
    assert {condition(now[uid], "Ready") for uid in before} == {"True"}
    assert condition(now[(set(now) - before).pop()], "Ready") == "False"


def test_a_change_of_the_detectors_config_leaves_backend_and_bot_alone(stack: ClusterStack) -> None:
    before = {app: set(running(stack, app)) for app in ("detector", "backend", "trading-bot")}
    services = stack.settings().services
    first = stack.api.get("v1", "ConfigMap", "detector-config", namespace_of(stack))
    stack.configure({"services": {"linesPerSymbol": services.lines_per_symbol - 10}})
    stack.up()
    config = stack.api.get("v1", "ConfigMap", "detector-config", namespace_of(stack))
    assert config["data"]["DATA_LINES"] == str(services.lines_per_symbol - 10 + services.reserved_lines)
    assert config["metadata"]["uid"] == first["metadata"]["uid"], "changed in place, never absent"
    assert not before["detector"] & set(running(stack, "detector"))
    assert set(running(stack, "backend")) == before["backend"]
    assert set(running(stack, "trading-bot")) == before["trading-bot"]


def test_after_destroying_all_but_what_is_protected_a_new_up_finds_the_same_volumes_bound(
    stack: ClusterStack,
) -> None:
    before = volumes(stack)
    stack.destroy(exclude_protected=True)
    assert running(stack, "backend") == {}
    assert stack.api.objects("apps/v1", "Deployment", namespace_of(stack)) == []
    assert volumes(stack) == before
    stack.up()
    assert volumes(stack) == before
    assert {condition(pod, "Ready") for pod in running(stack, "backend").values()} == {"True"}


def refusal_by(kubeconfig: Path, stack: ClusterStack, *, about: str) -> set[str]:
    """What an `up` with another kubeconfig says of something; that it did nothing is asserted here."""
    done = len(stack.kubernetes.changes)
    stack.kubernetes.kubeconfig = kubeconfig
    try:
        with pytest.raises(automation.CommandError) as refused:
            stack.up()
    finally:
        stack.kubernetes.kubeconfig = stack.cluster.kubeconfig
    assert len(stack.kubernetes.changes) == done
    return sentences(refused.value, about)


def test_a_kubeconfig_that_leads_to_another_cluster_now_is_refused_and_nothing_is_done_there(
    deployed: ClusterStack, cluster: ControlPlane, tmp_path: Path
) -> None:
    """Two running clusters whose contexts have one name, as k3s gives every cluster the name `default`."""
    misled = tmp_path / "kubeconfig.json"
    misled.write_text(cluster.kubeconfig.read_text().replace(cluster.context, deployed.cluster.context))
    (sentence,) = refusal_by(misled, deployed, about="leads to the cluster")
    assert f"the cluster {cluster.uid} and cluster.uid is {deployed.cluster.uid}" in sentence
    deployed.preview(expect_no_changes=True)


def test_a_first_deployment_to_the_wrong_cluster_is_refused_in_one_sentence_and_nothing_is_made(
    deployed: ClusterStack, tmp_path: Path
) -> None:
    with ClusterStack("dev", tmp_path / "project", deployed.cluster) as elsewhere:
        elsewhere.configure({"cluster": {"uid": "00000000-1111-4222-8333-444444444444"}})
        with pytest.raises(automation.CommandError) as refused:
            elsewhere.up()
    (sentence,) = sentences(refused.value, "leads to the cluster")
    assert deployed.cluster.uid in sentence
    assert "cluster.context" in sentence
    assert elsewhere.kubernetes.changes == []


def test_an_unreachable_cluster_is_refused_in_one_sentence(stack: ClusterStack, tmp_path: Path) -> None:
    away = tmp_path / "kubeconfig.json"
    away.write_text(stack.cluster.kubeconfig.read_text().replace(f":{stack.cluster.port}", ":1"))
    (sentence,) = refusal_by(away, stack, about="unreachable")
    assert "Connection refused" in sentence


def test_what_somebody_scaled_stays_scaled_through_an_upgrade(stack: ClusterStack) -> None:
    namespace = namespace_of(stack)
    stack.api.patch("apps/v1", "Deployment", "trading-bot", namespace, {"spec": {"replicas": 0}}, subresource="scale")
    stack.api.until(
        "apps/v1", "Deployment", "trading-bot", namespace, holds=lambda one: not one["status"].get("replicas")
    )
    stack.configure({"images": {"tradingBot": NEWER}})
    stack.up()
    bot = stack.api.get("apps/v1", "Deployment", "trading-bot", namespace)
    assert bot["spec"]["replicas"] == 0
    assert bot["spec"]["template"]["spec"]["containers"][0]["image"].endswith(NEWER)
    stack.api.patch("apps/v1", "Deployment", "trading-bot", namespace, {"spec": {"replicas": 1}}, subresource="scale")


def forget(stack: ClusterStack, *urns: str) -> None:
    """Take resources out of the state as an accident would: what depended on them stays."""
    exported = json.loads(stack.command("stack", "export"))
    deployment = exported["deployment"]
    deployment["resources"] = [one for one in deployment["resources"] if one["urn"] not in urns]
    for one in deployment["resources"]:
        one["dependencies"] = [urn for urn in one.get("dependencies", []) if urn not in urns]
        for key, needed in (one.get("propertyDependencies") or {}).items():
            one["propertyDependencies"][key] = [urn for urn in needed or [] if urn not in urns]
    path = stack.folder / "state.json"
    path.write_text(json.dumps(exported))
    stack.command("stack", "import", "--file", str(path))


def test_a_volume_that_the_state_forgot_is_taken_back_and_its_old_claim_let_go(stack: ClusterStack) -> None:
    """The steps of docs/cluster-volumes.md, where the claim is gone, too, so that the volume is Released."""
    namespace, volume = namespace_of(stack), Names(stack.settings()).persistent_volume("logs")
    urn, claim = stack.urn("v1:PersistentVolume", "logs"), stack.urn("v1:PersistentVolumeClaim", "pvc-logs")
    kept = stack.resources()[urn]
    before = stack.api.get("v1", "PersistentVolume", volume)["metadata"]["uid"]
    stack.destroy(exclude_protected=True)
    stack.api.delete("v1", "PersistentVolumeClaim", "pvc-logs", namespace)
    stack.api.until("v1", "PersistentVolume", volume, holds=lambda one: one["status"]["phase"] == "Released")
    forget(stack, urn, claim)
    with pytest.raises(automation.CommandError, match=rf'PersistentVolume "{volume}" already exists'):
        stack.up()
    let_go = {"spec": {"claimRef": {"uid": None, "resourceVersion": None}}}
    stack.api.patch("v1", "PersistentVolume", volume, "", let_go)
    stack.api.until("v1", "PersistentVolume", volume, holds=lambda one: one["status"]["phase"] == "Available")
    with listening() as language:
        stack.command(
            "import",
            "kubernetes:core/v1:PersistentVolume",
            "logs",
            volume,
            *("--parent", f"volumes={kept['parent']}"),
            *("--provider", f"cluster={kept['provider'].rpartition('::')[0]}"),
            *("--generate-code=false", "--yes", "--skip-preview"),
            variables={"PULUMI_DEBUG_LANGUAGES": language},
        )
    assert stack.resources()[urn]["protect"] is True
    stack.up()
    assert volumes(stack)["logs"][0] == before
    stack.preview(expect_no_changes=True)
