"""From one chain to what is to be told: scan, life cycle, anomalies, signals. No clock, no network, no disk.

The same object serves live quotes, a replay and the false-episode bench: feed it chains in time order.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import CloseReason, EpisodeStatus, Kind, Severity
from apps.contracts.events import Signal, Stream
from apps.detector.afterwards import Afterwards
from apps.detector.anomaly_record import anomaly_of, closed, episode_key, revised
from apps.detector.episodes import Change, Episode, Episodes, Key, Sighting
from apps.detector.signals import signal_of
from apps.market.chain import Chain
from apps.market.contract_hours import ContractHours
from apps.market.findings import Finding, ScanResult
from apps.market.memory import ScanMemory
from apps.market.scan import scan
from apps.market.settings import ScanSettings
from apps.market.terms import Kind as MarketKind
from apps.market.terms import MarketState, QuoteBit

SAMPLING_MOST = 5.0
"""The scan's own bound on how far apart two lines may speak."""

PARITY_RATE_MOST = 2.0

_ENDINGS = {MarketState.HALTED: CloseReason.STATE, MarketState.CLOSED: CloseReason.SESSION}
_FINAL_REASONS = frozenset({CloseReason.SESSION, CloseReason.EXPIRED})
_BOUNDS_ONLY = MarketState.FINAL


@dataclass(frozen=True, slots=True)
class Step:
    """What one scan gave: its result, and anomalies and signals in the order in which they are to be told."""

    result: ScanResult
    bodies: tuple[Anomaly | Signal, ...]
    t_detect: float


