"""False episodes per clean session: generated days with nothing wrong, through a sampled feed into the episodes.

In process: the world's boards, each option line sampled every 100 ms at its own phase and the stock every 250 ms,
changes only, scanned at the detector's default rate, and the detector's own episodes behind the scan. The stretch
through the socket, which goes on at the same time, is in `socket_stretch`.
"""

from __future__ import annotations

import os
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from dataclasses import dataclass, replace
from datetime import UTC, datetime

import numpy as np
from rich.console import Console

from apps.contracts.enums import CloseReason, EpisodeStatus, Kind, Severity
from apps.detector.episodes import Episode, Episodes, Key, Sighting
from apps.market.chain import Chain, Underlying
from apps.market.contract_hours import ContractHours
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.simulator.families import FAMILIES
from apps.simulator.scenarios import load
from apps.simulator.world import World
from tests.market.chains import chain_of

STEPS_PER_SECOND = 20
STEPS_PER_SCAN = 1
"""Twenty scans a second, the detector's default rate. 48,000 such scans with their sampling took 66 s on one core, so
six whole sessions on two cores take about half of the bench's hour."""

WINDOW = 0.02
RECENTRE = 0.005
STOCK_SAMPLES = 5
MUST = {Severity.HIGH: 1.0, Severity.MEDIUM: 5.0, Severity.LOW: 30.0}
AIM = {Severity.HIGH: 0.0, Severity.MEDIUM: 2.0, Severity.LOW: 10.0}
NICENESS = 5
"""The stretch through the socket runs in real time beside the sessions, which can wait."""

PROGRESS_SECONDS = 60.0


@dataclass(frozen=True, slots=True)
class Session:
    """One clean session's episodes by their highest severity, and by kind."""

    family: str
    number: int
    scans: int
    by_severity: dict[Severity, int]
    by_kind: dict[str, int]
    severe: tuple[str, ...]
    """Which episodes were above LOW, for whoever looks for their cause."""


