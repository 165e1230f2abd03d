"""A service's web side: its socket, uvicorn in the service's own loop, and /health, /ready and /metrics."""

from __future__ import annotations

import asyncio
import contextlib
import socket
from collections.abc import Awaitable, Callable, Iterator, MutableMapping
from errno import EADDRNOTAVAIL
from typing import Any

import uvicorn
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.exposition import CONTENT_TYPE_LATEST

from apps.contracts.api import ErrorAnswer, ErrorBody, Health, Ready
from apps.contracts.enums import ErrorCode
from apps.contracts.names import Env
from apps.service.run import CannotStart

Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


def bind(host: str, port: int, key: str) -> socket.socket:
    """A listening socket. Raises CannotStart naming the environment key of a port that is taken or a host not ours."""
    # asyncio switches Nagle's delay off only for sockets that name their protocol; with it every answer waits 40 ms.
    listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(128)
    except (OSError, UnicodeError) as error:
        listener.close()
        if not isinstance(error, OSError) or isinstance(error, socket.gaierror) or error.errno == EADDRNOTAVAIL:
            raise CannotStart(
                f"{Env.BIND_HOST}={host[:80]!r} is no address of this machine. "
                f"Set {Env.BIND_HOST} to 127.0.0.1, or to another address that this machine has."
            ) from error
        raise CannotStart(
            f"{key}={port} on {host} cannot be used ({error.strerror}). "
            f"Stop what holds it, or set {key} to another port (0 takes a free one)."
        ) from error
    listener.setblocking(False)
    return listener


class ProbeApp:
    """ASGI application of the three paths. `ready` false answers 503, with the problems in the body."""

    def __init__(self, registry: CollectorRegistry, health: Callable[[], Health], ready: Callable[[], Ready]) -> None:
        self._registry = registry
        self._health = health
        self._ready = ready

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, kind, body = self._answer(scope["method"], scope["path"])
        headers = [(b"content-type", kind.encode()), (b"cache-control", b"no-store")]
        if status == 405:
            headers.append((b"allow", b"GET, HEAD"))
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": b"" if scope["method"] == "HEAD" else body})

    def _answer(self, method: str, path: str) -> tuple[int, str, bytes]:
        if path not in {"/health", "/ready", "/metrics"}:
            return 404, "application/json", _error(ErrorCode.NOT_FOUND, "Here are /health, /ready and /metrics.")
        if method not in {"GET", "HEAD"}:
            return 405, "application/json", _error(ErrorCode.METHOD_NOT_ALLOWED, "Use GET.")
        if path == "/metrics":
            return 200, CONTENT_TYPE_LATEST, generate_latest(self._registry)
        if path == "/health":
            return 200, "application/json", self._health().model_dump_json().encode()
        answer = self._ready()
        return (200 if answer.ready else 503), "application/json", answer.model_dump_json().encode()


def _error(code: ErrorCode, message: str) -> bytes:
    return ErrorAnswer(error=ErrorBody(code=code, message=message)).model_dump_json().encode()


class HostedServer(uvicorn.Server):
    """uvicorn inside somebody else's loop: the service owns the signals."""

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Install none."""
        yield


async def serve(app: ProbeApp, listener: socket.socket) -> None:
    """Serve until cancelled."""
    config = uvicorn.Config(
        app,
        log_config=None,
        log_level="warning",
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
        ws="none",
    )
    server = HostedServer(config)
    running = asyncio.create_task(server.serve(sockets=[listener]), name="probe-server")
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        server.should_exit = True
        await running
        raise
    finally:
        listener.close()
