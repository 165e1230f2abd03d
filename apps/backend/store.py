"""The seam to a store: what is kept and how it is asked for. No implementation lives here (D9)."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from apps.contracts.anomalies import Anomaly
from apps.contracts.api import ExternalAnomaly
from apps.contracts.enums import MarketState, Source
from apps.contracts.events import Decision, Event, Gap, Stream


class StorageFull(Exception):
    """The disk or the store's own limit is full. Nothing of the failed write is kept."""


class StorageUnavailable(Exception):
    """The store cannot answer now; the cause is logged."""


class StoreCorrupt(Exception):
    """The store's file cannot be used; the message says what to do. The file is left as it is."""


class EpochRefused(Exception):
    """A lower epoch than the highest seen brought nothing that is lacking (D8)."""


class BadCursor(ValueError):
    """The cursor is not one of ours."""


class Arrived(NamedTuple):
    """A durable event with its JSON as it will be kept and sent."""

    event: Event
    json: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which stream a read is about; what is None is the latest."""

    source: Source
    run: str | None = None
    symbol: str | None = None
    day: str | None = None
    epoch: int | None = None


@dataclass(frozen=True, slots=True)
class KnownStream:
    """A stream as the store has it. `highest` may lie above a hole that `acked` stops at."""

    stream: Stream
    acked: int
    highest: int


@dataclass(frozen=True, slots=True)
class Board:
    """The newest frame of a stream: its header without cells, and all cells, as JSON."""

    header: str
    cells: str


@dataclass(frozen=True, slots=True)
class StoredSnapshot:
    """One consistent reading of a stream. JSON texts are as they were kept."""

    known: KnownStream
    board: Board | None
    status: str | None
    anomalies: tuple[Anomaly, ...]
    gaps: tuple[Gap, ...]


@dataclass(frozen=True, slots=True)
class Page:
    """A page of JSON texts and where the next begins."""

    items: tuple[str, ...]
    cursor: str | None


@dataclass(frozen=True, slots=True)
class AnomalyQuery:
    """Bounds on the opening time, milliseconds; `until_publish` hides what was published later (display delay)."""

    wanted: Wanted
    limit: int
    cursor: str | None = None
    from_ms: int | None = None
    to_ms: int | None = None
    until_publish: float | None = None


class Store(Protocol):
    """Everything the backend asks of a store. Methods may raise StorageFull and StorageUnavailable."""

    problem: str | None
    """Why the last write failed; None after one that did not."""

    async def start(self) -> None:
        """Open. Raises StoreCorrupt."""
        ...

    async def stop(self) -> None:
        """Finish what was accepted, then close."""
        ...

    async def streams(self) -> list[KnownStream]:
        """Every stream kept, oldest first."""
        ...

    async def ingest(self, stream: Stream, events: Sequence[Arrived], *, late: bool) -> int:
        """Keep events; the highest contiguous seq now stored. `late` streams raise EpochRefused if nothing lacked."""
        ...

    async def append_external(
        self, anomalies: Sequence[ExternalAnomaly], state: MarketState, received_ms: float
    ) -> list[tuple[Stream, Arrived]]:
        """Keep third-party anomalies under source `external`; what was new, with the seq it got."""
        ...

    async def save_board(self, stream: Stream, board: Board) -> None:
        """Keep the newest frame of a stream."""
        ...

    async def save_decision(self, decision: Decision) -> None:
        """Keep a bot's decision; the same id again replaces it."""
        ...

    async def find(self, wanted: Wanted) -> KnownStream | None:
        """The stream meant, or None."""
        ...

    async def newest_epoch(self, stream: Stream) -> int:
        """Highest epoch of the stream's source, run, symbol and day."""
        ...

    async def snapshot(self, wanted: Wanted, *, until_publish: float | None) -> StoredSnapshot | None:
        """One consistent reading."""
        ...

    async def events(self, stream: Stream, after: int, limit: int, *, until_publish: float | None) -> list[str]:
        """Ascending seq."""
        ...

    async def newest(self, wanted: Wanted, kind: str, *, until_publish: float | None) -> str | None:
        """The newest event of one type of the stream's day, any epoch."""
        ...

    async def samples(self, wanted: Wanted, table: str, limit: int, *, until_publish: float | None) -> list[str]:
        """Events of a day's table (spymarket, flow), ascending, thinned evenly to `limit`."""
        ...

    async def gaps(self, wanted: Wanted, *, until_publish: float | None) -> list[Gap]:
        """The day's gaps, each in its last state."""
        ...

    async def anomalies(self, query: AnomalyQuery) -> Page:
        """Newest opening first."""
        ...

    async def signals(self, wanted: Wanted, limit: int, cursor: str | None, *, until_publish: float | None) -> Page:
        """Newest first."""
        ...

    async def decisions(self, limit: int, cursor: str | None) -> Page:
        """Newest first."""
        ...
