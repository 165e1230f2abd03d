"""The platform of compose.yaml on the images under test: up, asked through its one published port, and down."""

from __future__ import annotations

import contextlib
import json
import subprocess
import time
import uuid
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import httpx
from websockets.sync.client import connect

from apps.contracts.frames import Frame
from apps.contracts.names import HUB
from tests.backend.process import free_port
from tests.images.containers import GRACE_SECONDS, Container
from tools.images.build import ROOT
from tools.images.engine import Engine

LIVE_SECONDS = 120.0


@dataclass(frozen=True)
class Platform:
    """A project of compose."""

    engine: Engine
    command: list[str]
    environment: Mapping[str, str]
    port: int

    @property
    def project(self) -> str:
        """Its name, which everything of it is labelled with."""
        return self.environment["COMPOSE_PROJECT_NAME"]

    def compose(self, *arguments: str) -> str:
        """One command of compose on it; what it printed."""
        done = self.tried(*arguments)
        assert done.returncode == 0, done.stderr[-3_000:]
        return done.stdout

    def tried(self, *arguments: str) -> subprocess.CompletedProcess[str]:
        """One command of compose on it, whether it succeeds or not."""
        return subprocess.run(
            [*self.command, *arguments], cwd=ROOT, env=self.environment, check=False, capture_output=True, text=True
        )

    def containers(self) -> dict[str, Container]:
        """By service."""
        label = '{{.Label "com.docker.compose.service"}} {{.ID}}'
        told = self.engine.run("ps", "--all", f"--format={label}", *self._ours()).stdout
        return {service: Container(self.engine, name) for service, name in (line.split() for line in told.splitlines())}

    def asked(self, service: str, port: int, path: str) -> Any:
        """What a service answers inside its container, from where alone it can be reached."""
        script = f"import urllib.request as http; print(http.urlopen('http://127.0.0.1:{port}{path}').read().decode())"
        return json.loads(self.engine.run("exec", self.containers()[service].name, "python3", "-c", script).stdout)

    def left(self) -> list[str]:
        """Containers, networks and volumes of it that are still there."""
        kinds = (("ps", "--all", "--quiet"), ("network", "ls", "--quiet"), ("volume", "ls", "--quiet"))
        return [each for kind in kinds for each in self.engine.run(*kind, *self._ours()).stdout.split()]

    def down(self) -> None:
        """Everything of it away, volumes too; a second time does nothing."""
        self.compose("down", "--volumes", "--timeout", str(GRACE_SECONDS))

    def _ours(self) -> list[str]:
        return [f"--filter=label=com.docker.compose.project={self.project}"]


@contextlib.contextmanager
def project(engine: Engine, tag: str, **settings: str) -> Iterator[Platform]:
    """The platform from the images of one tag, not up yet; taken down with its volumes when the block ends."""
    port = free_port()
    environment = engine.whole_environment | {
        "SPY_TAG": tag,
        "BACKEND_PORT": str(port),
        "PUBLISHER_CLIENT_SECRET": uuid.uuid4().hex,
        "COMPOSE_PROJECT_NAME": f"spytest{uuid.uuid4().hex[:8]}",
        **settings,
    }
    platform = Platform(engine, engine.compose(), environment, port)
    try:
        yield platform
    finally:
        platform.down()


def live_frames(client: httpx.Client, count: int) -> list[Frame]:
    """The first frames of the live channel that speak of live data, through token, page, negotiate and the hub."""
    assert "<title>" in client.get("/").raise_for_status().text
    token = client.post("/api/token", json={"grant_type": "local"}).raise_for_status().json()["access_token"]
    first = client.post("/negotiate?negotiateVersion=1", headers={"Authorization": f"Bearer {token}"}).json()
    bearer = {"Authorization": f"Bearer {first['accessToken']}"}
    ticket = client.post(f"/client/negotiate?hub={HUB}&negotiateVersion=1", headers=bearer).json()["connectionToken"]
    address = f"ws://{client.base_url.netloc.decode()}/client/?hub={HUB}&id={ticket}"
    with connect(address) as channel:
        channel.send('{"protocol":"json","version":1}\x1e')
        found: list[Frame] = []
        deadline = time.monotonic() + LIVE_SECONDS
        while time.monotonic() < deadline:
            for record in str(channel.recv(timeout=60)).split("\x1e"):
                said = json.loads(record) if record else {}
                if said.get("target") == "frame" and said["arguments"][0]["data"] == "live":
                    found.append(Frame.model_validate(said["arguments"][0]))
            if len(found) >= count:
                return found[:count]
    raise AssertionError(f"{len(found)} live frames in time")
