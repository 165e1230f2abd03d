"""A backend as its own process, as `spy up` starts it: for kills, exit codes and benches. Ends what it started."""

from __future__ import annotations

import os
import signal
import socket
import subprocess
import sys
import time
from pathlib import Path
from types import TracebackType

import httpx

from apps.contracts.names import Env

ROOT = Path(__file__).parents[2]
PUBLISHER_ID, PUBLISHER_SECRET = "detector", "a-secret-of-tests"
START_SECONDS = 30.0


def free_port() -> int:
    """A loopback port that nothing listens on now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def environment(folder: Path, port: int, **keys: str) -> dict[str, str]:
    """The environment of a backend: nothing of ours leaks in but the path."""
    known = {name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ}
    return {
        **known,
        "PYTHONPATH": str(ROOT),
        Env.DATA_DIR: str(folder),
        Env.BACKEND_PORT: str(port),
        Env.PUBLISHER_CLIENT_ID: PUBLISHER_ID,
        Env.PUBLISHER_CLIENT_SECRET: PUBLISHER_SECRET,
        **keys,
    }


class BackendProcess:
    """Started on entering, killed on leaving if it still runs."""

    def __init__(self, folder: Path, port: int | None = None, **keys: str) -> None:
        self.port = port or free_port()
        self.url = f"http://127.0.0.1:{self.port}"
        self._folder, self._keys = folder, keys
        self._process: subprocess.Popen[str] | None = None

    def __enter__(self) -> BackendProcess:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._running().poll() is None:
            self.kill()

    @property
    def pid(self) -> int:
        """Process id."""
        return self._running().pid

    def start(self) -> None:
        """Start and wait until it answers."""
        with (self._folder / "backend.log").open("a") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "apps.backend"],
                env=environment(self._folder, self.port, **self._keys),
                stdout=log,
                stderr=log,
                text=True,
            )
        deadline = time.monotonic() + START_SECONDS
        while time.monotonic() < deadline and self._process.poll() is None:
            try:
                httpx.get(f"{self.url}/health", timeout=2)
            except httpx.HTTPError:
                time.sleep(0.05)
            else:
                return
        raise AssertionError(f"the backend did not start: {self.log()[-2000:]}")

    def log(self) -> str:
        """Everything it wrote."""
        return (self._folder / "backend.log").read_text()

    def kill(self) -> None:
        """SIGKILL."""
        self._running().kill()
        self._running().wait()

    def stop(self, seconds: float = 10.0) -> int:
        """SIGTERM; the exit code."""
        self._running().send_signal(signal.SIGTERM)
        return self._running().wait(seconds)

    def publisher_token(self) -> str:
        """By client credentials."""
        body = {"grant_type": "client_credentials", "client_id": PUBLISHER_ID, "client_secret": PUBLISHER_SECRET}
        return str(httpx.post(f"{self.url}/api/token", json=body).raise_for_status().json()["access_token"])

    def local_token(self) -> str:
        """As the page gets it."""
        answer = httpx.post(f"{self.url}/api/token", json={"grant_type": "local"}).raise_for_status()
        return str(answer.json()["access_token"])

    def _running(self) -> subprocess.Popen[str]:
        assert self._process is not None
        return self._process
