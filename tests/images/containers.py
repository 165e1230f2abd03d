"""Containers of the tests on a Docker engine: start, ask, wait for health, stop. Removes all that it made."""

from __future__ import annotations

import contextlib
import json
import subprocess
import threading
import uuid
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from tools.images.engine import Engine

HARDENED = ("--read-only", "--tmpfs=/tmp:size=64m,mode=1777", "--cap-drop=ALL", "--security-opt=no-new-privileges")
HEALTHY_SECONDS = 180.0
GRACE_SECONDS = 25
VOLUMES = {"backend": ("/app/cache",), "detector": ("/app/data",), "bot": ("/app/data", "/app/logs"), "simulator": ()}
"""Where each service writes, beside /tmp."""


def mounts(service: str) -> list[str]:
    """A volume of its own for each folder that the service writes to."""
    return [f"--mount=type=volume,destination={folder}" for folder in VOLUMES[service]]


@dataclass(frozen=True)
class Container:
    """One that runs, or has ended."""

    engine: Engine
    name: str

    def facts(self) -> dict[str, Any]:
        """What `docker inspect` says."""
        (found,) = json.loads(self.engine.run("inspect", self.name).stdout)
        return dict(found)

    def log(self) -> str:
        """Everything it wrote, errors included."""
        told = self.engine.run("logs", self.name)
        return told.stdout + told.stderr

    def wait_until_healthy(self) -> None:
        """Return at the first healthy answer of its own health check. Fails the test when there is none in time."""
        since = self.facts()["Created"]  # events that have been are told again
        listening = subprocess.Popen(
            [
                self.engine.client,
                "events",
                f"--since={since}",
                f"--filter=container={self.name}",
                "--format={{.Status}}",
            ],
            stdout=subprocess.PIPE,
            text=True,
            env=self.engine.whole_environment,
        )
        timer = threading.Timer(HEALTHY_SECONDS, listening.kill)
        timer.start()
        try:
            assert listening.stdout is not None
            for line in listening.stdout:
                if line.strip() in {"health_status: healthy", "die"}:
                    break
            assert self.facts()["State"]["Health"]["Status"] == "healthy", self.log()[-2_000:]
        finally:
            timer.cancel()
            listening.kill()
            listening.wait()

    def said(self, wanted: str) -> bool:
        """Follow its log until a line holds `wanted`; False when the log ends before that."""
        following = subprocess.Popen(
            [self.engine.client, "logs", "--follow", self.name],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            env=self.engine.whole_environment,
        )
        try:
            assert following.stdout is not None
            return any(wanted in line for line in following.stdout)
        finally:
            following.kill()
            following.wait()

    def process_one(self) -> list[str]:
        """The command line of its first process."""
        script = "print(open('/proc/1/cmdline').read().replace(chr(0), ' '))"
        return self.engine.run("exec", self.name, "python3", "-c", script).stdout.split()

    def stop(self) -> int:
        """Ask it to end; its exit code, 137 when it had to be killed after GRACE_SECONDS."""
        self.engine.run("stop", f"--time={GRACE_SECONDS}", self.name)
        return int(self.facts()["State"]["ExitCode"])


@contextlib.contextmanager
def started(engine: Engine, image: str, *options: str, arguments: Sequence[str] = ()) -> Iterator[Container]:
    """A hardened container in the background, without a network, for as long as the block lasts."""
    name = f"spy-test-{uuid.uuid4().hex[:12]}"
    engine.run("run", "--detach", "--network=none", f"--name={name}", *HARDENED, *options, image, *arguments)
    try:
        yield Container(engine, name)
    finally:
        engine.run("rm", "--force", "--volumes", name, check=False)


def ended(engine: Engine, image: str, *options: str, arguments: Sequence[str] = ()) -> tuple[int, str]:
    """Exit code and everything written of a hardened container that ends by itself."""
    done = engine.run("run", "--rm", "--network=none", *HARDENED, *options, image, *arguments, check=False)
    return done.returncode, done.stdout + done.stderr


def python(engine: Engine, image: str, script: str) -> Any:
    """What a script prints as JSON inside an image. Raises RuntimeError when it fails."""
    return json.loads(
        engine.run("run", "--rm", "--network=none", *HARDENED, "--entrypoint=python3", image, "-c", script).stdout
    )
