"""A stretch of a clean generated day through the socket: simulated gateway, feed, detector to episodes, in real time.

Two processes of the product's own: the gateway and the detector, which finds no backend and so keeps every event in its
spool, where the episodes are counted afterwards. Nothing is injected and nothing breaks.
"""

from __future__ import annotations

import asyncio
import math
import re
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import httpx
from rich.console import Console

from apps.cli.ports import LOOPBACK, free_port
from apps.cli.process import Service
from apps.contracts.anomalies import Anomaly
from apps.contracts.api import ClockAnswer
from apps.contracts.enums import Severity, Source
from apps.contracts.events import EVENT_ADAPTER, AnomalyEvent, Event, Gap, GapEvent
from apps.contracts.names import Env, Metric
from apps.detector.spool import Spool
from apps.simulator import generated
from apps.simulator.__main__ import serve
from apps.simulator.modelled import ModelledWorld
from apps.simulator.server import Gateway
from apps.simulator.settings import Settings

FAMILY = "jump"
"""The one that was never used to tune."""

START_AFTER_OPEN = 35 * 60.0
"""10:05 in New York, where the platform's own first scenario begins."""

SESSION_MINUTES = 390.0
SYMBOL = "SPY"
START_SECONDS = 60.0
STOP_SECONDS = 30.0
BLIND_MOST = 0.01
"""Share of the stretch that may lie in gaps before the stretch says nothing."""


class StretchFailed(RuntimeError):
    """The gateway or the detector did not start or did not last; the message shows the last lines it wrote."""


@dataclass(frozen=True, slots=True)
class Stretch:
    """What the detector told of one stretch: episodes by highest severity and by kind, scans, seconds in gaps."""

    minutes: float
    by_severity: dict[Severity, int]
    by_kind: dict[str, int]
    severe: tuple[str, ...]
    scans: int
    blind_seconds: float


class RunningStretch:
    """The two processes while they run."""

    def __init__(self, folder: Path, number: int, minutes: float) -> None:
        self.number, self.minutes = number, minutes
        self._folder = folder
        wire, control, self._probes = free_port(), free_port(), free_port()
        self._control_url = f"http://{LOOPBACK}:{control}"
        day = ["tests.bench.socket_stretch", str(number), str(wire), str(control)]
        self._services = [
            Service("simulator", day, {}, folder / "simulator.log"),
            Service("detector", ["apps.detector"], self._environment(wire), folder / "detector.log"),
        ]
        self._began_market = self._began_wall = 0.0
        self._began_scans = 0

    def start(self) -> None:
        """Return with the first scan. Raises StretchFailed after START_SECONDS without one."""
        for service in self._services:
            service.start()
        deadline = time.monotonic() + START_SECONDS
        while (scans := self._total(f"{Metric.SCAN_DURATION}_count")) == 0:
            if time.monotonic() > deadline:
                raise StretchFailed(f"no scan within {START_SECONDS:.0f} s: {self._services[1].log_tail()}")
            time.sleep(0.2)
        answer = httpx.get(f"{self._control_url}/clock", trust_env=False).raise_for_status()
        self._began_market = ClockAnswer.model_validate_json(answer.content).market_time.timestamp()
        self._began_wall, self._began_scans = time.monotonic(), scans

    def stop(self) -> None:
        """End both, the detector first, so that it closes its spool."""
        for service in reversed(self._services):
            service.ask_to_stop()
            service.wait_or_kill(STOP_SECONDS)

    @property
    def seconds_left(self) -> float:
        """Until the stretch is long enough; 0 from then on."""
        return max(0.0, self._began_wall + 60 * self.minutes - time.monotonic())

    def progress(self) -> str:
        """One line for a person who watches; the sessions beside a stretch that failed go on."""
        passed = self.minutes - self.seconds_left / 60
        try:
            opened = self._total(f"{Metric.ANOMALIES_DETECTED}{{")
        except StretchFailed as error:
            return f"socket stretch failed: {error}"
        return f"socket stretch {passed:.1f} of {self.minutes:g} min, {opened} episodes opened"

    def result(self) -> Stretch:
        """Stop, then count what the spool holds of the stretch's market time."""
        scans = self._total(f"{Metric.SCAN_DURATION}_count") - self._began_scans
        lasted = time.monotonic() - self._began_wall
        self.stop()
        end = self._began_market + 60 * self.minutes
        latest: dict[str, Anomaly] = {}
        gaps: dict[float, Gap] = {}
        for event in events_of(self._folder / "spool"):
            if isinstance(event, AnomalyEvent) and event.body.opened_at.timestamp() <= end:
                latest[event.body.id] = event.body
            elif isinstance(event, GapEvent):
                gaps[event.body.started_at.timestamp()] = event.body
        blind = sum(_overlap(gap, self._began_market, end) for gap in gaps.values())
        severities = Counter(anomaly.highest_severity for anomaly in latest.values())
        kinds = Counter(str(anomaly.kind) for anomaly in latest.values())
        severe = tuple(described(each) for each in latest.values() if each.highest_severity is not Severity.LOW)
        share = min(1.0, 60 * self.minutes / lasted)
        return Stretch(self.minutes, dict(severities), dict(kinds), severe, round(scans * share), blind)

    def _total(self, start: str) -> int:
        """Sum of the detector's samples whose line begins so; 0 while it does not answer."""
        for service in self._services:
            if service.exit_code is not None:
                raise StretchFailed(f"the {service.name} ended with code {service.exit_code}: {service.log_tail()}")
        try:
            text = httpx.get(f"http://{LOOPBACK}:{self._probes}/metrics", trust_env=False, timeout=5).text
        except httpx.TransportError:
            return 0
        return int(sum(map(float, re.findall(rf"^{re.escape(start)}.* (\S+)$", text, re.MULTILINE))))

    def _environment(self, wire: int) -> dict[str, str]:
        return {
            Env.BIND_HOST: LOOPBACK,
            Env.DATA_DIR: str(self._folder),
            Env.LOG_LEVEL: "ERROR",
            Env.SOURCE: Source.SIMULATED,
            Env.RUN_ID: "stretch",
            Env.SYMBOL: SYMBOL,
            Env.DETECTOR_PORT: str(self._probes),
            Env.IBKR_HOST: LOOPBACK,
            Env.IBKR_PORT: str(wire),
            Env.SIMULATOR_CONTROL_URL: self._control_url,
            Env.BACKEND_URL: f"http://{LOOPBACK}:{free_port()}",
        }


