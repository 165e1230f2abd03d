"""A Docker engine for builds and tests: the one that answers, or one of our own that leaves nothing behind.

An own engine has its socket, data and state in one temporary folder and touches neither the machine's firewall nor its
bridges; containers reach each other on the networks that are made for them, and this machine by what they publish.
"""

from __future__ import annotations

import contextlib
import ctypes
import http.client
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path

START_SECONDS = 120.0
STOP_SECONDS = 60.0
_PR_SET_PDEATHSIG = 1
UNTOUCHED = ("--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-forward=false", "--ip-masq=false")


class NoEngine(Exception):
    """No Docker engine can be had here; the message says why and what to do."""


class EngineCannotRun(NoEngine):
    """Docker is installed, and this machine does not let it work; the message ends in Docker's own words."""


@dataclass(frozen=True)
class Engine:
    """An engine that answers, by a client that can build with it."""

    client: str
    environment: Mapping[str, str] = field(default_factory=dict)

    @property
    def own(self) -> bool:
        """Whether it was started by us, and goes with all that it holds."""
        return bool(self.environment)

    @property
    def whole_environment(self) -> dict[str, str]:
        """The environment that the client, and compose, are run in."""
        return {**os.environ, **self.environment}

    def run(self, *arguments: str, check: bool = True) -> subprocess.CompletedProcess[str]:
        """One command of the client. Raises RuntimeError with the client's words when it fails and `check` is true."""
        done = subprocess.run(
            [self.client, *arguments], check=False, capture_output=True, text=True, env=self.whole_environment
        )
        if check and done.returncode:
            raise RuntimeError(f"docker {' '.join(arguments)}: {done.stderr.strip()[-1_500:]}")
        return done

    def compose(self) -> list[str]:
        """The command of compose: the client's plugin, or the program. Raises NoEngine when there is neither."""
        if self.run("compose", "version", check=False).returncode == 0:
            return [self.client, "compose"]
        if program := shutil.which("docker-compose"):
            return [program]
        raise NoEngine("Compose is not here: sudo apt-get install docker-compose, or Docker's own plugin")


def answering() -> Engine:
    """The engine that this machine's client reaches. Raises NoEngine."""
    found = Engine(_client())
    if found.run("version", "--format", "{{.Server.Version}}", check=False).returncode:
        raise NoEngine("No Docker engine answers: start Docker, or set DOCKER_HOST to one that runs")
    return found


@contextlib.contextmanager
def engine() -> Iterator[Engine]:
    """The engine that this machine's client reaches, or an own one for as long as the block lasts. Raises NoEngine."""
    try:
        found: Engine | None = answering()
    except NoEngine:
        found = None
    if found is not None:
        yield found
        return
    with _own(_client()) as started:
        yield started


def _client() -> str:
    """A client that can build by BuildKit: one with buildx, or one from before buildx was taken out of it (23)."""
    found = dict.fromkeys(filter(None, [shutil.which("docker"), "/usr/bin/docker"]))
    for client in filter(os.path.exists, found):
        told = subprocess.run([client, "--version"], check=False, capture_output=True, text=True).stdout
        major = re.search(r"version (\d+)", told)
        buildx = subprocess.run([client, "buildx", "version"], check=False, capture_output=True).returncode == 0
        if buildx or (major and 19 <= int(major.group(1)) < 23):
            return client
    raise NoEngine(
        "No Docker client that can build is here: sudo apt-get install docker.io, or Docker with its buildx plugin"
    )


@contextlib.contextmanager
def _own(client: str) -> Iterator[Engine]:
    daemon = shutil.which("dockerd") or shutil.which("dockerd", path="/usr/sbin:/sbin")
    if os.geteuid() != 0 or daemon is None:
        raise NoEngine("No Docker engine answers, and an own one is started as root: sudo apt-get install docker.io")
    with tempfile.TemporaryDirectory(prefix="spy-docker-", ignore_cleanup_errors=True) as folder:
        home = Path(folder)
        places = [f"--data-root={home}/data", f"--exec-root={home}/exec", f"--pidfile={home}/docker.pid"]
        with (home / "log").open("wb") as log:
            started = subprocess.Popen(
                [daemon, f"--host=unix://{home}/docker.sock", *places, *UNTOUCHED],
                stdout=log,
                stderr=log,
                preexec_fn=_end_with_parent,  # noqa: PLW1509  no threads yet
            )
        own = Engine(client, {"DOCKER_HOST": f"unix://{home}/docker.sock"})
        try:
            _await(home / "docker.sock", started, home / "log")
            yield own
        finally:
            started.terminate()
            try:
                started.wait(STOP_SECONDS)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def _end_with_parent() -> None:
    """Linux: tests that are killed outright leave no engine running."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


def _await(socket_path: Path, started: subprocess.Popen[bytes], log: Path) -> None:
    """Return when the engine answers. Raises EngineCannotRun with its last words when it ends, or stays silent."""
    deadline = time.monotonic() + START_SECONDS
    while not _answers(socket_path):
        if started.poll() is not None or time.monotonic() > deadline:
            words = log.read_text("utf-8", errors="replace").strip().splitlines() or ["it said nothing"]
            raise EngineCannotRun(f"An own Docker engine does not start on this machine: {words[-1][-600:]}")
        time.sleep(0.2)


def _answers(socket_path: Path) -> bool:
    """Whether the engine's own ping is answered; asked without a client, whose start costs more than the question."""
    connection = http.client.HTTPConnection("localhost", timeout=5)
    try:
        connection.sock = socket.socket(socket.AF_UNIX)
        connection.sock.settimeout(5)
        connection.sock.connect(str(socket_path))
        connection.request("GET", "/_ping")
        return connection.getresponse().status == http.client.OK
    except (OSError, http.client.HTTPException):
        return False
    finally:
        connection.close()
