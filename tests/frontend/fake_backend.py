"""A small backend for tests of the page: the same paths and the same live protocol, with faults on command."""

from __future__ import annotations

import asyncio
import contextlib
import json
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import Any

import uvicorn
from pydantic import BaseModel
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Mount, Route, WebSocketRoute
from starlette.staticfiles import StaticFiles
from starlette.websockets import WebSocket, WebSocketDisconnect

from apps.contracts.api import (
    CalendarAnswer,
    CalendarDay,
    ClockAnswer,
    EventPage,
    HistoryAnswer,
    Injection,
    NegotiateAnswer,
    SettingsAnswer,
    SimulationScore,
    SmileAnswer,
    Snapshot,
    TimedFlow,
    TimedMarket,
    TokenAnswer,
)
from apps.contracts.enums import MarketState
from apps.contracts.events import Event
from apps.contracts.live import live_json, record, target_of
from apps.contracts.names import Target
from apps.contracts.scores import ScoreBy, ScoredEpisode, ScoresAnswer, score_groups
from tests.frontend.synthetic_market import CLOSE, DAY, START, SyntheticMarket

DIST = Path(__file__).parents[2] / "frontend" / "dist"
BEAT_SECONDS = 0.05
SAMPLE_EVERY = 20
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src {connect}; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)


def answer(model: BaseModel) -> Response:
    return Response(model.model_dump_json(), media_type="application/json")


