"""Every object of every stack, as a real API server, its controllers and its scheduler judge it."""

from __future__ import annotations

import subprocess
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path

import pytest

from apps.contracts.names import lease_name
from infra.cloud.private_endpoint import private_address
from infra.cluster.resolver import CUSTOM, resolves, server_file
from stacks.naming import Names
from tests.cluster.api import Api, Manifest, Refusal, condition
from tests.cluster.control_plane import ControlPlane, Options, running_control_plane
from tests.cluster.name_server import SUCCESS, ask, running_name_server
from tests.cluster.stack import ClusterStack, define_monitoring, official_plugin, pod_templates
from tests.engine.stack import ROOT
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


PLATFORM_PYTHON = str(ROOT / ".venv" / "bin" / "python")
"""What the images run has its own environment: this one lacks its packages."""

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


def test_the_schedules_commands_scale_the_gateways_with_the_deployed_account_and_may_do_nothing_else(
    stack: ClusterStack, tmp_path: Path
) -> None:
    """Each command of the CronJobs as they are deployed, run here with what its pod would find."""
    namespace = namespace_of(stack)
    for cron in stack.api.objects("batch/v1", "CronJob", namespace):
        job = cron["spec"]["jobTemplate"]["spec"]["template"]["spec"]
        account, folder = job["serviceAccountName"], tmp_path / cron["metadata"]["name"]
        found = stack.cluster.in_cluster(namespace, account, folder)
        given = {**found, "NAMESPACE": namespace, "KUBERNETES_CREDENTIALS_DIR": str(folder)}
        may = stack.cluster.as_service_account(namespace, account)
        for container in job["containers"]:
            command = [PLATFORM_PYTHON, *container["command"][1:]]
            done = subprocess.run(command, cwd=ROOT, env=given, check=False, capture_output=True, text=True)
            assert done.returncode == 0, done.stderr
            *_, gateway, replicas = command
            assert stack.api.get("apps/v1", "StatefulSet", gateway, namespace)["spec"]["replicas"] == int(replicas)
            assert refused(may, "GET", f"/apis/apps/v1/namespaces/{namespace}/statefulsets/{gateway}")
        assert refused(may, "GET", f"/api/v1/namespaces/{namespace}/secrets")


def test_the_detectors_account_may_hold_its_lease_and_read_nothing_else(stack: ClusterStack) -> None:
    namespace = namespace_of(stack)
    leases = f"/apis/coordination.k8s.io/v1/namespaces/{namespace}/leases"
    detector = stack.cluster.as_service_account(namespace, "detector")
    lease = {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": lease_name(stack.settings().services.symbols[0]), "namespace": namespace},
        "spec": {"holderIdentity": "detector-0"},
    }
    made = detector.request("POST", leases, lease).body
    mine = f"{leases}/{made['metadata']['name']}"
    made["spec"]["holderIdentity"] = "detector-1"
    assert detector.request("PUT", mine, made).body["spec"]["holderIdentity"] == "detector-1"
    assert refused(detector, "DELETE", mine)
    for kind in ("secrets", "configmaps", "pods"):
        assert refused(detector, "GET", f"/api/v1/namespaces/{namespace}/{kind}")
    assert refused(detector, "GET", f"{leases}/another")
    stack.api.request("DELETE", mine)


def refused(api: Api, method: str, path: str) -> bool:
    """Whether the API server says that this one may not."""
    with pytest.raises(Refusal) as refusal:
        api.request(method, path)
    return refusal.value.status == HTTPStatus.FORBIDDEN
