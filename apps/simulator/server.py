"""The simulated gateway: listens, beats, and holds what its connections share. Never parses or encodes a message."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections import Counter

from apps.simulator import fault_actions, trading
from apps.simulator.account import Account, Position
from apps.simulator.clock import MarketClock, SystemTime, TimeSource
from apps.simulator.faults import Active, FaultBoard
from apps.simulator.historical import HistoricalPacing
from apps.simulator.messages import DELAY_SECONDS
from apps.simulator.orders import OrderBook
from apps.simulator.sampler import Sample, phases, sample
from apps.simulator.session import Session
from apps.simulator.settings import Settings
from apps.simulator.universe import Universe, new_york
from apps.simulator.world import World

log = logging.getLogger(__name__)

PROFIT_SECONDS, ACCOUNT_SECONDS = 1.0, 180.0
"""How often (wall) profit and account values are sent to those who subscribed."""

IDLE_SECONDS = 0.05
"""Between beats while nobody is connected: only faults may be due."""

BEHIND_SECONDS = 1.0
"""After a pause of the machine longer than this, beats are left out, not made up for."""


class Gateway:
    """One market day behind one port. `start`, then `run` until cancelled, then `stop`."""

    def __init__(
        self,
        world: World,
        settings: Settings,
        source: TimeSource | None = None,
        positions: tuple[Position, ...] = (),
    ) -> None:
        self.world, self.settings = world, settings
        self.universe = Universe(world)
        self.clock = MarketClock(world.session, source or SystemTime(), settings.rate)
        self.faults = FaultBoard(self.clock, world.faults)
        self.account = Account(settings.account, settings.cash, self.universe, positions)
        self.orders = OrderBook()
        self.historical_pacing = HistoricalPacing()
        self.sessions: set[Session] = set()
        self.counters: Counter[str] = Counter()
        self.just_placed: set[int] = set()
        self.resumed = asyncio.Event()
        """Set when a client reads again, leaves, or may connect again; whoever waits clears it first."""
        self.beat_at = 0.0
        """Loop time of the last beat: how long the gateway itself may not have looked at its sockets."""
        self.phases = phases(len(world.listings), settings.number)
        self._samples: dict[bool, Sample] = {}
        self._last: dict[bool, Sample] = {}
        self._beat = 0
        self._server: asyncio.Server | None = None
        self._held: socket.socket | None = None
        self._listening = asyncio.Lock()
        self._port = settings.port

    @property
    def port(self) -> int:
        """The port it listens on, also while it refuses connections."""
        return self._port

    @property
    def listening(self) -> bool:
        """Whether new connections are accepted."""
        return self._server is not None

    async def start(self) -> None:
        """Listen, and start the day's clock. Raises OSError when the port is taken."""
        self.beat_at = asyncio.get_running_loop().time()
        await self.accept_connections()
        self.clock.start()

    async def run(self) -> None:
        """Beat until cancelled."""
        source, beat = self.clock.source, self.settings.beat_seconds
        due = source.now()
        while True:
            due += beat if self.sessions else IDLE_SECONDS
            await source.sleep_until(due)
            if source.now() - due > BEHIND_SECONDS:
                self.counters["beats_left_out"] += int((source.now() - due) / beat)
                due = source.now()
            await self.beat()
            if source.patient:
                await self._caught_up()

    async def stop(self) -> None:
        """Close every connection and the port."""
        for session in tuple(self.sessions):
            session.close()
        if self._server is not None:
            self._server.close()
            self._server = None
        if self._held is not None:
            self._held.close()
            self._held = None

    async def beat(self) -> None:
        """One step: faults that are due, orders that wait, lines that are sampled."""
        self._beat += 1
        self.beat_at = asyncio.get_running_loop().time()
        self._samples.clear()
        began, ended = self.faults.due()
        for fault in ended:
            await self._ended(fault)
        for fault in began:
            await self._began(fault)
        trading.accept(self)
        for session in tuple(self.sessions):
            self._feed(session)
        if self._beat % round(PROFIT_SECONDS / self.settings.beat_seconds) == 0:
            self._tell_profit()
        if self._beat % round(ACCOUNT_SECONDS / self.settings.beat_seconds) == 0:
            self._tell_account()

    async def begin_fault(
        self, what: str, seconds: float | None, parameters: dict[str, float | str | bool | None]
    ) -> Active:
        """Start a fault by hand. Raises FaultError."""
        fault = self.faults.begin(what, seconds, parameters)
        await self._began(fault)
        return fault

    async def end_fault(self, fault_id: str) -> Active | None:
        """Clear a fault; None when there is none of this id."""
        fault = self.faults.end(fault_id)
        if fault is not None:
            await self._ended(fault)
        return fault

    async def accept_connections(self) -> None:
        """Listen; a port held while refusing is used again."""
        async with self._listening:
            if self._server is not None:
                return
            loop = asyncio.get_running_loop()
            held = self._held or bound(self.settings.host, self._port)
            self._held = None
            self._port = held.getsockname()[1]
            self._server = await loop.create_server(lambda: Session(self), sock=held)
            self.resumed.set()

    async def refuse_connections(self) -> None:
        """Stop listening but keep the port bound, so that it is refused and nobody else takes it."""
        async with self._listening:
            if self._server is not None:
                self._server.close()
                self._server = None
                self._held = bound(self.settings.host, self._port)

    def sample(self, *, delayed: bool = False) -> Sample:
        """What the wire may show at this beat, made once."""
        taken = self._samples.get(delayed)
        if taken is None:
            at = self.clock.now() - (DELAY_SECONDS if delayed else 0.0)
            taken = sample(self.world.board(at), at, self.universe, self.faults, self._last.get(delayed))
            self._samples[delayed] = self._last[delayed] = taken
        return taken

    def broadcast(self, data: bytes) -> None:
        """Send to every client that is ready."""
        for session in self.sessions:
            if session.ready:
                session.send(data)

    def count(self, what: str) -> None:
        """One more of something that went wrong; GET /health shows them."""
        self.counters[what] += 1

    def opened(self, session: Session) -> None:
        """A connection began."""
        self.sessions.add(session)

    def closed(self, session: Session) -> None:
        """A connection ended."""
        self.sessions.discard(session)
        self.resumed.set()

    def id_taken(self, client_id: int) -> bool:
        """Whether a client id is in use, or still held after its connection went."""
        held = any(fault.number("client_id") == client_id for fault in self.faults.active("held_client_id"))
        return held or any(session.client_id == client_id for session in self.sessions)

    def next_id(self, client_id: int) -> int:
        """The first order id a client may use."""
        return self.orders.next_id(client_id)

    def order_listeners(self, client_id: int) -> tuple[Session, ...]:
        """Who is told about an order of this client: itself, client 0 and the master."""
        told = {client_id, 0, self.settings.master_client_id}
        return tuple(session for session in self.sessions if session.ready and session.client_id in told)

    def silent_requests(self) -> frozenset[int]:
        """Numbers of requests that are not to be answered."""
        parts = (part for fault in self.faults.active("silent_requests") for part in fault.text("requests").split(","))
        return frozenset(int(part) for part in parts if part.strip().isdecimal())

    def lines_used(self) -> int:
        """Lines of all clients: they belong to the login."""
        return sum(len(session.subscriptions) for session in self.sessions)

    def line_limit(self) -> int:
        """Lines the login has now."""
        limits = [fault.number("lines") for fault in self.faults.active("line_limit")]
        return int(min([self.settings.lines_max, *(limit for limit in limits if limit is not None)]))

    def message_limit(self) -> int:
        """Messages a second a client may send now."""
        limits = [fault.number("messages") for fault in self.faults.active("pacing_limit")]
        return int(min([self.settings.messages_per_second, *(limit for limit in limits if limit is not None)]))

    def market_open(self) -> bool:
        """Whether options trade now."""
        session = self.world.session
        return session.open <= self.clock.now() < session.option_cutoff

    def _feed(self, session: Session) -> None:
        lines = session.subscriptions
        if self.settings.sampling == "none":
            if not session.paused and len(lines.live):
                greeks = self._beat % 100 == 0
                session.send(lines.live.everything(self.sample(), greeks=greeks))
            return
        together = self.clock.rate > 1
        for table, delayed in ((lines.live, False), (lines.delayed, True)):
            if table.is_due(self._beat, together=together):
                session.send(table.sampled(self._beat, self.sample(delayed=delayed), together=together))

    def _tell_profit(self) -> None:
        for session in self.sessions:
            for req_id in session.profit_requests:
                session.send(self.account.profit(req_id, self.sample()))

    def _tell_account(self) -> None:
        for session in self.sessions:
            if session.account_updates:
                session.send(b"".join(self.account.updates(self.sample(), f"{new_york(self.clock.now()):%H:%M}")))

    async def _began(self, fault: Active) -> None:
        log.info("fault %s %s begins", fault.id, fault.what, extra={"parameters": fault.parameters})
        self._samples.clear()
        await fault_actions.begin(self, fault)

    async def _ended(self, fault: Active) -> None:
        log.info("fault %s %s ends", fault.id, fault.what)
        self._samples.clear()
        await fault_actions.end(self, fault)

    async def _caught_up(self) -> None:
        while any(session.paused for session in self.sessions):
            self.resumed.clear()
            await self.resumed.wait()


def bound(host: str, port: int) -> socket.socket:
    """A socket on this address that does not listen yet: connections are refused. Raises OSError when it is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    # The protocol is named because asyncio turns Nagle's delay off only for sockets that name it: with it on, a tick
    # that follows another waits for the client's delayed acknowledgement.
    held = socket.socket(family, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        held.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        held.bind((host, port))
    except OSError:
        held.close()
        raise
    held.setblocking(False)
    return held