@dataclass
class FakeBackend:
    """Set its attributes from a test; it reads them on its own thread at the next beat or request."""

    market: SyntheticMarket = field(default_factory=SyntheticMarket)
    port: int = 0
    sockets: set[WebSocket] = field(default_factory=set)
    refuse_sockets: bool = False
    channel_open: bool = True
    refuse_reads: bool = False
    beating: bool = True
    beat_under_way: asyncio.Lock = field(default_factory=asyncio.Lock)
    connect_sources: str = "'self'"
    simulated: bool = True
    requests: list[str] = field(default_factory=list)
    tokens: int = 0
    negotiations: list[str] = field(default_factory=list)

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}/"

    # --- REST

    async def settings(self, _: Request) -> Response:
        return answer(
            SettingsAnswer(
                version="0.1.0", simulated=self.simulated, login="local", policy="owner", channel=self.channel_open
            )
        )

    async def token(self, _: Request) -> Response:
        self.tokens += 1
        return answer(TokenAnswer(access_token=f"token-{self.tokens}", expires_in=3600, roles=["owner", "operator"]))

    async def snapshot(self, _: Request) -> Response:
        market = self.market
        cells = market.cells()
        return answer(
            Snapshot(
                stream=market.stream,
                seq=market.seq,
                frame=market.frame_number,
                t_server=time.time() * 1000,
                header=market.header([]),
                cells=cells,
                status=market.status(),
                anomalies=list(market.anomalies.values()),
                gaps=[event.body for event in market.events if event.type == "gap"],
                policy="owner",
                watermark=market.source,
            )
        )

    async def events(self, request: Request) -> Response:
        after, limit = int(request.query_params["after"]), int(request.query_params["limit"])
        found = [event for event in self.market.events if event.seq > after][:limit]
        return answer(
            EventPage(stream=self.market.stream, newest_epoch=self.market.epoch, last_seq=self.market.seq, events=found)
        )

    async def history(self, _: Request) -> Response:
        events = self.market.events
        return answer(
            HistoryAnswer(
                stream=self.market.stream,
                market=[TimedMarket(market_time=e.market_time, market=e.body) for e in events if e.type == "market"],
                flow=[TimedFlow(market_time=e.market_time, flow=e.body) for e in events if e.type == "flow"],
                gaps=[e.body for e in events if e.type == "gap"],
            )
        )

    async def calendar(self, _: Request) -> Response:
        opened = datetime.fromisoformat("2025-05-19T13:30:00+00:00")
        day = CalendarDay(day=DAY, open_utc=opened, close_utc=CLOSE, option_cutoff_utc=CLOSE)
        return answer(
            CalendarAnswer(
                market_time=self.market.now,
                t_server=time.time() * 1000,
                rate=self.market.rate,
                ends_at=CLOSE,
                state=MarketState.NORMAL,
                session=DAY,
                next_open_utc=None,
                days=[day],
            )
        )

    async def smile(self, _: Request) -> Response:
        return answer(SmileAnswer(market_time=None, smile=None))

    async def scores(self, request: Request) -> Response:
        by = ScoreBy(request.query_params["by"])
        episodes = [
            ScoredEpisode.model_validate_json(each.model_dump_json()) for each in self.market.anomalies.values()
        ]
        groups = score_groups(episodes, by)
        return answer(ScoresAnswer(stream=self.market.stream, day=DAY, by=by, complete=True, groups=groups))

    async def clock(self, request: Request) -> Response:
        self.market.rate = float((await request.json())["rate"])
        return answer(
            ClockAnswer(
                rate=self.market.rate,
                market_time=self.market.now,
                t_wall=time.time() * 1000,
                ends_at=CLOSE,
                session=DAY,
                version=1,
            )
        )

    async def score(self, _: Request) -> Response:
        injections = [
            Injection(
                id="i1",
                what="mispricing",
                expected=True,
                market_time=START,
                strikes=(596.0,),
                option_type="CALL",
                size_half_spreads=2.5,
                found=True,
                delay_seconds=0.8,
            ),
            Injection(
                id="i2",
                what="stale_leg",
                expected=False,
                market_time=START,
                strikes=(590.0,),
                option_type="PUT",
                found=False,
            ),
            Injection(id="i3", what="crossed_vertical", expected=True, market_time=START, strikes=(600.0, 601.0)),
        ]
        return answer(
            SimulationScore(
                injected=3,
                found=1,
                missed=0,
                pending=1,
                false=0,
                delay_p50_seconds=0.8,
                delay_p95_seconds=0.8,
                market_time=self.market.now,
                injections=injections,
                false_ids=[],
            )
        )

    # --- live channel

    async def negotiate(self, request: Request) -> Response:
        self.negotiations.append(request.headers.get("authorization", ""))
        if self.refuse_sockets:
            return JSONResponse({}, 503)
        url = f"{self.url}client/?hub=spyoptions"
        return answer(NegotiateAnswer(url=url, accessToken=f"hub-{len(self.negotiations)}"))

    async def client_negotiate(self, _: Request) -> Response:
        transports = [{"transport": "WebSockets", "transferFormats": ["Text", "Binary"]}]
        body = {"negotiateVersion": 1, "connectionId": "c", "connectionToken": "t", "availableTransports": transports}
        return JSONResponse(body)

    async def socket(self, websocket: WebSocket) -> None:
        if self.refuse_sockets:
            await websocket.close(1011)
            return
        await websocket.accept()
        await websocket.receive_text()
        await websocket.send_text("{}\x1e")
        self.sockets.add(websocket)
        try:
            while True:
                await websocket.receive_text()
        except WebSocketDisconnect:
            pass
        finally:
            self.sockets.discard(websocket)

    async def send(self, text: str) -> None:
        for websocket in tuple(self.sockets):
            with contextlib.suppress(Exception):
                await websocket.send_text(text)

    async def publish(self, *events: Event) -> None:
        for event in events:
            await self.send(record(target_of(event), live_json(self.market.stream, event.model_dump_json())))

    async def beats(self) -> None:
        beat = 0
        while True:
            await asyncio.sleep(BEAT_SECONDS)
            if not self.beating:
                continue
            beat += 1
            async with self.beat_under_way:
                await self.send(record(Target.FRAME, self.market.beat(BEAT_SECONDS).model_dump_json()))
                if beat % SAMPLE_EVERY == 0:
                    await self.publish(*self.market.sample())

    # --- commands from the test's thread

    def run(self, coroutine: Any) -> Any:
        return asyncio.run_coroutine_threadsafe(coroutine, self.loop).result(30)

    def rest(self) -> None:
        """Beat no more; back when the beat that was on its way is over."""

        async def rest() -> None:
            self.beating = False
            async with self.beat_under_way:
                pass

        self.run(rest())

    def emit(self, *events: Event) -> None:
        """Send durable events to who is connected; they can be fetched in any case."""
        self.run(self.publish(*events))

    def raw(self, target: str, payload: Any) -> None:
        """Send anything at all."""
        self.run(self.send(record(target, json.dumps(payload))))

    def drop(self, *, quota: bool = False) -> None:
        """Close every socket: without a word, or as the service does when its quota is spent."""

        async def close() -> None:
            for websocket in tuple(self.sockets):
                if quota:
                    await websocket.send_text('{"type":7,"error":"Message count reaches limit."}\x1e')
                await websocket.close(1011)

        self.run(close())

    def application(self) -> Starlette:
        reads = {
            "settings": self.settings,
            "snapshot": self.snapshot,
            "events": self.events,
            "history": self.history,
            "calendar": self.calendar,
            "smile": self.smile,
            "scores": self.scores,
            "simulation/score": self.score,
        }

        def guarded(name: str, handler: Any) -> Any:
            async def serve(request: Request) -> Response:
                self.requests.append(name)
                return JSONResponse({}, 503) if self.refuse_reads else await handler(request)

            return serve

        routes = [
            *(Route(f"/api/{name}", guarded(name, handler)) for name, handler in reads.items()),
            Route("/api/token", self.token, methods=["POST"]),
            Route("/api/simulation/clock", self.clock, methods=["POST"]),
            Route("/negotiate", self.negotiate, methods=["POST"]),
            Route("/client/negotiate", self.client_negotiate, methods=["POST"]),
            WebSocketRoute("/client/", self.socket),
            Mount("/", StaticFiles(directory=DIST, html=True)),
        ]
        return Starlette(routes=routes)

    async def secured(self, scope: Any, receive: Any, send: Any) -> None:
        async def with_policy(message: Any) -> None:
            if message["type"] == "http.response.start":
                policy = POLICY.format(connect=self.connect_sources).encode()
                message["headers"] = [*message["headers"], (b"content-security-policy", policy)]
            await send(message)

        await self.inner(scope, receive, with_policy if scope["type"] == "http" else send)

    async def serve(self, listener: socket.socket, ready: threading.Event) -> None:
        self.loop = asyncio.get_running_loop()
        self.inner = self.application()
        config = uvicorn.Config(
            self.secured, interface="asgi3", log_level="warning", lifespan="off", timeout_graceful_shutdown=1
        )
        self.server = uvicorn.Server(config)
        beating = asyncio.create_task(self.beats(), name="beats")
        ready.set()
        await self.server.serve(sockets=[listener])
        beating.cancel()


@contextmanager
def fake_backend(**settings: Any) -> Iterator[FakeBackend]:
    """A running fake on a free port of loopback."""
    fake = FakeBackend(**settings)
    for _ in range(40):
        fake.market.elapsed += 3
        fake.market.forward += fake.market.random.gauss(0, 0.08)
        fake.market.sample()
    listener = socket.socket()
    listener.bind(("127.0.0.1", 0))
    fake.port = listener.getsockname()[1]
    ready = threading.Event()
    thread = threading.Thread(target=lambda: asyncio.run(fake.serve(listener, ready)), daemon=True)
    thread.start()
    ready.wait(10)
    try:
        yield fake
    finally:
        fake.server.should_exit = True
        thread.join(10)
