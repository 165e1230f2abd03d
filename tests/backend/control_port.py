"""A stand-in of the simulator's control port and the scorer: the real HTTP paths with answers that a test sets."""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import uvicorn
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.contracts.api import ClockAnswer, ClockRequest, ScenarioAnswer
from apps.service.web import HostedServer
from tests.contracts.builders import DAY, MARKET_TIME


class ControlPort:
    """Long polls /scenario and /clock; `score` is what /score answers."""

    def __init__(self, scenario: ScenarioAnswer) -> None:
        self._scenario = scenario
        self.rate, self.version = 1.0, 1
        self.ends_at = MARKET_TIME + timedelta(hours=6)
        self.score: Response = JSONResponse({}, 500)
        self.broken = False

    async def __aenter__(self) -> ControlPort:
        listener = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
        listener.bind(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{listener.getsockname()[1]}"
        routes = [
            Route("/scenario", self._on_scenario),
            Route("/clock", self._on_clock, methods=["GET", "POST"]),
            Route("/score", self._on_score),
        ]
        config = uvicorn.Config(Starlette(routes=routes), log_config=None, lifespan="off", timeout_graceful_shutdown=1)
        self._server = HostedServer(config)
        self._task = asyncio.create_task(self._server.serve(sockets=[listener]))
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.should_exit = self._server.force_exit = True
        await self._task

    def tell(self, scenario: ScenarioAnswer) -> None:
        """A new scenario; whoever polls hears it."""
        self._scenario = scenario

    async def _on_scenario(self, request: Request) -> Response:
        after = request.query_params.get("after")
        if after is not None:
            await self._wait(lambda: self._scenario.version > int(after))
        return Response(self._scenario.model_dump_json(), media_type="application/json")

    async def _wait(self, news: Callable[[], bool]) -> None:
        """A long poll: until there is news or this port closes."""
        while not (news() or self._server.should_exit):  # noqa: ASYNC110  tests change plain attributes
            await asyncio.sleep(0.02)

    async def _on_clock(self, request: Request) -> Response:
        if self.broken:
            return Response("oops", 500)
        if request.method == "POST":
            self.rate = ClockRequest.model_validate_json(await request.body()).rate
            self.version += 1
        elif "after" in request.query_params:
            await self._wait(lambda: self.version > int(request.query_params["after"]))
        answer = ClockAnswer(
            rate=self.rate,
            market_time=MARKET_TIME,
            t_wall=datetime.now(UTC).timestamp() * 1000,
            ends_at=self.ends_at,
            session=DAY,
            version=self.version,
        )
        return Response(answer.model_dump_json(), media_type="application/json")

    async def _on_score(self, _: Request) -> Response:
        return self.score
