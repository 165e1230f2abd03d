"""A whole local platform for tests: the real services on free ports with a data folder of their own."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from apps.cli.local_platform import LocalPlatform, PlatformPlan
from apps.cli.ports import choose_ports
from apps.contracts.names import Env

PORT_KEYS = (Env.BACKEND_PORT, Env.DETECTOR_PORT, Env.SIMULATOR_PORT, Env.SIMULATOR_CONTROL_PORT)


@contextmanager
def running_platform(
    data_dir: Path, *, scenario: str = "calibrated", rate: float = 1.0, number: int = 1
) -> Iterator[LocalPlatform]:
    """Start it, wait for its first live frame, stop it; a service that had to be killed fails the test."""
    with pytest.MonkeyPatch.context() as patch:
        for key in PORT_KEYS:
            patch.setenv(key, "0")
        ports = choose_ports(page=0)
    platform = LocalPlatform(PlatformPlan(scenario=scenario, ports=ports, data_dir=data_dir, rate=rate, number=number))
    killed: list[str] = []
    try:
        platform.start()
        platform.wait_for_first_frame()
        yield platform
    finally:
        killed = platform.stop()
    assert not killed, f"these did not stop by themselves: {killed}"


@contextmanager
def api(platform: LocalPlatform) -> Iterator[httpx.Client]:
    """A client of its API that holds a local token."""
    with httpx.Client(base_url=platform.plan.page_url, timeout=10) as client:
        answer = client.post("/api/token", json={"grant_type": "local"}).raise_for_status()
        client.headers["Authorization"] = f"Bearer {answer.json()['access_token']}"
        yield client
