"""Every object of every stack, as a real API server, its controllers and its scheduler judge it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from infra.cloud.private_endpoint import private_address
from infra.cluster.resolver import CUSTOM, resolves, server_file
from stacks.naming import Names
from tests.cluster.api import Manifest, condition
from tests.cluster.control_plane import ControlPlane, Options, running_control_plane
from tests.cluster.name_server import SUCCESS, ask, running_name_server
from tests.cluster.stack import ClusterStack, define_monitoring, official_plugin, pod_templates
from tests.engine.values import SECRETS


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The cluster that dev and prod share: prod brings the monitoring for both."""
    with running_control_plane(tmp_path_factory.mktemp("shared"), Options(nodes=("home",))) as plane:
        define_monitoring(plane.admin)
        yield plane


@pytest.fixture(scope="module")
def alone(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """The cluster of `local`, which brings a monitoring of its own."""
    with running_control_plane(tmp_path_factory.mktemp("alone"), Options(nodes=("laptop",))) as plane:
        define_monitoring(plane.admin)
        yield plane


@pytest.fixture(scope="module")
def apart(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster for `dev` once more, by Pulumi's own plugin: dev brings no chart, which that plugin would fetch."""
    with running_control_plane(tmp_path_factory.mktemp("apart"), Options(nodes=("home",))) as plane:
        define_monitoring(plane.admin)
        yield plane


OFFICIAL = pytest.mark.skipif(
    not official_plugin(),
    reason="the official Kubernetes plugin is not installed: 'pulumi plugin install resource kubernetes'",
)
CASES = [
    pytest.param(("local", "alone"), id="local"),
    pytest.param(("dev", "shared"), id="dev"),
    pytest.param(("prod", "shared"), id="prod"),
    pytest.param(("dev", "apart"), id="dev-by-the-official-plugin", marks=OFFICIAL),
]


@pytest.fixture(scope="module", params=CASES)
def stack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[ClusterStack]:
    """One stack after another, deployed and left there."""
    name, cluster = request.param
    plane: ControlPlane = request.getfixturevalue(cluster)
    official = cluster == "apart"
    with ClusterStack(name, tmp_path_factory.mktemp(name) / "project", plane, official=official) as opened:
        opened.up()
        yield opened


def namespace_of(stack: ClusterStack) -> str:
    return Names(stack.settings()).namespace


def test_every_object_is_accepted_without_a_warning(stack: ClusterStack) -> None:
    kinds = {kind for _, kind, _ in stack.objects()}
    assert kinds >= {"Namespace", "ConfigMap", "Secret", "Deployment", "Service", "NetworkPolicy", "PersistentVolume"}
    assert stack.kubernetes.warnings == []


def test_a_second_preview_finds_nothing_to_do(stack: ClusterStack) -> None:
    stack.preview(expect_no_changes=True)


def test_each_deployment_is_ready_with_as_many_pods_as_it_asks_for(stack: ClusterStack) -> None:
    deployments = stack.api.objects("apps/v1", "Deployment", namespace_of(stack))
    assert deployments
    for deployment in deployments:
        assert condition(deployment, "Available") == "True", deployment["metadata"]["name"]
        assert deployment["status"].get("readyReplicas", 0) == deployment["spec"]["replicas"]


def test_each_pod_is_let_in_by_pod_security(stack: ClusterStack) -> None:
    """The server only warns of a workload, so each one's pod is offered by itself, also of those with none running."""
    found: dict[str, Manifest] = {}
    for namespace in {id_.partition("/")[0] for _, kind, id_ in stack.objects() if kind in {"Deployment", "CronJob"}}:
        found |= pod_templates(stack.api, namespace)
    assert len(found) >= 4
    for pod in found.values():
        assert stack.api.create(pod, dry_run=True).warnings == ()


def test_each_claim_is_bound_to_the_volume_it_names(stack: ClusterStack) -> None:
    namespace = namespace_of(stack)
    for volume in ("database", "logs", "cache"):
        claim = stack.api.get("v1", "PersistentVolumeClaim", f"pvc-{volume}", namespace)
        kept = stack.api.get("v1", "PersistentVolume", claim["spec"]["volumeName"])
        assert claim["status"]["phase"] == kept["status"]["phase"] == "Bound"
        assert kept["spec"]["claimRef"]["uid"] == claim["metadata"]["uid"]
        assert kept["spec"]["persistentVolumeReclaimPolicy"] == "Retain"


def test_no_secret_is_plain_in_the_state(stack: ClusterStack) -> None:
    exported = stack.command("stack", "export")
    assert [key for key, value in SECRETS.items() if value in exported] == []


def test_coredns_answers_the_private_names_from_the_file_that_the_stacks_left(
    stack: ClusterStack, tmp_path: Path
) -> None:
    """Only prod has a private endpoint. Other stacks leave no file, and their pods ask the name's public address."""
    if not resolves(stack.settings()):
        found = stack.api.find("v1", "ConfigMap", CUSTOM, "kube-system") or {"data": {}}
        assert server_file(Names(stack.settings())) not in found["data"]
        return
    custom = stack.api.get("v1", "ConfigMap", CUSTOM, "kube-system")["data"]
    account = Names(stack.settings()).storage
    with running_name_server(tmp_path, custom) as port:
        code, addresses = ask(port, f"{account}.table.core.windows.net")
        assert code == SUCCESS
        assert addresses == [private_address(stack.settings())]
        assert ask(port, "node-1") == (SUCCESS, ["192.0.2.1"])
        assert ask(port, f"{account}.blob.core.windows.net")[1] == []
