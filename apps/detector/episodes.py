"""The life of anomalies: opened, updated, closed. Pure; all memory in market seconds, never in scans (D5).

A finding of a scan is a candidate. It opens an episode after it has lasted, is followed while it is seen, and closes
after it has been away. What was measured is another module's business: here are only times, severities and numbers.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace

from apps.contracts.enums import SEVERITY_ORDER, CloseReason, EpisodeStatus, Kind, Severity

Key = tuple[Kind, float, bool]
"""(kind, strike, is call): one open episode at a time."""

OPEN_SAMPLES = 1
"""An anomaly lasts at least so many samples of its line: at the broker's own pace of 0.1 s `open_seconds` is longer; a
hurried clock samples every line at one instant, and there a bad quote must be seen in the next sample again."""

_LEVELS = (Severity.LOW, Severity.MEDIUM, Severity.HIGH)
_EPSILON = 1e-6
_COOLS_DOWN = frozenset({CloseReason.REVERTED, CloseReason.STALE})
"""Only what ended by itself must rest before it may open again; a gap or a halt is no flicker."""


@dataclass(frozen=True, slots=True)
class EpisodeSettings:
    """Market seconds. `high_updates`: distinct quotes of the culprit, the one that made the anomaly included."""

    open_seconds: float = 0.5
    high_seconds: float = 1.0
    high_updates: int = 2
    close_seconds: float = 2.0
    fall_seconds: float = 2.0
    cooldown_seconds: float = 30.0
    update_seconds: float = 5.0


@dataclass(frozen=True, slots=True)
class Sighting:
    """One finding as the life cycle needs it. `updates`: quote changes of the culprit since its subscription."""

    key: Key
    severity: Severity
    updates: int


@dataclass(frozen=True, slots=True)
class Episode:
    """An open episode. Times in market seconds since 1970; `held` is true while persistence holds HIGH down."""

    key: Key
    number: int
    opened_at: float
    severity: Severity
    highest: Severity
    held: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """Something to tell: the episode as it is after the change. `rose` is true at a higher severity than ever."""

    status: EpisodeStatus
    episode: Episode
    rose: bool = False
    reason: CloseReason | None = None


@dataclass(slots=True)
class _Track:
    """Memory of one key: how long seen without a break at each level, and how long away."""

    since: dict[Severity, float]
    seen_updates: int
    distinct: int = 1
    absent_since: float | None = None
    below_since: float | None = None
    told_at: float = 0.0
    episode: Episode | None = None


@dataclass(slots=True)
class Episodes:
    """All episodes of one stream. `numbers`: the last episode number of each key ever given (D5: last stored + 1)."""

    settings: EpisodeSettings = field(default_factory=EpisodeSettings)
    numbers: dict[Key, int] = field(default_factory=dict)
    _tracks: dict[Key, _Track] = field(default_factory=dict)
    _resting_until: dict[Key, float] = field(default_factory=dict)
    _open_seconds: float = 0.0
    _high_seconds: float = 0.0

    @property
    def open(self) -> list[Episode]:
        """Open episodes, oldest first."""
        return sorted((t.episode for t in self._tracks.values() if t.episode), key=lambda e: (e.opened_at, e.key))

    def severities(self) -> Mapping[tuple[float, bool], Severity]:
        """Worst open severity of each contract."""
        worst: dict[tuple[float, bool], Severity] = {}
        for episode in self.open:
            contract = episode.key[1:]
            known = worst.get(contract)
            if known is None or SEVERITY_ORDER[episode.severity] > SEVERITY_ORDER[known]:
                worst[contract] = episode.severity
        return worst

    def restore(self, episodes: Iterable[Episode], now: float) -> None:
        """Take up open episodes of an earlier holder; the next scans decide whether they are still there."""
        for episode in episodes:
            self.numbers[episode.key] = max(self.numbers.get(episode.key, 0), episode.number)
            since = dict.fromkeys(_LEVELS[: SEVERITY_ORDER[episode.severity]], episode.opened_at)
            self._tracks[episode.key] = _Track(since, -1, self.settings.high_updates, told_at=now, episode=episode)

    def resting(self, now: float) -> dict[Key, float]:
        """Keys that may not open again yet, and until when."""
        return {key: until for key, until in self._resting_until.items() if until > now}

    def rest(self, until: Mapping[Key, float]) -> None:
        """Take up an earlier holder's cool-downs."""
        self._resting_until.update(until)

    def step(
        self,
        now: float,
        sightings: Sequence[Sighting],
        why_absent: Callable[[Key], CloseReason],
        *,
        update_seconds: float | None = None,
        sampling_seconds: float = 0.1,
    ) -> list[Change]:
        """One scan at market time `now`. `why_absent(key)` names the close reason of one that is not seen.

        `update_seconds` overrides how seldom an unchanged severity is told again. `sampling_seconds`: how often the
        broker samples a line, in market seconds; where a fast simulated clock makes that long, an anomaly must last
        several samples all the same. Changes come oldest key first.
        """
        self._open_seconds = max(self.settings.open_seconds, OPEN_SAMPLES * sampling_seconds)
        self._high_seconds = max(self.settings.high_seconds, 2 * OPEN_SAMPLES * sampling_seconds)
        seen = {sighting.key: sighting for sighting in _worst_of_each(sightings)}
        changes: list[Change] = []
        for key in [key for key in self._tracks if key not in seen]:
            changes += self._absent(key, now, why_absent)
        for sighting in seen.values():
            track = self._follow(sighting, now)
            changes += self._judge(track, sighting, now, update_seconds or self.settings.update_seconds)
        return changes

    def close_all(self, now: float, reason: CloseReason) -> list[Change]:
        """End every episode and forget every candidate: a gap, a halt, the end of the session."""
        closed = [self._close(episode, now, reason) for episode in self.open]
        self._tracks.clear()
        return closed

    def _follow(self, sighting: Sighting, now: float) -> _Track:
        track = self._tracks.get(sighting.key)
        if track is None:
            track = self._tracks[sighting.key] = _Track({}, sighting.updates)
        track.absent_since = None
        if track.seen_updates < 0:
            track.seen_updates = sighting.updates
        fresh = sighting.updates - track.seen_updates
        track.distinct += fresh if fresh >= 0 else sighting.updates  # counts restart with a new subscription
        track.seen_updates = sighting.updates
        for level in _LEVELS:
            if SEVERITY_ORDER[sighting.severity] >= SEVERITY_ORDER[level]:
                track.since.setdefault(level, now)
            else:
                track.since.pop(level, None)
        return track

    def _judge(self, track: _Track, sighting: Sighting, now: float, update_seconds: float) -> list[Change]:
        proven = self._proven(track, now)
        held = sighting.severity is Severity.HIGH and proven is not Severity.HIGH
        if track.episode is None:
            if proven is None or now < self._resting_until.get(sighting.key, float("-inf")) - _EPSILON:
                return []
            return [self._open(track, sighting.key, proven, now, held=held)]
        before = track.episode
        severity = self._severity(track, before.severity, sighting.severity, proven, now)
        rose = SEVERITY_ORDER[severity] > SEVERITY_ORDER[before.highest]
        after = replace(before, severity=severity, highest=severity if rose else before.highest, held=held)
        track.episode = after
        if severity is before.severity and now - track.told_at < update_seconds - _EPSILON:
            return []
        track.told_at = now
        return [Change(EpisodeStatus.UPDATE, after, rose=rose)]

    def _proven(self, track: _Track, now: float) -> Severity | None:
        """The highest severity that has lasted long enough."""
        proven = None
        for level in _LEVELS:
            needed = self._high_seconds if level is Severity.HIGH else self._open_seconds
            enough = level is not Severity.HIGH or track.distinct >= self.settings.high_updates
            if level in track.since and now - track.since[level] >= needed - _EPSILON and enough:
                proven = level
        return proven

    def _severity(
        self, track: _Track, shown: Severity, seen: Severity, proven: Severity | None, now: float
    ) -> Severity:
        if proven is not None and SEVERITY_ORDER[proven] >= SEVERITY_ORDER[shown]:
            track.below_since = None
            return proven
        if SEVERITY_ORDER[seen] >= SEVERITY_ORDER[shown]:
            track.below_since = None
            return shown
        if track.below_since is None:
            track.below_since = now
        if now - track.below_since < self.settings.fall_seconds - _EPSILON:
            return shown
        track.below_since = None
        return proven or seen

    def _open(self, track: _Track, key: Key, severity: Severity, now: float, *, held: bool) -> Change:
        self.numbers[key] = number = self.numbers.get(key, 0) + 1
        self._resting_until.pop(key, None)
        track.told_at = now
        track.episode = Episode(key, number, now, severity, severity, held)
        return Change(EpisodeStatus.OPEN, track.episode, rose=True)

    def _absent(self, key: Key, now: float, why_absent: Callable[[Key], CloseReason]) -> list[Change]:
        track = self._tracks[key]
        if track.episode is None:  # a candidate must be seen without a break
            del self._tracks[key]
            return []
        track.since.clear()
        if track.absent_since is None:
            track.absent_since = now
        reason = why_absent(key)
        patience = self.settings.close_seconds if reason in _COOLS_DOWN else 0.0
        if now - track.absent_since < patience - _EPSILON:
            return []
        del self._tracks[key]
        return [self._close(track.episode, now, reason)]

    def _close(self, episode: Episode, now: float, reason: CloseReason) -> Change:
        if reason in _COOLS_DOWN:
            self._resting_until[episode.key] = now + self.settings.cooldown_seconds
        return Change(EpisodeStatus.CLOSED, episode, reason=reason)


def _worst_of_each(sightings: Sequence[Sighting]) -> list[Sighting]:
    """One sighting a key, the most severe: a scan may find several leg sets around one culprit."""
    worst: dict[Key, Sighting] = {}
    for sighting in sightings:
        known = worst.get(sighting.key)
        if known is None or SEVERITY_ORDER[sighting.severity] > SEVERITY_ORDER[known.severity]:
            worst[sighting.key] = sighting
    return list(worst.values())