@dataclass(slots=True)
class Detection:
    """The memory of one stream's detection. Times in market seconds since 1970, `t_*` in wall milliseconds."""

    stream: Stream
    settings: ScanSettings
    episodes: Episodes = field(default_factory=Episodes)
    memory: ScanMemory = field(default_factory=ScanMemory)
    bodies: dict[Key, Anomaly] = field(default_factory=dict)
    """The last state told of each open episode."""

    afterwards: Afterwards = field(init=False)
    signalled: set[str] = field(default_factory=set)
    """Ids of open episodes whose one signal has been made."""

    def __post_init__(self) -> None:
        """The scores are held against the scan's own fees."""
        self.afterwards = Afterwards(self.settings)

    def step(
        self,
        chain: Chain,
        hours: ContractHours | None,
        *,
        t_recv: float,
        wall: Callable[[], float],
        rate: float = 1.0,
    ) -> Step:
        """Scan `chain` and follow the episodes. `wall` gives wall milliseconds: read once, right after the scan.

        `rate`: market seconds per wall second. The broker samples by the wall, so at a fast simulated clock two lines
        speak of instants that lie further apart in market time; claims and episodes then have to last longer.
        """
        settings = self._paced(rate)
        result = scan(chain, self.memory, settings, hours)
        t_detect = wall()
        now = chain.market_time
        ending = self._ending(chain, result)
        if ending is not None:
            return Step(result, tuple(self.interrupt(now, ending, t_recv=t_recv, t_detect=t_detect)), t_detect)
        findings = _by_key(result.findings)
        sightings = [
            Sighting(key, Severity(finding.severity), int(chain.updates[finding.row]))
            for key, finding in findings.items()
        ]
        changes = self.episodes.step(
            now,
            sightings,
            self._why_absent(chain, result),
            update_seconds=max(self.episodes.settings.update_seconds, rate),
            sampling_seconds=self.settings.sampling_seconds * max(rate, 1.0),
        )
        bodies: list[Anomaly | Signal] = []
        for change in changes:
            bodies += self._told(change, findings, chain, result, t_recv=t_recv, t_detect=t_detect)
        for scored in self.afterwards.step(chain, result):
            key = episode_key(scored)
            if key in self.bodies and self.bodies[key].id == scored.id:
                self.bodies[key] = scored
            bodies.append(scored)
        return Step(result, tuple(bodies), t_detect)

    def _paced(self, rate: float) -> ScanSettings:
        """The settings at this rate. Beyond PARITY_RATE_MOST the stock's line lags too far to hold options against."""
        if rate <= 1:
            return self.settings
        seconds = min(SAMPLING_MOST, self.settings.sampling_seconds * rate)
        kinds = self.settings.kinds - ({MarketKind.PARITY} if rate > PARITY_RATE_MOST else set())
        return replace(self.settings, sampling_seconds=seconds, kinds=kinds)

    def interrupt(self, now: float, reason: CloseReason, *, t_recv: float, t_detect: float) -> list[Anomaly]:
        """Close every episode and drop every candidate: a gap, a halt, the end of the session."""
        changes = self.episodes.close_all(now, reason)
        ended = [self._closed(change, now, t_recv, t_detect) for change in changes if change.episode.key in self.bodies]
        self.afterwards.blind()
        for anomaly in ended:
            self.afterwards.closed(anomaly)
        return ended if reason not in _FINAL_REASONS else [*ended, *self.afterwards.finish(now)]

    def restore(self, anomalies: list[Anomaly], now: float) -> None:
        """Take up an earlier holder's open episodes; the signals of those that had reached MEDIUM are out already."""
        self.bodies = {episode_key(anomaly): anomaly for anomaly in anomalies}
        self.signalled = {anomaly.id for anomaly in anomalies if anomaly.highest_severity is not Severity.LOW}
        self.episodes.restore((_episode(key, anomaly) for key, anomaly in self.bodies.items()), now)

    def _told(
        self,
        change: Change,
        findings: dict[Key, Finding],
        chain: Chain,
        result: ScanResult,
        *,
        t_recv: float,
        t_detect: float,
    ) -> list[Anomaly | Signal]:
        key = change.episode.key
        if change.status is EpisodeStatus.CLOSED:
            if key not in self.bodies:
                return []
            ended = self._closed(change, chain.market_time, t_recv, t_detect)
            self.afterwards.told(ended, None, chain, result)
            return [ended]
        anomaly = anomaly_of(self.stream, change, findings[key], chain, result, t_recv=t_recv, t_detect=t_detect)
        if change.status is EpisodeStatus.UPDATE and key in self.bodies:
            anomaly = revised(anomaly, score=self.bodies[key].score)
        self.bodies[key] = anomaly
        self.afterwards.told(anomaly, findings[key], chain, result)
        signal = None
        if anomaly.id not in self.signalled and (signal := signal_of(anomaly, self.stream.epoch)) is not None:
            self.signalled.add(anomaly.id)
        return [anomaly] if signal is None else [anomaly, signal]

    def _closed(self, change: Change, now: float, t_recv: float, t_detect: float) -> Anomaly:
        last = self.bodies.pop(change.episode.key)
        self.signalled.discard(last.id)
        return closed(last, change, now, t_recv=t_recv, t_detect=t_detect)

    def _ending(self, chain: Chain, result: ScanResult) -> CloseReason | None:
        if result.state is MarketState.CLOSED and chain.seconds_to_expiry <= 0:
            return CloseReason.EXPIRED
        return _ENDINGS.get(result.state)

    def _why_absent(self, chain: Chain, result: ScanResult) -> Callable[[Key], CloseReason]:
        rows = {key: row for row, key in enumerate(zip(chain.strike.tolist(), chain.is_call.tolist(), strict=True))}

        def why(key: Key) -> CloseReason:
            row = rows.get((key[1], key[2]))
            if row is None:
                return CloseReason.WINDOW
            if result.state is _BOUNDS_ONLY and key[0] is not Kind.BOUND:
                return CloseReason.STATE
            return CloseReason.STALE if result.quote_flags[row] & int(QuoteBit.STALE) else CloseReason.REVERTED

        return why


def _by_key(findings: tuple[Finding, ...]) -> dict[Key, Finding]:
    """One finding a key: the most severe, then the one worth most (several leg sets around one culprit)."""
    ranks = {Severity.LOW: 1, Severity.MEDIUM: 2, Severity.HIGH: 3}
    best: dict[Key, tuple[tuple[int, float], Finding]] = {}
    for finding in findings:
        key = (Kind(finding.kind), finding.strike, finding.is_call)
        rank = (ranks[Severity(finding.severity)], finding.worth.worth_usd if finding.worth else float("-inf"))
        if key not in best or rank > best[key][0]:
            best[key] = (rank, finding)
    return {key: finding for key, (_, finding) in best.items()}


def _episode(key: Key, anomaly: Anomaly) -> Episode:
    return Episode(key, anomaly.episode, anomaly.opened_at.timestamp(), anomaly.severity, anomaly.highest_severity)
