"""A real backend on a free loopback port inside the test's loop: real uvicorn, real SQLite, real sockets."""

from __future__ import annotations

import asyncio
import contextlib
import functools
import tempfile
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

from apps.backend.app import create_app
from apps.backend.issuer import LocalIssuer
from apps.backend.life import Backend
from apps.backend.server import serve
from apps.backend.settings import Settings
from apps.contracts.api import IngestRequest
from apps.contracts.enums import Role
from apps.contracts.events import Event, Stream
from apps.contracts.frames import Frame
from apps.contracts.names import Env
from apps.service.web import bind
from tests.contracts.builders import DAY, make_anomaly_event

PUBLISHER = {"publisher_client_id": "detector", "publisher_client_secret": "a-secret-of-tests"}


def stream(epoch: int = 1, **override: Any) -> Stream:
    """The builders' stream."""
    return Stream(**{"source": "simulated", "run": "test", "symbol": "SPY", "day": DAY, "epoch": epoch, **override})


def batch(first: int, count: int, *, epoch: int = 1, frame: Frame | None = None, **override: Any) -> IngestRequest:
    """`count` anomaly events from seq `first`, each its own episode."""
    events: list[Event] = [
        make_anomaly_event(seq, episode=seq, run=override.get("run", "test")) for seq in range(first, first + count)
    ]
    return request_of(events, first, stream(epoch, **override), frame)


def request_of(events: list[Event], first: int, of: Stream, frame: Frame | None = None) -> IngestRequest:
    """Any events as a batch."""
    return IngestRequest(**of.model_dump(), first_seq=first, events=events, frame=frame)


@dataclass
class Running:
    """A backend that answers at `url`."""

    backend: Backend
    url: str
    client: httpx.AsyncClient

    def token(self, *roles: Role, subject: str = "test", seconds: int = 600) -> str:
        """A token of the local issuer with exactly these roles."""
        assert self.backend.issuer is not None
        return self.backend.issuer.token(subject, roles, seconds)

    def bearer(self, *roles: Role, **options: Any) -> dict[str, str]:
        """The header that carries it."""
        return {"Authorization": f"Bearer {self.token(*roles, **options)}"}

    async def ingest(self, request: IngestRequest) -> httpx.Response:
        """Post a batch as the publisher does."""
        headers = {**self.bearer(Role.PUBLISHER), "Content-Type": "application/json"}
        return await self.client.post("/api/ingest", content=request.model_dump_json(), headers=headers)

    async def read(self, path: str, *roles: Role, **query: Any) -> Any:
        """What a reader (by default the owner) gets; fails the test unless it is 200."""
        headers = self.bearer(*(roles or (Role.VIEWER, Role.OWNER)))
        answer = await self.client.get(path, params=query, headers=headers)
        assert answer.status_code == 200, answer.text
        return answer.json()


ONE_REQUEST = 0.001
"""A rate whose bucket holds one request and fills again long after any test."""


async def until(condition: Callable[[], bool], within: float = 10) -> None:
    """Wait for something that has no event to await."""
    async with asyncio.timeout(within):
        while not condition():  # noqa: ASYNC110  what is watched belongs to the running backend
            await asyncio.sleep(0.01)


def settings_for(folder: Path, **override: Any) -> Settings:
    """Settings of a test, untouched by the environment's ports and folders."""
    fields: dict[str, Any] = {
        "data_dir": folder,
        "backend_port": 0,
        "rate_reader": 10_000,
        "rate_address": 10_000,
        "rate_token": 1_000,
        "run_id": "",
        "source": "simulated",
        "simulator_control_url": None,
        "score_url": None,
        **PUBLISHER,
    }
    return Settings(**{**fields, **override})


@functools.cache
def issuer_key() -> bytes:
    """One key for all tests: making one takes longer than most of them."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "key.pem"
        LocalIssuer(path, "any")
        return path.read_bytes()


def give_key(folder: Path) -> None:
    """Put the key where a backend of this folder looks for it."""
    path = folder / "issuer-key.pem"
    if not path.exists():
        path.write_bytes(issuer_key())
        path.chmod(0o600)


@contextlib.asynccontextmanager
async def running(folder: Path, **override: Any) -> AsyncIterator[Running]:
    """Serve until the block ends; the port is free and on loopback."""
    listener = bind("127.0.0.1", 0, Env.BACKEND_PORT)
    give_key(folder)
    backend = Backend(settings_for(folder, **override))
    stop = asyncio.Event()
    task = asyncio.create_task(serve(create_app(backend), backend.hub, listener, stop))
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    async with httpx.AsyncClient(base_url=url, timeout=20) as client:
        try:
            yield Running(backend, url, client)
        finally:
            stop.set()
            await task
