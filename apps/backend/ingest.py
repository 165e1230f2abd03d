"""What happens to a publisher's batch: checked, broadcast at once, kept, acknowledged when the store has it (D8)."""

from __future__ import annotations

import logging
import time
from collections import OrderedDict

from apps.backend.board import Boards, stream_of
from apps.backend.errors import ApiError
from apps.backend.live import Live
from apps.backend.metrics import Metrics
from apps.backend.settings import Settings
from apps.backend.store import Arrived, EpochRefused, Store, Wanted
from apps.backend.truth import Truth
from apps.contracts.api import ExternalAnomalies, IngestRequest
from apps.contracts.enums import ErrorCode, MarketState, Source, StorageState
from apps.contracts.events import AnomalyEvent, SignalEvent, StatusEvent, Stream
from apps.contracts.frames import Frame

log = logging.getLogger(__name__)

STREAMS_MAX = 1_000
_Line = tuple[Source, str, str]
"""(source, run, symbol): what an epoch fences."""


class Ingest:
    """Remembers per stream what was broadcast and acknowledged, and per line the highest epoch."""

    def __init__(self, settings: Settings, store: Store, live: Live, truth: Truth, metrics: Metrics) -> None:
        self._settings, self._store, self._live = settings, store, live
        self._truth, self._metrics = truth, metrics
        self.boards = Boards()
        self._epochs: dict[_Line, int] = {}
        self._sent: OrderedDict[Stream, int] = OrderedDict()
        self._acked: OrderedDict[Stream, int] = OrderedDict()
        self._heard: Stream | None = None

    async def start(self) -> None:
        """Learn from the store what was before."""
        for known in await self._store.streams():
            self._raise_epoch(known.stream)
            _remember(self._sent, known.stream, known.highest)
        stored = await self._store.snapshot(
            Wanted(self._settings.source, run=self._settings.run_id or None), until_publish=None
        )
        if stored is not None:
            event = StatusEvent.model_validate_json(stored.status) if stored.status else None
            self._truth.start_from(event.body if event else None, event.t_publish if event else 0.0, stored.anomalies)
            self._heard = stored.known.stream

    async def accept(self, request: IngestRequest) -> int:
        """The highest contiguous seq stored. Raises ApiError for what contradicts itself or comes too late."""
        began = time.perf_counter()
        stream = Stream(
            source=request.source, run=request.run, symbol=request.symbol, day=request.day, epoch=request.epoch
        )
        check(stream, request)
        late = request.epoch < self._epochs.get(_line(stream), 0)
        arrived = [Arrived(event, event.model_dump_json()) for event in request.events]
        if not late:
            self._raise_epoch(stream)
            self._show(stream, arrived, request, began)
        if not arrived and not late and stream in self._acked:
            return self._acked[stream]
        try:
            acked = await self._store.ingest(stream, arrived, late=late)
        except EpochRefused:
            raise ApiError(
                ErrorCode.EPOCH_REFUSED,
                f"Epoch {request.epoch} is over: epoch {self._epochs[_line(stream)]} has been seen, and every event "
                "of this batch is already kept. Stop publishing under it.",
                field="epoch",
            ) from None
        _remember(self._acked, stream, acked)
        return acked

    async def accept_external(self, batch: ExternalAnomalies, state: MarketState) -> int:
        """Third-party anomalies; how many there were, known ones included."""
        if batch.count != len(batch.anomalies):
            raise ApiError(ErrorCode.VALIDATION, "count is not the number of anomalies", field="count")
        for stream, arrived in await self._store.append_external(batch.anomalies, state, time.time() * 1000):
            self._live.event(stream, arrived, None)
        return len(batch.anomalies)

    async def keep_boards(self) -> None:
        """Write the boards that changed: a restart then begins with the last picture."""
        for stream, board in self.boards.changed():
            await self._store.save_board(stream, board.stored())

    def _show(self, stream: Stream, arrived: list[Arrived], request: IngestRequest, began: float) -> None:
        """Broadcast what was not broadcast before, events first: the frame may already reflect them."""
        ours = stream.source is self._settings.source
        if ours and stream != self._heard:
            self._heard = stream
            self._truth.start_from(None, 0.0, ())
        sent = self._sent.get(stream, 0)
        for item in arrived:
            if item.event.seq <= sent:
                continue
            self._live.event(stream, item, began)
            if ours:
                self._truth.hear(item.event)
            if isinstance(item.event, SignalEvent):
                self._metrics.signals.inc()
        if arrived:
            _remember(self._sent, stream, max(sent, arrived[-1].event.seq))
        frame = None if request.frame is None else self._with_our_storage(request.frame)
        if frame is not None and self.boards.apply(frame):
            if ours:
                self._truth.hear_frame(frame)
            self._live.frame(frame, began)

    def _with_our_storage(self, frame: Frame) -> Frame:
        """The frame, saying that events wait while our store refuses them."""
        waits = self._store.problem is not None and frame.storage is StorageState.OK
        return frame.model_copy(update={"storage": StorageState.WAITING}) if waits else frame

    def _raise_epoch(self, stream: Stream) -> None:
        line = _line(stream)
        self._epochs[line] = max(self._epochs.get(line, 0), stream.epoch)


def _line(stream: Stream) -> _Line:
    return stream.source, stream.run, stream.symbol


def _remember(known: OrderedDict[Stream, int], stream: Stream, value: int) -> None:
    known[stream] = value
    known.move_to_end(stream)
    if len(known) > STREAMS_MAX:
        known.popitem(last=False)


def check(stream: Stream, request: IngestRequest) -> None:
    """What the models cannot see: consecutive seq, and everything of one stream. Raises ApiError 422."""
    for place, event in enumerate(request.events):
        if event.seq != request.first_seq + place:
            raise _wrong(f"events.{place}.seq", "seq must rise by one from first_seq")
        if isinstance(event, AnomalyEvent):
            anomaly = event.body
            told = (anomaly.source, anomaly.run, anomaly.symbol, anomaly.day)
            if told != (stream.source, stream.run, stream.symbol, stream.day):
                raise _wrong(f"events.{place}.body", "the anomaly is of another stream")
        elif isinstance(event, SignalEvent) and event.body.source is not stream.source:
            raise _wrong(f"events.{place}.body.source", "the signal is of another source")
    if request.frame is not None and stream_of(request.frame) != stream:
        raise _wrong("frame", "the frame is of another stream")
    if stream.source is Source.EXTERNAL:
        raise _wrong("source", "external anomalies come through POST /anomalies")


def _wrong(field: str, message: str) -> ApiError:
    return ApiError(ErrorCode.VALIDATION, message, field=field)
