"""The probes: true answers over a real socket, a taken port named with its key, no signal handlers of their own."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from collections.abc import AsyncIterator
from dataclasses import dataclass

import httpx
import pytest
from prometheus_client import CollectorRegistry, Counter

from apps.contracts.api import ErrorAnswer, Health, Ready
from apps.contracts.enums import DataState, ErrorCode
from apps.service.run import CannotStart
from apps.service.web import ProbeApp, bind, serve


@dataclass
class Facts:
    """What the probes are asked about."""

    problems: tuple[str, ...] = ()


@contextlib.asynccontextmanager
async def probes(facts: Facts) -> AsyncIterator[httpx.AsyncClient]:
    registry = CollectorRegistry()
    Counter("seen", "Things seen.", registry=registry).inc(3)
    app = ProbeApp(
        registry,
        lambda: Health(service="t", version="1", ibkr_connected=True, data_age_seconds=0.1, data=DataState.LIVE),
        lambda: Ready(ready=not facts.problems, role="leader", problems=facts.problems),
    )
    listener = bind("127.0.0.1", 0, "PORT")
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    task = asyncio.create_task(serve(app, listener))
    try:
        async with httpx.AsyncClient(base_url=url) as client:
            yield client
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)


async def test_health_ready_and_metrics_answer() -> None:
    async with probes(Facts()) as client:
        assert Health.model_validate_json((await client.get("/health")).content).data is DataState.LIVE
        assert Ready.model_validate_json((await client.get("/ready")).content).ready
        metrics = await client.get("/metrics")
        assert "seen_total 3.0" in metrics.text
        assert metrics.headers["content-type"].startswith("text/plain")
        assert metrics.headers["cache-control"] == "no-store"


async def test_not_ready_is_503_and_says_why() -> None:
    async with probes(Facts(("spool writable: no",))) as client:
        answer = await client.get("/ready")
        assert answer.status_code == 503
        assert Ready.model_validate_json(answer.content).problems == ("spool writable: no",)


@pytest.mark.parametrize(
    ("method", "path", "status", "code"),
    [
        ("GET", "/", 404, ErrorCode.NOT_FOUND),
        ("GET", "/health/../etc/passwd", 404, ErrorCode.NOT_FOUND),
        ("POST", "/health", 405, ErrorCode.METHOD_NOT_ALLOWED),
        ("DELETE", "/metrics", 405, ErrorCode.METHOD_NOT_ALLOWED),
    ],
)
async def test_everything_else_is_refused_in_the_one_error_shape(method, path, status, code) -> None:
    async with probes(Facts()) as client:
        answer = await client.request(method, path)
        assert (answer.status_code, ErrorAnswer.model_validate_json(answer.content).error.code) == (status, code)


async def test_the_server_leaves_the_signals_to_the_service() -> None:
    before = signal.getsignal(signal.SIGTERM)
    async with probes(Facts()) as client:
        await client.get("/health")
        assert signal.getsignal(signal.SIGTERM) is before


def test_a_taken_port_is_named_with_its_key() -> None:
    with bind("127.0.0.1", 0, "DETECTOR_PORT") as taken:
        port = taken.getsockname()[1]
        with pytest.raises(CannotStart, match=f"DETECTOR_PORT={port} on 127.0.0.1 cannot be used"):
            bind("127.0.0.1", port, "DETECTOR_PORT")


@pytest.mark.parametrize("host", ["no.such.host.invalid", "203.0.113.7", "x" * 300])
def test_an_address_that_is_not_ours_is_named_by_its_own_key(host: str) -> None:
    with pytest.raises(CannotStart, match=r"BIND_HOST=.* 127\.0\.0\.1"):
        bind(host, 0, "SOME_PORT")
