"""ControlPlane: etcd, API server, controllers, scheduler and nodes without containers, on loopback, for tests.

    from tests.cluster.control_plane import running_control_plane

    with running_control_plane(tmp_path) as cluster:          # about ten seconds
        cluster.admin.apply(manifest)                         # server-side apply, as system:masters
        cluster.admin.until("apps/v1", "Deployment", "web", "shop", holds=is_available)
        token = cluster.token("shop", "scaler")               # by TokenRequest, as a kubelet projects it
        as_scaler = cluster.as_service_account("shop", "scaler")
        cluster.in_cluster("shop", "scaler", tmp_path / "pod") # environment of a process that thinks it is in a pod
        cluster.kubeconfig, cluster.context, cluster.uid      # what kubectl, Pulumi and `spy` are given

In tests/cluster the fixture `cluster` gives one for the whole session. Standard library only, so that both environments
can import it. Real: everything the API server, the controllers and the scheduler decide. Not real: containers, probes,
name service, NetworkPolicies.

Skips when SKIP_ENGINE is 1; raises ToolMissing, with the cure, when the programs are not built yet.
"""

from __future__ import annotations

import json
import secrets
import shutil
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any

from tests.cluster import programs
from tests.cluster.api import Api, Refusal, condition
from tests.cluster.processes import Guard, Running, deadline, free_ports, running
from tests.cluster.stages import stages
from tests.toolchain import control_plane_program

START_SECONDS = 300.0
"""A cold start on a machine with ten times too much to do; an idle one needs ten seconds."""
ATTEMPT_SECONDS, PAUSE_SECONDS = 5.0, 0.5
NODE_SIZE = {"cpu": "8", "memory": "32Gi", "ephemeral-storage": "200Gi", "pods": "110"}


@dataclass(frozen=True)
class Options:
    """What a test may choose. `issuers`: the first signs, the others are accepted too.

    `signing_key` and `public_keys` are PEM files; a key is made when none is given, and its public half always counts.
    """

    nodes: Sequence[str] = ("node-1",)
    context: str = "test"
    issuers: Sequence[str] = (programs.AUDIENCE,)
    signing_key: Path | None = None
    public_keys: Sequence[Path] = ()
    jwks_uri: str = ""
    api_server: Sequence[str] = ()
    """More flags of the API server."""
    node_size: Mapping[str, str] = field(default_factory=lambda: dict(NODE_SIZE))


@dataclass(frozen=True)
class ControlPlane:
    """A running control plane."""

    folder: Path
    port: int
    admin: Api
    options: Options
    signing_key: Path
    public_key: Path

    @property
    def address(self) -> str:
        """https://127.0.0.1:PORT."""
        return self.admin.address

    @property
    def ca_file(self) -> Path:
        """PEM file that the server's certificate is checked against."""
        return self.admin.ca_file

    @property
    def context(self) -> str:
        """The one context of the kubeconfig."""
        return self.options.context

    @property
    def kubeconfig(self) -> Path:
        """Kubeconfig of the admin."""
        return self.folder / "kubeconfig.json"

    @property
    def logs(self) -> Path:
        """Folder with one log a program, kept after the end."""
        return self.folder / "logs"

    @cached_property
    def uid(self) -> str:
        """What identifies this cluster: the UID of its namespace kube-system."""
        return str(self.admin.get("v1", "Namespace", "kube-system")["metadata"]["uid"])

    def token(self, namespace: str, account: str, *, audiences: Sequence[str] = (), seconds: int = 3600) -> str:
        """A token of a ServiceAccount, minted by TokenRequest; for the API server itself when no audience is named."""
        spec: dict[str, Any] = {"expirationSeconds": seconds}
        if audiences:
            spec["audiences"] = list(audiences)
        path = f"/api/v1/namespaces/{namespace}/serviceaccounts/{account}/token"
        body = {"apiVersion": "authentication.k8s.io/v1", "kind": "TokenRequest", "spec": spec}
        return str(self.admin.request("POST", path, body).body["status"]["token"])

    def as_service_account(self, namespace: str, account: str) -> Api:
        """The API as a pod of this ServiceAccount sees it."""
        return self.admin.as_bearer(self.token(namespace, account))

    def in_cluster(self, namespace: str, account: str, folder: Path) -> dict[str, str]:
        """Write what a pod finds in /var/run/secrets/kubernetes.io/serviceaccount; gives the environment beside it."""
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "token").write_text(self.token(namespace, account))
        (folder / "namespace").write_text(namespace)
        shutil.copy(self.ca_file, folder / "ca.crt")
        return {"KUBERNETES_SERVICE_HOST": "127.0.0.1", "KUBERNETES_SERVICE_PORT": str(self.port)}


