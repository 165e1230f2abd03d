"""The scorer as a service: a real truth file, a real backend's shape of answers, a real port."""

from __future__ import annotations

import asyncio
import json
import socket
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn

from apps.cli.scorer import Settings, main, run_scorer
from apps.contracts.anomalies import Anomaly, Times
from apps.contracts.api import EventPage, Injection, SimulationScore, TokenAnswer
from apps.contracts.enums import (
    DataState,
    EpisodeStatus,
    FeedState,
    GapReason,
    Kind,
    MarketState,
    OptionType,
    Role,
    Severity,
    SmileQuality,
    Source,
)
from apps.contracts.events import AnomalyEvent, Event, Gap, GapEvent, Status, StatusEvent, Stream
from apps.service.run import CannotStart
from apps.service.settings import SettingsError, load_settings

T0 = datetime(2025, 5, 19, 14, 5, tzinfo=UTC)
RUN = "run1"


def at(seconds: float) -> datetime:
    """An instant of the day."""
    return T0 + timedelta(seconds=seconds)


def stream(epoch: int) -> Stream:
    """One epoch of the run."""
    return Stream(source=Source.SIMULATED, run=RUN, symbol="SPY", day="2025-05-19", epoch=epoch)


def anomaly(
    seq: int, opened: float, strike: float, name: str, status: EpisodeStatus = EpisodeStatus.OPEN
) -> AnomalyEvent:
    """An episode's event."""
    body = Anomaly(
        id=name,
        source=Source.SIMULATED,
        run=RUN,
        day="2025-05-19",
        symbol="SPY",
        expiry="2025-05-19",
        kind=Kind.RESIDUAL,
        strike=strike,
        option_type=OptionType.CALL,
        episode=1,
        status=status,
        severity=Severity.LOW,
        highest_severity=Severity.LOW,
        state=MarketState.NORMAL,
        timestamp=at(opened),
        opened_at=at(opened),
        bid=1.0,
        ask=1.02,
        fair=1.05,
        times=Times(t_recv=0, t_detect=0),
    )
    return AnomalyEvent(seq=seq, market_time=at(opened), t_publish=0, body=body)


def status(seq: int, seconds: float) -> StatusEvent:
    """A sign of life at a market time."""
    body = Status(
        state=MarketState.NORMAL,
        data=DataState.LIVE,
        feed=FeedState.CONNECTED,
        ibkr_connected=True,
        data_age_seconds=0,
        expiry="2025-05-19",
        smile=SmileQuality.GOOD,
    )
    return StatusEvent(seq=seq, market_time=at(seconds), t_publish=0, body=body)


def silence(seq: int, start: float, end: float | None) -> GapEvent:
    """A gap's event."""
    body = Gap(started_at=at(start), ended_at=None if end is None else at(end), reason=GapReason.NO_GATEWAY)
    return GapEvent(seq=seq, market_time=at(end or start), t_publish=0, body=body)