@contextmanager
def running_stretch(number: int, minutes: float) -> Iterator[RunningStretch | None]:
    """A started stretch, ended at the end of the block whatever happens; None for 0 minutes."""
    if minutes <= 0:
        yield None
        return
    with tempfile.TemporaryDirectory() as folder:
        running = RunningStretch(Path(folder), number, minutes)
        try:
            running.start()
            yield running
        finally:
            running.stop()


def events_of(spool: Path) -> Iterator[Event]:
    """Every event of every epoch in a spool that nobody writes any more."""
    for line in Spool(spool, SYMBOL).older(sys.maxsize):
        after = 0
        while records := line.log.read(after, limit=500, limit_bytes=4_000_000):
            yield from (EVENT_ADAPTER.validate_json(record.body) for record in records)
            after = records[-1].seq


def described(anomaly: Anomaly) -> str:
    """Which episode this was, for whoever looks for its cause."""
    place = f"{anomaly.strike:g} {anomaly.option_type}"
    return f"{anomaly.highest_severity} {anomaly.kind} {place} at {anomaly.opened_at:%H:%M:%S} UTC"


def limits(must: dict[Severity, float], minutes: float) -> dict[Severity, int]:
    """A session's limits for this many minutes of it, rounded up."""
    return {level: math.ceil(most * minutes / SESSION_MINUTES) for level, most in must.items()}


def print_stretch(running: RunningStretch, must: dict[Severity, float], console: Console) -> bool:
    """Wait for the rest, print it; False when it failed, a limit is exceeded or the detector did not see enough."""
    while running.seconds_left:
        time.sleep(min(60.0, running.seconds_left))
        console.print(running.progress())
    try:
        found, most = running.result(), limits(must, running.minutes)
    except StretchFailed as error:
        console.print(f"the stretch through the socket failed: {error}")
        return False
    counts = {level: found.by_severity.get(level, 0) for level in must}
    good = all(counts[level] <= most[level] for level in must)
    seeing = found.blind_seconds <= BLIND_MOST * 60 * found.minutes
    shown = ", ".join(f"{level} {counts[level]} (at most {most[level]})" for level in must)
    console.print(
        f"false episodes in {found.minutes:g} minutes through the socket from 10:05, {FAMILY} day {running.number}: "
        f"{shown}; the session's limits scaled down and rounded up; {found.by_kind}; {found.scans} scans, "
        f"{found.scans / (60 * found.minutes):.1f} a second; blind {found.blind_seconds:.0f} s"
        f"{'' if seeing else ', TOO LONG'}",
        *found.severe,
        sep="\n  ",
    )
    return good and seeing


def _overlap(gap: Gap, begin: float, end: float) -> float:
    """Seconds of the gap inside the stretch; one that has not ended lasts to the stretch's end."""
    ended = gap.ended_at.timestamp() if gap.ended_at else end
    return max(0.0, min(ended, end) - max(gap.started_at.timestamp(), begin))


def clean_world(number: int) -> ModelledWorld:
    """A generated day without injections, from START_AFTER_OPEN on."""
    model = generated.model(FAMILY, number)
    day = generated.described(f"generated-{FAMILY}", generated.OPEN + START_AFTER_OPEN, model.strike.size)
    return ModelledWorld(day, model, ())


def main(number: int, port: int, control_port: int) -> int:
    """In a process of its own: the gateway and its control port, until SIGTERM."""
    settings = Settings(port=port, control_port=control_port, number=number)
    return asyncio.run(serve(Gateway(clean_world(number), settings), settings))


if __name__ == "__main__":
    sys.exit(main(*map(int, sys.argv[1:])))
