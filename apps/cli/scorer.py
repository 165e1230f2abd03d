"""The scorer: holds the simulator's truth against the backend's events and serves the score. Never writes either.

`python -m apps.cli.scorer --truth FILE`; listens where SCORE_URL says, on loopback only. GET /score, GET /health.
"""

from __future__ import annotations

import argparse
import asyncio
import logging
import sys
from collections.abc import Awaitable, Callable, MutableMapping
from datetime import datetime
from pathlib import Path
from typing import Annotated, Any, Literal

import httpx
import uvicorn
from pydantic import AnyHttpUrl, Field, SecretStr, ValidationError, field_validator

from apps.cli.scoring import Episode, score
from apps.contracts.api import (
    ErrorAnswer,
    ErrorBody,
    EventPage,
    SimulationScore,
    TokenAnswer,
    TokenRequest,
)
from apps.contracts.base import RunId, Symbol, Token
from apps.contracts.enums import ErrorCode, Source
from apps.contracts.events import AnomalyEvent, Event, Gap, GapEvent
from apps.contracts.names import Env
from apps.service.logs import configure_logs
from apps.service.run import run_service
from apps.service.settings import ServiceSettings, load_settings
from apps.service.web import HostedServer, bind
from apps.simulator.truth import TruthReader

log = logging.getLogger(__name__)

PAGE_EVENTS = 500
LOOPBACK = frozenset({"127.0.0.1", "localhost"})


class Settings(ServiceSettings):
    """Environment keys are the field names in capitals."""

    backend_url: AnyHttpUrl = AnyHttpUrl("http://127.0.0.1:8000")
    score_url: AnyHttpUrl
    log_level: Literal["DEBUG", "INFO", "WARNING", "ERROR"] = "INFO"
    source: Source = Source.SIMULATED
    run_id: RunId = ""
    symbol: Symbol | None = None
    publisher_client_id: Token | None = None
    publisher_client_secret: SecretStr | None = None
    score_poll_seconds: Annotated[float, Field(ge=0.05, le=60)] = 0.5

    @field_validator("score_url")
    @classmethod
    def _only_here(cls, url: AnyHttpUrl) -> AnyHttpUrl:
        if url.host not in LOOPBACK:
            raise ValueError("SCORE_URL must be a loopback address: whoever can read the score knows the truth")
        return url


class Reader:
    """Follows /api/events through every epoch of the run; keeps the newest state of each episode and gap."""

    def __init__(self, settings: Settings, client: httpx.AsyncClient) -> None:
        self._settings, self._client = settings, client
        self._epoch: int | None = None
        self._after = 0
        self._authorised = False
        self.episodes: dict[str, Episode] = {}
        self.gaps: dict[datetime, Gap] = {}
        self.market_time: datetime | None = None

    async def read(self) -> None:
        """Everything new. Raises httpx.HTTPError or ValidationError; what was read before stays."""
        if self._epoch is None:
            self._epoch = await self._first_epoch()
        while self._epoch is not None:
            page = await self._page(self._epoch, self._after)
            for event in page.events:
                self._take(event)
            if page.events:
                self._after = page.events[-1].seq
            elif page.newest_epoch is not None and page.newest_epoch > self._epoch:
                self._epoch, self._after = self._epoch + 1, 0
            else:
                return

    async def _first_epoch(self) -> int | None:
        """The first epoch of this run that the backend has; None before there is any."""
        newest = await self._page(None, 0)
        if newest.stream is None:
            return None
        first = newest.stream.epoch
        while first > 0 and (await self._page(first - 1, 0)).stream is not None:
            first -= 1
        return first

    async def _page(self, epoch: int | None, after: int) -> EventPage:
        settings = self._settings
        wanted = {
            "source": str(settings.source),
            "run": settings.run_id,
            "symbol": settings.symbol,
            "epoch": epoch,
            "after": after,
            "limit": PAGE_EVENTS,
        }
        parameters = {key: value for key, value in wanted.items() if value not in {None, ""}}
        if not self._authorised:
            await self._log_in()
        answer = await self._client.get("/api/events", params=parameters)
        if answer.status_code == httpx.codes.UNAUTHORIZED:
            await self._log_in()
            answer = await self._client.get("/api/events", params=parameters)
        if answer.status_code == httpx.codes.NOT_FOUND:
            return EventPage(stream=None, newest_epoch=None, last_seq=0, events=[])
        answer.raise_for_status()
        return EventPage.model_validate_json(answer.content)

    async def _log_in(self) -> None:
        """A local viewer's token where the backend gives one, otherwise the publisher's own credentials."""
        settings = self._settings
        request = TokenRequest(grant_type="local")
        answer = await self._client.post("/api/token", json=request.model_dump(exclude_none=True))
        if answer.is_client_error and settings.publisher_client_id and settings.publisher_client_secret:
            request = TokenRequest(
                grant_type="client_credentials",
                client_id=settings.publisher_client_id,
                client_secret=settings.publisher_client_secret.get_secret_value(),
            )
            answer = await self._client.post("/api/token", json=request.model_dump(exclude_none=True))
        answer.raise_for_status()
        token = TokenAnswer.model_validate_json(answer.content)
        self._client.headers["Authorization"] = f"{token.token_type} {token.access_token}"
        self._authorised = True

    def _take(self, event: Event) -> None:
        if self.market_time is None or event.market_time > self.market_time:
            self.market_time = event.market_time
        if isinstance(event, AnomalyEvent):
            self.episodes[event.body.id] = Episode.of(event.body)
        elif isinstance(event, GapEvent):
            self.gaps[event.body.started_at] = event.body


