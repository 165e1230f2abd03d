"""`python -m apps.service.scale` against a real API server, with a ServiceAccount that has the one right it needs."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from apps.service import scale
from tests.cluster import manifests
from tests.cluster.api import Manifest, Refusal
from tests.cluster.control_plane import ControlPlane
from tests.detector.helpers import ROOT

GATEWAYS = ("ibkr-gateway", "ibkr-gateway-paper")
SCALER = "ibkr-scaler"
RIGHT = {"apiGroups": ["apps"], "resources": ["statefulsets/scale"], "verbs": ["patch"], "resourceNames": [*GATEWAYS]}

MODULE = ("-m", "apps.service.scale")
HURRIED = (
    "-c",
    "import sys; from apps.service import scale; scale.PAUSE_SECONDS = 0.1; sys.exit(scale.main(sys.argv[1:]))",
)
"""The same, with short pauses between its attempts."""


@dataclass
class CronJobPod:
    """What the command finds in its Pod."""

    cluster: ControlPlane
    namespace: str
    folder: Path
    environment: dict[str, str]

    def scale(self, *arguments: str, program: tuple[str, str] = MODULE, **more: str) -> tuple[int, str, str]:
        """(exit code, output, errors) of the command."""
        done = subprocess.run(
            [sys.executable, *program, *arguments],
            cwd=ROOT,
            env={**self.environment, **more},
            capture_output=True,
            text=True,
            check=False,
        )
        return done.returncode, done.stdout, done.stderr

    def replicas(self, name: str) -> int:
        return int(self.cluster.admin.get("apps/v1", "StatefulSet", name, self.namespace)["spec"]["replicas"])


def stateful_set(name: str, within: str) -> Manifest:
    labels = {"app": name}
    return {
        "apiVersion": "apps/v1",
        "kind": "StatefulSet",
        "metadata": {"name": name, "namespace": within},
        "spec": {
            "replicas": 1,
            "serviceName": name,
            "selector": {"matchLabels": labels},
            "template": {"metadata": {"labels": labels}, "spec": manifests.pod_spec()},
        },
    }


@pytest.fixture
def pod(cluster: ControlPlane, namespace: str, tmp_path: Path) -> CronJobPod:
    for manifest in (
        *(stateful_set(name, namespace) for name in (*GATEWAYS, "database")),
        manifests.service_account(SCALER, namespace),
        manifests.role(SCALER, namespace, [RIGHT]),
        manifests.role_binding(SCALER, namespace),
    ):
        cluster.admin.apply(manifest)
    folder = tmp_path / "credentials"
    found = cluster.in_cluster(namespace, SCALER, folder)
    environment = {"PATH": os.environ["PATH"], "KUBERNETES_CREDENTIALS_DIR": str(folder), **found}
    return CronJobPod(cluster, namespace, folder, environment)


def refused(said: tuple[int, str, str], sentence: str) -> bool:
    """Exit code 2 and one sentence, which is on the error line."""
    code, output, errors = said
    assert (code, output, errors.count("\n")) == (2, "", 1), said
    assert sentence in errors, errors
    return True


def test_the_gateway_goes_to_sleep_and_wakes(pod: CronJobPod) -> None:
    assert pod.scale("ibkr-gateway", "0") == (0, f"ibkr-gateway in {pod.namespace}: 0 replicas.\n", "")
    assert (pod.replicas("ibkr-gateway"), pod.replicas("ibkr-gateway-paper")) == (0, 1)
    assert pod.scale("ibkr-gateway", "1") == (0, f"ibkr-gateway in {pod.namespace}: 1 replica.\n", "")
    assert pod.replicas("ibkr-gateway") == 1
    assert pod.scale("ibkr-gateway", "1")[0] == 0


def test_what_it_may_not_do_the_server_refuses_and_it_says_what_is_missing(pod: CronJobPod) -> None:
    assert refused(pod.scale("database", "0"), "may not scale the StatefulSet database")
    assert refused(pod.scale("ibkr-gateway", "0", NAMESPACE="kube-system"), "may not scale")
    assert pod.replicas("database") == 1


def test_with_its_token_nothing_else_can_be_done(pod: CronJobPod) -> None:
    scaler = pod.cluster.as_service_account(pod.namespace, SCALER)
    apps, core = f"/apis/apps/v1/namespaces/{pod.namespace}", f"/api/v1/namespaces/{pod.namespace}"
    for method, path, body in (
        ("GET", f"{apps}/statefulsets/ibkr-gateway", None),
        ("GET", f"{apps}/statefulsets/ibkr-gateway/scale", None),
        ("GET", f"{apps}/statefulsets", None),
        ("PATCH", f"{apps}/statefulsets/ibkr-gateway", {"spec": {"replicas": 0}}),
        ("DELETE", f"{apps}/statefulsets/ibkr-gateway", None),
        ("GET", f"{core}/secrets", None),
        ("GET", f"{core}/pods", None),
        ("POST", f"{core}/pods", manifests.pod("mine", pod.namespace)),
        ("GET", "/api/v1/nodes", None),
    ):
        with pytest.raises(Refusal) as refusal:
            scaler.request(
                method,
                path,
                body,
                content_type="application/merge-patch+json" if method == "PATCH" else "application/json",
            )
        assert refusal.value.status == 403, (method, path)


def test_a_gateway_that_is_not_there_is_named(pod: CronJobPod) -> None:
    pod.cluster.admin.delete("apps/v1", "StatefulSet", "ibkr-gateway-paper", pod.namespace)
    assert refused(pod.scale("ibkr-gateway-paper", "0"), f"no StatefulSet ibkr-gateway-paper in {pod.namespace}")


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((), "usage:"),
        (("ibkr-gateway",), "usage:"),
        (("ibkr-gateway", "0", "now"), "usage:"),
        (("ibkr-gateway", "2"), "N is 0 or 1"),
        (("ibkr-gateway", "-1"), "N is 0 or 1"),
        (("ibkr-gateway", "one"), "N is 0 or 1"),
        (("../pods", "0"), "is not the name of a StatefulSet"),
        (("Gateway", "0"), "is not the name of a StatefulSet"),
    ],
)
def test_what_makes_no_sense_is_refused_before_anybody_is_asked(
    arguments: tuple[str, ...], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    code = scale.main(list(arguments))
    said = capsys.readouterr()
    assert refused((code, said.out, said.err), says)


def test_outside_a_cluster_it_says_so() -> None:
    nowhere = CronJobPod.__new__(CronJobPod)
    nowhere.environment = {"PATH": os.environ["PATH"]}
    assert refused(nowhere.scale("ibkr-gateway", "0"), "KUBERNETES_SERVICE_HOST")


def test_without_a_token_it_says_where_one_belongs(pod: CronJobPod) -> None:
    (pod.folder / "token").unlink()
    assert refused(pod.scale("ibkr-gateway", "0"), f"{pod.folder / 'token'} is not there")


def test_a_token_of_another_cluster_is_said_to_be_that(pod: CronJobPod) -> None:
    (pod.folder / "token").write_text("nonsense")
    assert refused(pod.scale("ibkr-gateway", "0"), "does not accept this Pod's token")


def test_an_api_server_that_is_away_is_one_sentence(pod: CronJobPod) -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
    said = pod.scale("ibkr-gateway", "0", program=HURRIED, KUBERNETES_SERVICE_PORT=str(port))
    assert refused(said, "cannot be reached")


def test_a_server_with_another_authority_is_not_believed(pod: CronJobPod) -> None:
    other = pod.folder / "ca.crt"
    command = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=somebody -keyout"
    subprocess.run(["openssl", *command.split(), pod.folder / "key", "-out", other], check=True, capture_output=True)
    assert refused(pod.scale("ibkr-gateway", "0", program=HURRIED), "certificate verify failed")
    assert pod.replicas("ibkr-gateway") == 1
