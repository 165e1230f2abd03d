"""The live precision: scores of a day's episodes added up by what they have in common. Pure; knows no truth file.

An episode scores itself (`Anomaly.score`); here they are only counted and averaged. Unknown stays unknown: a quote that
was gone at an instant is in no count of that instant.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime
from enum import StrEnum
from typing import Annotated
from zoneinfo import ZoneInfo

from pydantic import BaseModel, ConfigDict, Field

from apps.contracts.anomalies import Markout, Score
from apps.contracts.base import Day, Model, SignedPrice, Token, UtcTime
from apps.contracts.enums import Kind, Mover, Severity
from apps.contracts.events import Stream

SCORED_EPISODES_MAX = 20_000
"""Episodes of one day that are added up; a day with more says so."""

SCORE_INSTANTS = (0.25, 0.5, 1.0, 5.0, 30.0, 60.0)
"""Seconds after an opening at which detectors score; a markout of any other instant is passed over."""

GROUPS_MAX = 64
HALF_HOUR_MINUTES = 30
UNKNOWN = "unknown"

_NEW_YORK = ZoneInfo("America/New_York")
_COUNT = Annotated[int, Field(ge=0, le=SCORED_EPISODES_MAX)]


class ScoreBy(StrEnum):
    """What the episodes of a group have in common."""

    KIND = "kind"
    SEVERITY = "severity"
    MONEYNESS = "moneyness"
    HALF_HOUR = "half_hour"


class Moneyness(StrEnum):
    """Of the contract an anomaly names, by its |delta| at the last look: below 0.1, 0.4, 0.6, 0.9, and above."""

    DEEP_OTM = "deep_otm"
    OTM = "otm"
    ATM = "atm"
    ITM = "itm"
    DEEP_ITM = "deep_itm"


_DELTAS = ((0.1, Moneyness.DEEP_OTM), (0.4, Moneyness.OTM), (0.6, Moneyness.ATM), (0.9, Moneyness.ITM))


class ScoreInstant(Model):
    """All scored episodes of a group, `after_seconds` after each opened.

    `executable` of `executable_known` could still be traded with profit after fees. `edge_net` and `hedged_mid` are
    means in $/share over `edge_known` and `hedged_known` episodes; `in_favour` of the latter moved the anomaly's way.
    Null means are unknown, or hidden by the display policy.
    """

    after_seconds: Annotated[float, Field(gt=0, le=3600)]
    executable_known: _COUNT
    executable: _COUNT
    edge_known: _COUNT
    edge_net: SignedPrice | None
    hedged_known: _COUNT
    in_favour: _COUNT
    hedged_mid: SignedPrice | None


class ScoreGroup(Model):
    """Episodes with one thing in common. `unscored` propose a trade and have no score yet; SPREAD and VOLUME do not."""

    group: Token
    episodes: _COUNT
    scored: _COUNT
    unscored: _COUNT
    moved_quote: _COUNT
    moved_fair: _COUNT
    moved_neither: _COUNT
    instants: Annotated[list[ScoreInstant], Field(max_length=12)]


class ScoresAnswer(Model):
    """GET /scores: how the day's episodes turned out, grouped. `complete` is false when the day has more than fit."""

    stream: Stream | None
    day: Day | None
    by: ScoreBy
    complete: bool
    groups: Annotated[list[ScoreGroup], Field(max_length=GROUPS_MAX)]


class ScoredEpisode(BaseModel):
    """The few fields of an anomaly that scores are added up by; whatever else it has is passed over."""

    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)

    kind: Kind
    highest_severity: Severity
    opened_at: UtcTime
    delta: float | None = None
    score: Score | None = None


def moneyness(delta: float | None) -> str:
    """The class of a contract with this delta; `unknown` without one."""
    if delta is None:
        return UNKNOWN
    return next((name for limit, name in _DELTAS if abs(delta) < limit), Moneyness.DEEP_ITM)


def half_hour(moment: datetime) -> str:
    """The start of its half-hour in New York: 10:05 is 10:00."""
    local = moment.astimezone(_NEW_YORK)
    return f"{local.hour:02d}:{local.minute // HALF_HOUR_MINUTES * HALF_HOUR_MINUTES:02d}"


_GROUP_OF: dict[ScoreBy, Callable[[ScoredEpisode], str]] = {
    ScoreBy.KIND: lambda episode: episode.kind,
    ScoreBy.SEVERITY: lambda episode: episode.highest_severity,
    ScoreBy.MONEYNESS: lambda episode: moneyness(episode.delta),
    ScoreBy.HALF_HOUR: lambda episode: half_hour(episode.opened_at),
}
_ORDER: dict[ScoreBy, list[str]] = {
    ScoreBy.KIND: list(Kind),
    ScoreBy.SEVERITY: [Severity.HIGH, Severity.MEDIUM, Severity.LOW],
    ScoreBy.MONEYNESS: [*Moneyness, UNKNOWN],
    ScoreBy.HALF_HOUR: [],
}
_NO_TRADE = frozenset({Kind.SPREAD, Kind.VOLUME})


def score_groups(episodes: Iterable[ScoredEpisode], by: ScoreBy) -> list[ScoreGroup]:
    """One group for each value that occurs, in its natural order; half-hours by the clock."""
    found: dict[str, list[ScoredEpisode]] = {}
    for episode in episodes:
        found.setdefault(str(_GROUP_OF[by](episode)), []).append(episode)
    order = [str(name) for name in _ORDER[by]] or sorted(found)
    return [_group(name, found[name]) for name in order if name in found]


def _group(name: str, episodes: list[ScoredEpisode]) -> ScoreGroup:
    scores = [episode.score for episode in episodes if episode.score is not None]
    moved = [score.moved for score in scores]
    marks = [mark for score in scores for mark in score.markouts]
    return ScoreGroup(
        group=name,
        episodes=len(episodes),
        scored=len(scores),
        unscored=sum(episode.score is None and episode.kind not in _NO_TRADE for episode in episodes),
        moved_quote=moved.count(Mover.QUOTE),
        moved_fair=moved.count(Mover.FAIR),
        moved_neither=moved.count(Mover.NEITHER),
        instants=[_instant(after, [mark for mark in marks if mark.after_seconds == after]) for after in SCORE_INSTANTS],
    )


def _instant(after: float, marks: list[Markout]) -> ScoreInstant:
    executable = [mark.executable for mark in marks if mark.executable is not None]
    edges = [mark.edge_net for mark in marks if mark.edge_net is not None]
    hedged = [mark.hedged_mid for mark in marks if mark.hedged_mid is not None]
    return ScoreInstant(
        after_seconds=after,
        executable_known=len(executable),
        executable=sum(executable),
        edge_known=len(edges),
        edge_net=_mean(edges),
        hedged_known=len(hedged),
        in_favour=sum(value > 0 for value in hedged),
        hedged_mid=_mean(hedged),
    )


def _mean(values: list[float]) -> float | None:
    return round(sum(values) / len(values), 6) if values else None
