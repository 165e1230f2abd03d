"""The bot as a process: paused. It follows the detector's signals, refuses each one in its journal, and answers probes.

There is no code here that could place an order: trading is built later, behind two locks (replicas, and arming).
"""

from __future__ import annotations

import asyncio
import logging
import socket
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version

from apps.bot.journal import Entry, Journal
from apps.bot.metrics import BotMetrics
from apps.bot.refusal import PAUSED, SPOOLED, refusal
from apps.bot.settings import BotSettings
from apps.bot.spool_tail import SpoolTail, Told
from apps.broker.probe import probe
from apps.contracts.api import Health, Ready
from apps.contracts.names import Env
from apps.service.folder import require_writable
from apps.service.run import CannotStart
from apps.service.web import ProbeApp, bind, serve

log = logging.getLogger(__name__)

POLL_SECONDS = 0.1
PROBE_SECONDS = 15.0
STOP_SECONDS = 5.0


class Bot:
    """One process. `run(stop)` returns after a graceful stop; CannotStart names what a person must change."""

    def __init__(self, settings: BotSettings, listener: socket.socket | None = None) -> None:
        self.settings = settings
        self._listener = listener or bind(settings.bind_host, settings.bot_port, Env.BOT_PORT)
        self.metrics = BotMetrics()
        self._gateway: bool | None = None
        self._problem: str | None = None
        self._following = False

    @property
    def port(self) -> int:
        """Where the probes answer."""
        port: int = self._listener.getsockname()[1]
        return port

    def health(self) -> Health:
        """Alive, and whether the paper gateway answered last time; it holds no quotes of its own."""
        return Health(
            service="spy-trading-bot",
            version=_version(),
            ibkr_connected=self._gateway,
            data_age_seconds=None,
            data=None,
        )

    def ready(self) -> Ready:
        """Able to take its role, which is to refuse: it reads and writes. No gateway is needed for that."""
        problems = [] if self._following else ["still starting: reading its place in the spool"]
        if self._problem is not None:
            problems.append(self._problem)
        return Ready(ready=not problems, role="bot", problems=tuple(problems))

    async def run(self, stop: asyncio.Event) -> None:
        """Serve the probes and follow the spool until `stop`."""
        try:
            require_writable(self.settings.journal_dir, key=Env.JOURNAL_DIR)
        except CannotStart:
            self._listener.close()
            raise
        log.info("paused: no signal is traded, each is refused in %s", self.settings.journal_dir)
        async with asyncio.TaskGroup() as group:
            app = ProbeApp(self.metrics.registry, self.health, self.ready)
            probes = group.create_task(serve(app, self._listener), name="probes")
            gateway = group.create_task(self._watch_gateway(), name="gateway")
            following = group.create_task(self._follow(stop), name="follow")
            await stop.wait()
            gateway.cancel()
            await asyncio.wait({following}, timeout=STOP_SECONDS)
            following.cancel()
            probes.cancel()
        log.info("stopped")

    async def _follow(self, stop: asyncio.Event) -> None:
        opened: tuple[Journal, SpoolTail] | None = None
        rule = SPOOLED  # what waits there when we start was told to nobody
        while not stop.is_set():
            try:
                if opened is None:
                    opened = await asyncio.to_thread(self._open)
                journal, tail = opened
                before = tail.place
                told = await asyncio.to_thread(tail.read)
                self._count_damage(tail)
            except OSError as error:
                self._trouble("unreadable", f"The spool or the journal cannot be read: {error}.")
                await _pause(stop, 1.0)
                continue
            if tail.place != before and not await self._keep(journal, tail, told, rule):
                opened = None  # from the journal's place again, when there is room
                await _pause(stop, 1.0)
                continue
            self._following, self._problem = True, None
            if not told:
                rule = PAUSED
                await _pause(stop, POLL_SECONDS)

    def _open(self) -> tuple[Journal, SpoolTail]:
        settings = self.settings
        journal = Journal(settings.journal_dir, settings.symbol)
        return journal, SpoolTail(settings.spool_dir, settings.symbol, journal.place())

    async def _keep(self, journal: Journal, tail: SpoolTail, told: list[Told], rule: str) -> bool:
        """Refuse each signal among what was told; False when the journal's disk refuses."""
        assert tail.place is not None  # noqa: S101  for the type checker
        entries = [entry for each in told if (entry := self._refuse(each, rule)) is not None]
        try:
            await asyncio.to_thread(journal.keep, entries, tail.place)
        except OSError as error:
            self._trouble("journal", f"{Env.JOURNAL_DIR}={self.settings.journal_dir} cannot be written: {error}.")
            return False
        for entry in entries:
            self.metrics.signals.inc()
            self.metrics.decisions.labels(entry.decision.rule).inc()
            log.info("refused %s: %s", entry.decision.signal_id, entry.decision.rule)
        return True

    def _refuse(self, told: Told, rule: str) -> Entry | None:
        try:
            return refusal(told, rule, datetime.now(UTC))
        except ValueError as error:
            self.metrics.spool_errors.labels("damaged").inc()
            log.warning("%s", error)
            return None

    async def _watch_gateway(self) -> None:
        """Ask the paper gateway for its handshake, for /health only. No client id is taken, nobody is logged in."""
        host, port = self.settings.bot_ibkr_host, self.settings.bot_ibkr_port
        while True:
            answer = await probe(host, port)
            if answer.ok is not self._gateway:
                log.info("paper gateway: %s", answer.message)
            self._gateway = answer.ok
            self.metrics.connected.set(answer.ok)
            await asyncio.sleep(PROBE_SECONDS)

    def _count_damage(self, tail: SpoolTail) -> None:
        self.metrics.spool_errors.labels("damaged").inc(tail.damaged)
        tail.damaged = 0

    def _trouble(self, error_type: str, problem: str) -> None:
        self.metrics.spool_errors.labels(error_type).inc()
        if problem != self._problem:
            log.error("%s", problem)
        self._problem = problem[:400]


async def _pause(stop: asyncio.Event, seconds: float) -> None:
    waiting = asyncio.create_task(stop.wait())
    await asyncio.wait({waiting}, timeout=seconds)
    waiting.cancel()


def _version() -> str:
    try:
        return version("spy-options")
    except PackageNotFoundError:
        return "0"
