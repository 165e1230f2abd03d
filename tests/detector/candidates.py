"""Detectors that compete for one symbol, as processes, by a file or a Lease, with a simulated gateway and a backend."""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx

from apps.contracts.names import lease_name
from tests.cluster import manifests
from tests.cluster.control_plane import ControlPlane
from tests.detector.helpers import ROOT, IngestProcess, detector_environment, free_port, ingest_process, wait_until


class Child:
    """A process with its output in a file; killed at the end of the test."""

    def __init__(self, folder: Path, name: str, words: list[str], environment: dict[str, str]) -> None:
        self.path = folder / f"{name}.log"
        with self.path.open("wb") as output:
            self.process = subprocess.Popen(
                [sys.executable, "-m", *words], cwd=ROOT, env=environment, stdout=output, stderr=subprocess.STDOUT
            )

    @property
    def output(self) -> str:
        return self.path.read_text(errors="replace")

    def end(self, number: int = signal.SIGKILL) -> int:
        self.process.send_signal(number)
        return self.process.wait(150)


class Platform:
    """Simulator, tiny backend and any number of detectors on one data folder."""

    def __init__(self, folder: Path, server: IngestProcess, *, scenario: str = "quiet") -> None:
        self.folder, self.server = folder, server
        self.wire, self.control = free_port(), free_port()
        self.detectors: list[tuple[Child, int]] = []
        self.leadership: dict[str, str] = {}
        words = [
            "apps.simulator",
            "--scenario",
            scenario,
            "--port",
            str(self.wire),
            "--control-port",
            str(self.control),
        ]
        self.simulator = Child(folder, "simulator", words, dict(os.environ))
        self.children = [self.simulator]

    def detector(self, **more: str) -> tuple[Child, int]:
        """Start one more; (process, port of its probes)."""
        port = free_port()
        more = {**more, **self.leadership, "POD_NAME": f"detector-{len(self.detectors)}"}
        environment = detector_environment(
            self.folder,
            self.server.url,
            IBKR_PORT=str(self.wire),
            SIMULATOR_CONTROL_URL=f"http://127.0.0.1:{self.control}",
            DETECTOR_PORT=str(port),
            **more,
        )
        child = Child(self.folder, f"detector-{len(self.detectors)}", ["apps.detector"], environment)
        self.children.append(child)
        self.detectors.append((child, port))
        return child, port

    def end(self) -> None:
        for child in reversed(self.children):
            if child.process.poll() is None:
                child.end()


@contextmanager
def running(folder: Path) -> Iterator[Platform]:
    """One without a detector yet; every process of it is ended afterwards."""
    with ingest_process(folder) as server:
        made = Platform(folder, server)
        try:
            yield made
        finally:
            made.end()


def give_leases(cluster: ControlPlane, namespace: str, folder: Path, *, lease_seconds: float) -> dict[str, str]:
    """A ServiceAccount with the rights of a detector, and what its Pod finds."""
    group, kind = ["coordination.k8s.io"], ["leases"]
    rules = [
        {"apiGroups": group, "resources": kind, "verbs": ["get", "update"], "resourceNames": [lease_name("SPY")]},
        {"apiGroups": group, "resources": kind, "verbs": ["create"]},
    ]
    for manifest in (
        manifests.service_account("detector", namespace),
        manifests.role("detector", namespace, rules),
        manifests.role_binding("detector", namespace),
    ):
        cluster.admin.apply(manifest)
    found = cluster.in_cluster(namespace, "detector", folder)
    found |= {"LEADERSHIP": "lease", "LEASE_SECONDS": f"{lease_seconds:g}"}
    return {**found, "NAMESPACE": namespace, "KUBERNETES_CREDENTIALS_DIR": str(folder)}


def leader_and_standby(platform: Platform) -> tuple[tuple[Child, int], tuple[Child, int]]:
    """Two started together: who leads and is live, and who stands by."""
    both = [platform.detector(), platform.detector()]
    wait_until(lambda: any(is_live(port) for _, port in both), what="one of them is live")
    wait_until(lambda: all(ask(port, "/ready").get("ready") for _, port in both), what="both are ready")
    roles = {port: str(ask(port, "/ready")["role"]) for _, port in both}
    assert sorted(roles.values()) == ["leader", "standby"]
    leader, standby = sorted(both, key=lambda one: roles[one[1]])
    return leader, standby


def epochs(server: IngestProcess) -> list[int]:
    return sorted({int(key[4]) for key, _ in server.seen()["streams"]})


def ask(port: int, path: str) -> dict[str, object]:
    with contextlib.suppress(httpx.HTTPError):
        return dict(httpx.get(f"http://127.0.0.1:{port}{path}", timeout=2).json())
    return {}


def is_live(port: int) -> bool:
    return ask(port, "/health").get("data") == "live"