class Scorer:
    """Truth file and event reader together; the score is worked out when asked."""

    def __init__(self, settings: Settings, truth: Path, client: httpx.AsyncClient) -> None:
        self._poll_seconds = settings.score_poll_seconds
        self.truth = TruthReader(truth)
        self.reader = Reader(settings, client)
        self.failures = 0
        """Readings that failed; each is tried again at the next poll."""

    def score(self) -> SimulationScore:
        """The score now."""
        self.truth.read()
        reader = self.reader
        injections = list(self.truth.injections.values())
        return score(injections, list(reader.episodes.values()), list(reader.gaps.values()), reader.market_time)

    async def follow(self) -> None:
        """Read events until cancelled; a backend that is away is asked again."""
        silent = False
        while True:
            try:
                await self.reader.read()
                silent = False
            except (httpx.HTTPError, ValidationError) as error:
                self.failures += 1
                if not silent:
                    log.warning("score: the backend's events cannot be read, trying on: %s", error)
                silent = True
            await asyncio.sleep(self._poll_seconds)


Scope = MutableMapping[str, Any]
Send = Callable[[MutableMapping[str, Any]], Awaitable[None]]
Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


class ScoreApp:
    """ASGI application: GET /score and GET /health."""

    def __init__(self, scorer: Scorer) -> None:
        self._scorer = scorer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002  ASGI's signature
        """Answer one request."""
        if scope["type"] != "http":
            return
        status, body = self._answer(scope["method"], scope["path"])
        headers = [(b"content-type", b"application/json"), (b"cache-control", b"no-store")]
        await send({"type": "http.response.start", "status": status, "headers": headers})
        await send({"type": "http.response.body", "body": body.encode()})

    def _answer(self, method: str, path: str) -> tuple[int, str]:
        if path not in {"/score", "/health"}:
            return 404, _error(ErrorCode.NOT_FOUND, "Here are /score and /health.")
        if method != "GET":
            return 405, _error(ErrorCode.METHOD_NOT_ALLOWED, "Use GET.")
        if path == "/health":
            return 200, '{"status":"ok","service":"scorer"}'
        return 200, self._scorer.score().model_dump_json()


def _error(code: ErrorCode, message: str) -> str:
    return ErrorAnswer(error=ErrorBody(code=code, message=message)).model_dump_json()


async def run_scorer(settings: Settings, truth: Path, stop: asyncio.Event) -> None:
    """Serve the score until `stop` is set. Raises CannotStart when the port is taken."""
    listener = bind("127.0.0.1", settings.score_url.port or 80, Env.SCORE_URL)
    timeout = httpx.Timeout(10, connect=2)
    async with httpx.AsyncClient(base_url=str(settings.backend_url), timeout=timeout) as client:
        scorer = Scorer(settings, truth, client)
        config = uvicorn.Config(
            ScoreApp(scorer), log_config=None, access_log=False, lifespan="off", timeout_graceful_shutdown=1, ws="none"
        )
        server = HostedServer(config)
        async with asyncio.TaskGroup() as group:
            following = group.create_task(scorer.follow(), name="score-follow")
            serving = group.create_task(server.serve(sockets=[listener]), name="score-serve")
            await stop.wait()
            server.should_exit = True
            await serving
            following.cancel()


def main(arguments: list[str] | None = None) -> int:
    """Entry of `python -m apps.cli.scorer`. The exit code."""
    parser = argparse.ArgumentParser(prog="python -m apps.cli.scorer", description=__doc__)
    parser.add_argument("--truth", type=Path, required=True, help="the truth file the simulator writes")
    truth: Path = parser.parse_args(arguments).truth

    async def serve(stop: asyncio.Event) -> None:
        settings = load_settings(Settings)
        configure_logs("scorer", settings.log_level)
        await run_scorer(settings, truth, stop)

    return run_service(serve)


if __name__ == "__main__":
    sys.exit(main())