@dataclass
class Backend:
    """Answers /api/token and /api/events as the backend does; everything it was asked is kept."""

    epochs: dict[int, list[Event]] = field(default_factory=dict)
    grants: list[str] = field(default_factory=list)
    local: bool = True
    tokens: int = 0
    page: int = 2
    broken: bool = False

    async def __call__(self, scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        """One request."""
        body = (await receive()).get("body", b"")
        code, answer = self._answer(scope, body)
        headers = [(b"content-type", b"application/json")]
        await send({"type": "http.response.start", "status": code, "headers": headers})
        await send({"type": "http.response.body", "body": answer.encode()})

    def _answer(self, scope: dict[str, Any], body: bytes) -> tuple[int, str]:
        if self.broken:
            return 200, "<html>not what you asked for</html>"
        if scope["path"] == "/api/token":
            grant = json.loads(body)["grant_type"]
            self.grants.append(grant)
            if grant == "local" and not self.local:
                return 403, "{}"
            self.tokens += 1
            answer = TokenAnswer(access_token=f"token-{self.tokens}", expires_in=60, roles=[Role.VIEWER])
            return 200, answer.model_dump_json()
        sent = dict(scope["headers"]).get(b"authorization", b"").decode()
        if sent != f"Bearer token-{self.tokens}" or not self.tokens:
            return 401, "{}"
        return 200, self._page(httpx.QueryParams(scope["query_string"])).model_dump_json()

    def _page(self, asked: httpx.QueryParams) -> EventPage:
        newest = max(self.epochs, default=None)
        epoch = int(asked["epoch"]) if "epoch" in asked else newest
        assert asked["source"] == "simulated"
        assert asked["run"] == RUN
        if epoch is None or epoch not in self.epochs:
            return EventPage(stream=None, newest_epoch=newest, last_seq=0, events=[])
        events = [event for event in self.epochs[epoch] if event.seq > int(asked["after"])]
        last = self.epochs[epoch][-1].seq if self.epochs[epoch] else 0
        return EventPage(stream=stream(epoch), newest_epoch=newest, last_seq=last, events=events[: self.page])


def free_port() -> int:
    """A port nobody holds."""
    with socket.create_server(("127.0.0.1", 0)) as probe:
        return int(probe.getsockname()[1])


class _Quiet(uvicorn.Server):
    """uvicorn that leaves the signals alone."""

    def install_signal_handlers(self) -> None:
        """None."""


@asynccontextmanager
async def scorer(backend: Backend, truth: Path, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
    """The real service against the stand-in, and a client of its port."""
    listener = socket.create_server(("127.0.0.1", 0))
    server = _Quiet(uvicorn.Config(backend, log_config=None, lifespan="off"))
    stop = asyncio.Event()
    chosen = Settings(
        backend_url=f"http://127.0.0.1:{listener.getsockname()[1]}",
        score_url=f"http://127.0.0.1:{free_port()}",
        run_id=RUN,
        score_poll_seconds=0.05,
        **settings,
    )
    async with asyncio.TaskGroup() as group:
        serving = group.create_task(server.serve(sockets=[listener]))
        scoring = group.create_task(run_scorer(chosen, truth, stop))
        async with httpx.AsyncClient(base_url=str(chosen.score_url)) as client:
            try:
                yield client
            finally:
                stop.set()
                await scoring
                server.should_exit = True
                await serving


async def until(client: httpx.AsyncClient, holds: Callable[[SimulationScore], bool]) -> SimulationScore:
    """Ask until it holds; a test that waits for what never comes fails with the last answer."""
    answer: SimulationScore | None = None
    for _ in range(400):
        try:
            answer = SimulationScore.model_validate_json((await client.get("/score")).content)
        except httpx.TransportError:
            answer = None
        if answer is not None and holds(answer):
            return answer
        await asyncio.sleep(0.025)
    raise AssertionError(f"never came: {answer}")


def write(truth: Path, *injections: Injection) -> None:
    """Append to the truth file."""
    with truth.open("a") as file:
        file.writelines(injection.model_dump_json() + "\n" for injection in injections)


def mispricing(name: str, start: float, end: float | None, strike: float) -> Injection:
    """A line of the truth file."""
    return Injection(
        id=name,
        what="mispricing",
        expected=True,
        market_time=at(start),
        ended_at=None if end is None else at(end),
        strikes=(strike,),
        option_type=OptionType.CALL,
    )


async def test_truth_and_events_that_grow_become_a_score_that_grows(tmp_path: Path) -> None:
    truth, backend = tmp_path / "truth.jsonl", Backend()
    async with scorer(backend, truth) as client:
        empty = await until(client, lambda answer: answer.market_time is None)
        assert (empty.injected, empty.false) == (0, 0)
        write(truth, mispricing("1", 0, None, 596))
        assert (await until(client, lambda answer: answer.pending == 1)).injected == 1
        backend.epochs[4] = [status(1, 1), anomaly(2, 2, 596, "a"), anomaly(3, 3, 599, "b"), status(4, 4)]
        answer = await until(client, lambda answer: answer.found == 1 and answer.false == 1)
        assert answer.false_ids == ["b"]
        assert answer.delay_p50_seconds == 2
        write(truth, mispricing("1", 0, 30, 596), mispricing("2", 40, 50, 597))
        backend.epochs[4].append(status(5, 60))
        assert (await until(client, lambda answer: answer.missed == 1)).injected == 2


async def test_every_epoch_of_the_run_is_read_in_order_and_each_event_once(tmp_path: Path) -> None:
    truth, backend = tmp_path / "truth.jsonl", Backend()
    write(truth, mispricing("1", 0, 10, 596), mispricing("2", 20, 30, 597), mispricing("3", 40, 50, 598))
    backend.epochs = {7: [anomaly(1, 1, 596, "a"), silence(2, 11, 19)], 8: [anomaly(1, 21, 597, "b"), status(2, 22)]}
    async with scorer(backend, truth) as client:
        await until(client, lambda answer: answer.found == 2)
        backend.epochs[9] = [anomaly(1, 41, 598, "c"), status(2, 60)]
        answer = await until(client, lambda answer: answer.found == 3)
        assert (answer.missed, answer.false) == (0, 0)


async def test_a_gap_that_hid_an_injection_takes_it_out_of_the_count(tmp_path: Path) -> None:
    truth, backend = tmp_path / "truth.jsonl", Backend()
    write(truth, mispricing("1", 0, 10, 596), mispricing("2", 20, 30, 597))
    backend.epochs = {1: [silence(1, -1, None), silence(2, -1, 12), status(3, 60)]}
    async with scorer(backend, truth) as client:
        answer = await until(client, lambda answer: answer.market_time == at(60))
        assert (answer.injected, answer.missed) == (1, 1)


async def test_an_expired_token_is_renewed_and_a_backend_without_local_login_gets_credentials(tmp_path: Path) -> None:
    backend = Backend(local=False, epochs={1: [status(1, 1)]})
    credentials = {"publisher_client_id": "me", "publisher_client_secret": "secret"}
    async with scorer(backend, tmp_path / "truth.jsonl", **credentials) as client:
        await until(client, lambda answer: answer.market_time == at(1))
        backend.tokens += 1
        backend.epochs[1].append(status(2, 2))
        await until(client, lambda answer: answer.market_time == at(2))
    assert backend.grants[:2] == ["local", "client_credentials"]
    assert backend.grants.count("client_credentials") == 2


async def test_a_backend_that_talks_nonsense_for_a_while_loses_nothing(tmp_path: Path) -> None:
    backend = Backend(broken=True, epochs={1: [status(1, 1)]})
    async with scorer(backend, tmp_path / "truth.jsonl") as client:
        await until(client, lambda answer: answer.market_time is None)
        backend.broken = False
        await until(client, lambda answer: answer.market_time == at(1))


async def test_the_port_answers_only_what_it_is_for(tmp_path: Path) -> None:
    async with scorer(Backend(), tmp_path / "truth.jsonl") as client:
        await until(client, lambda answer: answer.injected == 0)
        assert (await client.get("/health")).json()["service"] == "scorer"
        assert (await client.get("/truth")).status_code == 404
        refused = await client.post("/score")
        assert refused.status_code == 405
        assert refused.json()["error"]["code"] == "method_not_allowed"


async def test_a_taken_port_is_named_with_its_key(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        settings = Settings(score_url=f"http://127.0.0.1:{holder.getsockname()[1]}")
        with pytest.raises(CannotStart, match="SCORE_URL"):
            await run_scorer(settings, tmp_path / "truth.jsonl", asyncio.Event())


def test_a_score_that_others_could_read_is_refused(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("SCORE_URL", "http://0.0.0.0:9000")
    with pytest.raises(SettingsError, match="loopback"):
        load_settings(Settings)
    assert main(["--truth", "truth.jsonl"]) == 2
    assert "SCORE_URL" in capsys.readouterr().err
