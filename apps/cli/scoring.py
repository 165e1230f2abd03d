"""Scoring: injections against episodes, in market time. Pure; reads no file, no clock and no network."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from apps.contracts.anomalies import Anomaly
from apps.contracts.api import Injection, SimulationScore
from apps.contracts.enums import OptionType
from apps.contracts.events import Gap

Contract = tuple[float, OptionType]

GRACE = timedelta(seconds=3)
"""An episode may open this long after its injection ended: debounce, and the last quotes on their way."""

OBSERVABLE = timedelta(seconds=2)
"""An injection that could be seen for less than this, because of gaps, is nobody's miss."""

FALSE_IDS_MAX = 1000


@dataclass(frozen=True, slots=True)
class Episode:
    """What scoring needs of an anomaly: when it lived and which contracts it names."""

    id: str
    opened: datetime
    closed: datetime | None
    contracts: frozenset[Contract]

    @staticmethod
    def of(anomaly: Anomaly) -> Episode:
        """The newest state of an anomaly, its own contract and every option leg of it."""
        legs = {(leg.strike, leg.option_type) for leg in anomaly.legs}
        named = {(strike, kind) for strike, kind in legs if strike is not None and kind is not None}
        contracts = frozenset({(anomaly.strike, anomaly.option_type), *named})
        return Episode(anomaly.id, anomaly.opened_at, anomaly.closed_at, contracts)


def touches(injection: Injection, episode: Episode) -> bool:
    """Whether the episode names a contract of the injection."""
    kind = injection.option_type
    return kind is not None and any((strike, kind) in episode.contracts for strike in injection.strikes)


def alive_together(injection: Injection, episode: Episode) -> bool:
    """Whether the episode was open while the injection lasted, or opened within GRACE after it."""
    over = injection.ended_at is not None and episode.opened > injection.ended_at + GRACE
    return not over and (episode.closed is None or episode.closed >= injection.market_time)


def opened_during(injection: Injection, episode: Episode) -> bool:
    """Whether the episode opened because of the injection, as far as time can tell."""
    return episode.opened >= injection.market_time and alive_together(injection, episode)


def observable(injection: Injection, gaps: Iterable[Gap], now: datetime) -> timedelta:
    """How much of the injection's time so far lay outside all gaps. Overlapping gaps count once."""
    start, end = injection.market_time, min(injection.ended_at or now, now)
    covered, reached = timedelta(0), start
    for gap in sorted(gaps, key=lambda gap: gap.started_at):
        low, high = max(gap.started_at, reached), min(gap.ended_at or now, end)
        if high > low:
            covered += high - low
            reached = high
    return max(end - start, timedelta(0)) - covered


def score(
    injections: Sequence[Injection], episodes: Collection[Episode], gaps: Collection[Gap], now: datetime | None
) -> SimulationScore:
    """How the detector has done until `now`, the newest market time it told of; None before it told anything.

    Expected injections are found when an episode names one of their contracts while they last; missed when they are
    over without; pending until then; and left out when gaps hid them. An episode that opened without an expected
    injection on any of its contracts is false.
    """
    ordered = sorted(episodes, key=lambda episode: (episode.opened, episode.id))
    expected = [injection for injection in injections if injection.expected]
    true_ids = {
        episode.id
        for episode in ordered
        for injection in expected
        if touches(injection, episode) and opened_during(injection, episode)
    }
    shown, delays = [], []
    counts = {"found": 0, "missed": 0, "pending": 0}
    for injection in sorted(injections, key=lambda injection: injection.market_time):
        judged, verdict = _judge(injection, ordered, true_ids, gaps, now)
        shown.append(judged)
        if verdict is not None:
            counts[verdict] += 1
        if injection.expected and judged.delay_seconds is not None:
            delays.append(judged.delay_seconds)
    false_ids = [episode.id for episode in ordered if episode.id not in true_ids]
    return SimulationScore(
        injected=sum(counts.values()),
        **counts,
        false=len(false_ids),
        delay_p50_seconds=percentile(delays, 0.50),
        delay_p95_seconds=percentile(delays, 0.95),
        market_time=now,
        injections=shown,
        false_ids=false_ids[-FALSE_IDS_MAX:],
    )


def percentile(values: Sequence[float], share: float) -> float | None:
    """Nearest-rank percentile: a value that was measured. None without values."""
    if not values:
        return None
    return sorted(values)[max(0, math.ceil(share * len(values)) - 1)]


def _judge(
    injection: Injection,
    episodes: Sequence[Episode],
    true_ids: Collection[str],
    gaps: Collection[Gap],
    now: datetime | None,
) -> tuple[Injection, str | None]:
    """The injection as shown, and which count it belongs to: None for what is not expected or was hidden."""
    hits = [episode for episode in episodes if touches(injection, episode) and alive_together(injection, episode)]
    if not injection.expected:
        alarms = [hit for hit in hits if hit.id not in true_ids and opened_during(injection, hit)]
        known = bool(alarms) if injection.strikes else None
        return injection.model_copy(update={"found": known, "anomaly_id": alarms[0].id if alarms else None}), None
    if hits:
        delay = max(0.0, (hits[0].opened - injection.market_time).total_seconds())
        update = {"found": True, "anomaly_id": hits[0].id, "delay_seconds": round(delay, 3)}
        return injection.model_copy(update=update), "found"
    if now is None or injection.ended_at is None or now <= injection.ended_at + GRACE:
        return injection, "pending"
    if observable(injection, gaps, now) < min(OBSERVABLE, injection.ended_at - injection.market_time):
        return injection, None
    return injection.model_copy(update={"found": False}), "missed"