class Book:
    """What the lines of a world's options last said; half of the lines are sampled in each step of 50 ms."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.strike = np.array([listing.strike for listing in world.listings])
        self.is_call = np.array([listing.right == "C" for listing in world.listings])
        n = self.strike.size
        self.phase = np.random.default_rng([number, 7]).integers(0, 2, n)
        self.quote = np.full((4, n), np.nan)
        self.time = np.full((2, n), -np.inf)
        self.updates = np.zeros(n, dtype=np.int64)
        self.volume = np.full(n, np.nan)
        self.stock = Underlying(np.nan, np.nan, np.nan, -np.inf, -np.inf)
        self.centre = float("nan")
        self.rows = np.arange(n)

    def sample(self, step: int, now: float) -> None:
        """Take the lines whose turn it is; a side that did not change keeps its time."""
        board = self.world.board(now)
        due = self.phase == step % 2
        seen = np.stack([board.bid, board.ask, board.bid_size, board.ask_size])
        changed = due & ~((seen == self.quote) | (np.isnan(seen) & np.isnan(self.quote)))
        for side in (0, 1):
            self.time[side] = np.where(changed[side] | changed[side + 2], now, self.time[side])
        self.updates += changed[:2].any(axis=0)
        self.quote = np.where(changed, seen, self.quote)
        self.volume = np.where(due, board.volume, self.volume)
        if step % STOCK_SAMPLES == 0:
            bid, ask = board.underlying_bid, board.underlying_ask
            bid_time = now if bid != self.stock.bid else self.stock.bid_time
            ask_time = now if ask != self.stock.ask else self.stock.ask_time
            self.stock = Underlying(bid, ask, board.underlying_last, bid_time, ask_time)
        middle = self.stock.mid
        if not abs(middle / self.centre - 1) <= RECENTRE:
            self.centre = middle
            self.rows = np.flatnonzero(np.abs(self.strike / middle - 1) <= WINDOW)

    def chain(self, now: float) -> Chain:
        """The subscribed window as a Chain."""
        rows = self.rows
        chain = chain_of(
            self.strike[rows],
            self.is_call[rows],
            self.quote[0, rows],
            self.quote[1, rows],
            seconds=self.world.session.close - now,
            market_time=now,
            underlying=self.stock,
        )
        return replace(
            chain,
            expiry=self.world.session.day,
            bid_size=self.quote[2, rows],
            ask_size=self.quote[3, rows],
            bid_time=self.time[0, rows],
            ask_time=self.time[1, rows],
            updates=self.updates[rows],
            volume=self.volume[rows],
            last_packet_time=float(max(self.time.max(), self.stock.bid_time, self.stock.ask_time)),
        )


def chains(family: str, number: int, *, start: float, seconds: float) -> Iterator[tuple[Chain, ContractHours]]:
    """Chains of a clean day from `start` seconds after the open, twenty a second."""
    world = load(f"generated-{family}", number=number)
    hours = ContractHours(world.session.open, world.session.close, world.session.close)
    book = Book(world, number)
    for step in range(round(seconds * STEPS_PER_SECOND)):
        now = hours.open + start + step / STEPS_PER_SECOND
        book.sample(step, now)
        if step % STEPS_PER_SCAN == STEPS_PER_SCAN - 1:
            yield book.chain(now), hours


def clean_session(family: str, number: int, start: float = 0.0, seconds: float = 6.5 * 3600) -> Session:
    """Count the episodes of one session. The number repeats it."""
    memory, episodes, settings = ScanMemory(), Episodes(), ScanSettings()
    highest: dict[tuple[Key, int], Episode] = {}
    scans = 0
    for chain, hours in chains(family, number, start=start, seconds=seconds):
        result = scan(chain, memory, settings, hours)
        scans += 1
        sightings = [
            Sighting((Kind(f.kind), f.strike, f.is_call), Severity(f.severity), int(chain.updates[f.row]))
            for f in result.findings
        ]
        for change in episodes.step(chain.market_time, sightings, lambda _key: CloseReason.REVERTED):
            if change.status is not EpisodeStatus.CLOSED:
                highest[(change.episode.key, change.episode.number)] = change.episode
    kinds = Counter(key[0].value for key, _ in highest)
    by_severity = Counter(episode.highest for episode in highest.values())
    severe = tuple(_described(each) for each in highest.values() if each.highest is not Severity.LOW)
    return Session(family, number, scans, dict(by_severity), dict(kinds), severe)


def _described(episode: Episode) -> str:
    kind, strike, is_call = episode.key
    opened = datetime.fromtimestamp(episode.opened_at, UTC)
    return f"{episode.highest} {kind} {strike:g} {'call' if is_call else 'put'} at {opened:%H:%M:%S} UTC"


def run_sessions(
    sessions: int, seed: int, console: Console, *, seconds: float, more_progress: Callable[[], str]
) -> list[Session]:
    """`sessions` clean days a family on two processes; each is printed when it ends, and every minute how far all are.

    A run that is cut off has told what it had found. `more_progress` adds what else goes on to the minute's line.
    """
    jobs = [(family, seed % 1000 + index) for family in FAMILIES for index in range(sessions)]
    began, done = time.monotonic(), list[Session]()
    with ProcessPoolExecutor(max_workers=2, initializer=os.nice, initargs=(NICENESS,)) as pool:
        running: set[Future[Session]] = {
            pool.submit(clean_session, family, number, 0.0, seconds) for family, number in jobs
        }
        while running:
            ended, running = wait(running, timeout=PROGRESS_SECONDS, return_when=FIRST_COMPLETED)
            for future in ended:
                done.append(session := future.result())
                counts = ", ".join(f"{level} {session.by_severity.get(level, 0)}" for level in MUST)
                head = f"clean session, {session.family} day {session.number}: {counts}; {session.by_kind}"
                console.print(f"{head}; {session.scans} scans", *session.severe, sep="\n  ")
            passed = (time.monotonic() - began) / 60
            console.print(f"{passed:.0f} min: {len(done)} of {len(jobs)} sessions done{more_progress()}")
    return done


def print_sessions(
    sessions: int,
    seed: int,
    console: Console,
    *,
    seconds: float = 6.5 * 3600,
    more_progress: Callable[[], str] = str,
) -> bool:
    """Run `sessions` clean days a family and print their means; False when a mean is above its must."""
    done = run_sessions(sessions, seed, console, seconds=seconds, more_progress=more_progress)
    good = True
    for family in FAMILIES:
        mine = [session for session in done if session.family == family]
        means = {level: float(np.mean([s.by_severity.get(level, 0) for s in mine])) for level in MUST}
        good &= all(means[level] <= MUST[level] for level in MUST)
        shown = ", ".join(f"{level} {means[level]:.1f} (must {MUST[level]:g}, aim {AIM[level]:g})" for level in MUST)
        kinds = sum((Counter(s.by_kind) for s in mine), Counter())
        scans = sum(s.scans for s in mine)
        numbers = ", ".join(str(s.number) for s in sorted(mine, key=lambda each: each.number))
        console.print(
            f"false episodes a clean session, {family}: {shown}; {dict(kinds)}; {scans} scans; days {numbers}"
        )
    return good