@contextmanager
def running_control_plane(folder: Path, options: Options | None = None) -> Iterator[ControlPlane]:
    """Start one below a folder and stop it after; its logs stay there.

    Raises RuntimeError with the last lines of its log when a program ends, TimeoutError when it does not get ready.
    """
    chosen = options or Options()
    built = {name: control_plane_program(name) for name in PROGRAMS}
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "logs").mkdir(exist_ok=True)
    ports = free_ports(3)
    plane = _prepared(folder, ports[0], chosen)
    with ExitStack() as started:
        guard = Guard()
        started.callback(guard.release)

        def start(name: str, arguments: list[str]) -> Running:
            program = started.enter_context(running(built[name], arguments, plane.logs))
            guard.watch(program.pid)
            return program

        # Last in is stopped first: the folder of the data goes when nothing writes to it any more.
        started.callback(shutil.rmtree, folder / "etcd", ignore_errors=True)
        start("etcd", programs.etcd(plane, ports[1], ports[2]))
        server = start("kube-apiserver", programs.api_server(plane, ports[1]))
        _await_ready(plane, server)
        controllers = start("kube-controller-manager", programs.controller_manager(plane))
        start("kube-scheduler", programs.scheduler(plane))
        start("kwok", programs.kwok(plane))
        _add_nodes(plane, controllers)
        yield plane


PROGRAMS = ("etcd", "kube-apiserver", "kube-controller-manager", "kube-scheduler", "kwok")


def make_key(path: Path) -> Path:
    """Write an RSA key and beside it, as NAME.pub, its public half; gives the path of the latter. Needs openssl."""
    public = path.with_suffix(".pub")
    subprocess.run(["openssl", "genrsa", "-out", path, "2048"], check=True, capture_output=True)
    subprocess.run(["openssl", "rsa", "-in", path, "-pubout", "-out", public], check=True, capture_output=True)
    return public


def _prepared(folder: Path, port: int, options: Options) -> ControlPlane:
    """Everything that lies in files before the first program starts."""
    key = options.signing_key or folder / "service-account.key"
    if options.signing_key:
        public = folder / "service-account.pub"
        subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-out", public], check=True, capture_output=True)
    else:
        public = make_key(key)
    token = secrets.token_urlsafe(24)
    (folder / "tokens.csv").write_text(f'{token},admin,admin,"system:masters"\n')
    admin = Api(f"https://127.0.0.1:{port}", token, folder / "certificates" / "apiserver.crt")
    plane = ControlPlane(folder, port, admin, options, key, public)
    plane.kubeconfig.write_text(json.dumps(programs.kubeconfig(plane), indent=1))
    (folder / "stages.yaml").write_text("\n---\n".join(json.dumps(stage) for stage in stages()))
    return plane


def _await_ready(plane: ControlPlane, server: Running) -> None:
    said: object = "nothing"
    for _ in deadline(START_SECONDS):
        try:
            plane.admin.request("GET", "/readyz", seconds=ATTEMPT_SECONDS)
        except (OSError, Refusal) as not_yet:
            said = not_yet
            server.pause(PAUSE_SECONDS)
        else:
            return
    raise TimeoutError(f"the API server was not ready after {START_SECONDS:.0f} s and said {said}; see {plane.logs}")


def _add_nodes(plane: ControlPlane, controllers: Running) -> None:
    """Register the nodes; back when pods can be made and scheduled."""
    for name in plane.options.nodes:
        plane.admin.create(programs.node(name, plane.options.node_size))
    for name in plane.options.nodes:
        plane.admin.until(
            "v1",
            "Node",
            name,
            holds=lambda node: condition(node, "Ready") == "True" and not node["spec"].get("taints"),
            seconds=START_SECONDS,
        )
    controllers.pause(0)
    plane.admin.until("v1", "ServiceAccount", "default", "default", seconds=START_SECONDS)
