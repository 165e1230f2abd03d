"""The backend's parts put together, and their life: start, run, stop. Knows no HTTP."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import AsyncIterator

from apps.backend.auth import Keys, Verifier, fetch_from
from apps.backend.calendar_view import CalendarView
from apps.backend.hub.hub import Hub, HubLimits
from apps.backend.ingest import Ingest
from apps.backend.issuer import ISSUER, LocalIssuer
from apps.backend.limits import RateLimit
from apps.backend.live import Live
from apps.backend.metrics import Metrics
from apps.backend.settings import Settings
from apps.backend.simulation import Simulation
from apps.backend.sqlite_store import SqliteStore
from apps.backend.store import StorageFull, StorageUnavailable
from apps.backend.truth import Truth
from apps.contracts.names import Table
from apps.service.clock import Clock, SimulatorClock, SystemClock

log = logging.getLogger(__name__)

BOARD_SECONDS = 1.0
PURGE_SECONDS = 3_600.0


class Backend:
    """Everything the routes need. Making it opens the store and the key: may raise StoreCorrupt and KeyUnusable."""

    def __init__(self, settings: Settings) -> None:
        self.settings = settings
        self.metrics = Metrics()
        self.store = SqliteStore(
            settings.database,
            bytes_max=settings.store_bytes_max,
            retention_days=retention(settings),
            metrics=self.metrics,
        )
        self.store.open()
        self.hub = Hub(hub_limits(settings), self.metrics)
        self.truth = Truth(self.metrics)
        self.live = Live(self.hub, settings.display_policy, settings.display_delay_seconds)
        self.ingest = Ingest(settings, self.store, self.live, self.truth, self.metrics)
        self.issuer = _issuer(settings)
        self.verifier = _verifier(settings, self.issuer)
        self.clock: Clock = SystemClock()
        self.simulation: Simulation | None = None
        if settings.simulated and settings.simulator_control_url is not None:
            control = str(settings.simulator_control_url).rstrip("/")
            score = str(settings.score_url) if settings.score_url else None
            self.clock = SimulatorClock(control)
            self.simulation = Simulation(control, score, self.hub)
        self.calendar = CalendarView(self.clock)
        self.readers = RateLimit(settings.rate_reader)
        self.publishers = RateLimit(settings.rate_publisher)
        self.token_asks = RateLimit(settings.rate_token)
        self.clock_known = isinstance(self.clock, SystemClock)
        self.problems: list[str] = []
        """What keeps the service from its role until it is restarted."""

    @contextlib.asynccontextmanager
    async def running(self) -> AsyncIterator[None]:
        """Everything that runs beside requests, while they are served."""
        await self.store.start()
        await self.ingest.start()
        tasks = [
            asyncio.create_task(work, name=name)
            for name, work in {
                "hub": self.hub.run(),
                "late": self.live.run(),
                "boards": self._keep_boards(),
                "purge": self._purge(),
                "clock": self._follow_clock(),
                "scenario": self.simulation.follow() if self.simulation else _nothing(),
            }.items()
        ]
        for task in tasks:
            task.add_done_callback(self._ended)
        try:
            yield
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)
            await self._stop()

    async def _stop(self) -> None:
        try:
            await self.ingest.keep_boards()
        except (StorageFull, StorageUnavailable) as error:
            log.warning("backend: the last picture is not kept: %s", error)
        await self.store.stop()
        if self.simulation is not None:
            await self.simulation.close()
        if isinstance(self.clock, SimulatorClock):
            await self.clock.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A task that ended by itself is a fault of ours: loud, counted, and shown by /ready."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("backend: the task %s ended", task.get_name(), exc_info=error)
            self.metrics.handler_errors.labels(task.get_name()).inc()
            self.problems.append(f"The {task.get_name()} task has ended; restart the service")

    async def _keep_boards(self) -> None:
        while True:
            await asyncio.sleep(BOARD_SECONDS)
            try:
                await self.ingest.keep_boards()
            except (StorageFull, StorageUnavailable) as error:
                self.metrics.handler_errors.labels("boards").inc()
                log.warning("backend: the picture is not kept: %s", error)

    async def _purge(self) -> None:
        while True:
            try:
                gone = await self.store.purge()
                log.info("backend: retention removed %d rows", gone)
            except (StorageFull, StorageUnavailable) as error:
                self.metrics.handler_errors.labels("purge").inc()
                log.warning("backend: retention failed: %s", error)
            await asyncio.sleep(PURGE_SECONDS)

    async def _follow_clock(self) -> None:
        clock = self.clock
        while isinstance(clock, SimulatorClock):
            try:
                await clock.start()
            except ConnectionError as error:
                log.warning("backend: %s", error)
                continue
            self.clock_known = True
            await clock.follow()


async def _nothing() -> None:
    """No simulator."""


def hub_limits(settings: Settings) -> HubLimits:
    """The hub's part of the settings."""
    return HubLimits(
        connections_max=settings.hub_connections_max,
        ping_seconds=settings.hub_ping_seconds,
        handshake_seconds=settings.hub_handshake_seconds,
        silence_seconds=settings.hub_silence_seconds,
        connect_seconds=settings.hub_connect_seconds,
        backlog_events=settings.hub_backlog_events,
    )


def retention(settings: Settings) -> dict[str, int]:
    """Days by table."""
    return {
        Table.EVENTS: settings.retention_days_events,
        Table.SPYMARKET: settings.retention_days_spymarket,
        Table.FLOW: settings.retention_days_flow,
        Table.GAMMAMETRICS: settings.retention_days_gammametrics,
        Table.ANOMALIES: settings.retention_days_anomalies,
        Table.SIGNALS: settings.retention_days_signals,
        Table.DECISIONS: settings.retention_days_decisions,
    }


def _issuer(settings: Settings) -> LocalIssuer | None:
    if settings.login != "local":
        return None
    return LocalIssuer(settings.data_dir / "issuer-key.pem", settings.auth_audience)


def _verifier(settings: Settings, issuer: LocalIssuer | None) -> Verifier:
    """One way of checking, whoever signed."""
    if issuer is not None:
        return Verifier(issuer=ISSUER, audience=settings.auth_audience, keys=Keys(issuer.jwks))
    fetch = fetch_from(str(settings.auth_jwks_url))
    return Verifier(issuer=str(settings.auth_issuer), audience=settings.auth_audience, keys=Keys(fetch))
