"""What a successor needs: open episodes, scan memory, flow totals, episode numbers, when quotes were last seen.

Written whole at least every 5 s. Episodes are not trusted to it alone: events in the spool that are newer than the
checkpoint are applied on top, so that no number is given twice and no open episode is forgotten.
"""

from __future__ import annotations

import json
import logging
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from pydantic import TypeAdapter, ValidationError

from apps.contracts.anomalies import Anomaly
from apps.contracts.enums import EpisodeStatus, Kind, Source
from apps.contracts.events import EVENT_ADAPTER, AnomalyEvent, Stream
from apps.detector.anomaly_record import episode_key
from apps.detector.episodes import Key
from apps.service.atomic import write_atomically
from apps.service.spool_record import Record, market_time_of

log = logging.getLogger(__name__)

CHECKPOINT_SECONDS = 4.0
_VERSION = 1
_ANOMALIES = TypeAdapter(list[Anomaly])


@dataclass(slots=True)
class Checkpoint:
    """One moment of a holder. `seq` of its epoch is the last event it reflects; times in market seconds."""

    stream: Stream
    seq: int
    market_time: float
    last_quote: float | None
    numbers: dict[Key, int] = field(default_factory=dict)
    resting_until: dict[Key, float] = field(default_factory=dict)
    open: list[Anomaly] = field(default_factory=list)
    memory: dict[str, Any] | None = None
    flow: dict[str, Any] | None = None
    followed: list[dict[str, Any]] = field(default_factory=list)

    def same_session(self, source: Source, run: str, symbol: str, day: str) -> bool:
        """Whether it speaks of the same session, so that its memory may be used."""
        stream = self.stream
        return (stream.source, stream.run, stream.symbol, stream.day) == (source, run, symbol, day)

    def apply(self, records: Iterable[Record]) -> None:
        """Bring episodes up to date with events told after the checkpoint. Unreadable ones are skipped and logged."""
        current = {episode_key(anomaly): anomaly for anomaly in self.open}
        for record in records:
            if b'"type":"market"' in record.body:
                self._seen_quotes(record)
            if b'"type":"anomaly"' not in record.body:
                continue
            try:
                event = EVENT_ADAPTER.validate_json(record.body)
            except ValidationError:
                log.exception("event %d of the spool cannot be read", record.seq)
                continue
            if isinstance(event, AnomalyEvent):
                self._apply(current, event.body)
        self.open = list(current.values())

    def _seen_quotes(self, record: Record) -> None:
        """A market sample is made from quotes: they were there until then."""
        at = market_time_of(record)
        if at is not None:
            self.last_quote = max(self.last_quote or 0.0, at.timestamp())

    def _apply(self, current: dict[Key, Anomaly], anomaly: Anomaly) -> None:
        key = episode_key(anomaly)
        self.numbers[key] = max(self.numbers.get(key, 0), anomaly.episode)
        if anomaly.status is not EpisodeStatus.CLOSED:
            current[key] = anomaly
        elif key in current and current[key].id == anomaly.id:
            del current[key]


def save(path: Path, checkpoint: Checkpoint) -> None:
    """Write it whole or not at all. Raises OSError."""
    content = {
        "v": _VERSION,
        "stream": checkpoint.stream.model_dump(mode="json"),
        "seq": checkpoint.seq,
        "market_time": checkpoint.market_time,
        "last_quote": checkpoint.last_quote,
        "numbers": [[*key, number] for key, number in checkpoint.numbers.items()],
        "resting_until": [[*key, until] for key, until in checkpoint.resting_until.items()],
        "open": _ANOMALIES.dump_python(checkpoint.open, mode="json"),
        "memory": checkpoint.memory,
        "flow": checkpoint.flow,
        "followed": checkpoint.followed,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps(content, separators=(",", ":"), allow_nan=False).encode())


def load(path: Path) -> Checkpoint | None:
    """The last checkpoint; None when there is none or it cannot be used, which is logged."""
    try:
        content = json.loads(path.read_bytes())
        return _parse(content)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, IndexError):
        log.exception("the checkpoint %s cannot be used; starting without it", path)
        return None


def _parse(content: dict[str, Any]) -> Checkpoint:
    if content["v"] != _VERSION:
        raise ValueError(f"version {content['v']!r}, this program reads {_VERSION}")
    return Checkpoint(
        stream=Stream.model_validate(content["stream"]),
        seq=int(content["seq"]),
        market_time=float(content["market_time"]),
        last_quote=None if content["last_quote"] is None else float(content["last_quote"]),
        numbers={_key(*entry[:3]): int(entry[3]) for entry in content["numbers"]},
        resting_until={_key(*entry[:3]): float(entry[3]) for entry in content["resting_until"]},
        open=_ANOMALIES.validate_python(content["open"]),
        memory=content["memory"],
        flow=content["flow"],
        followed=content["followed"],
    )


def _key(kind: str, strike: float, is_call: bool) -> Key:
    return Kind(kind), float(strike), bool(is_call)
