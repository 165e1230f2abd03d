"""Answers made from what the store keeps, as one audience may see it. JSON texts are passed on, not parsed again."""

from __future__ import annotations

from collections.abc import Iterable

from pydantic import TypeAdapter
from starlette.responses import Response

from apps.backend.board import LiveBoard, restored
from apps.backend.life import Backend
from apps.backend.policy import (
    Audience,
    derived_anomaly,
    derived_cell,
    derived_event,
    derived_frame,
    derived_signal,
    derived_status,
)
from apps.backend.store import StoredSnapshot
from apps.backend.truth import as_of_now
from apps.contracts.anomalies import Anomaly
from apps.contracts.api import Snapshot
from apps.contracts.base import Model
from apps.contracts.enums import Source
from apps.contracts.events import EVENT_ADAPTER, Decision, Signal, Status, StatusEvent
from apps.contracts.frames import Frame
from apps.service.clock import wall_ms

SIGNALS: TypeAdapter[Signal] = TypeAdapter(Signal)


def json_answer(text: str | bytes) -> Response:
    """JSON that nobody may keep."""
    return Response(text, media_type="application/json", headers={"Cache-Control": "no-store"})


def answer(model: Model) -> Response:
    """A model as an answer."""
    return json_answer(model.model_dump_json())


def events_json(texts: Iterable[str], audience: Audience) -> str:
    """A JSON array of events."""
    if audience is Audience.DERIVED:
        texts = (derived_event(EVENT_ADAPTER.validate_json(text)).model_dump_json() for text in texts)
    return f"[{','.join(texts)}]"


def anomalies_json(texts: Iterable[str], audience: Audience) -> str:
    """A JSON array of anomalies."""
    if audience is Audience.DERIVED:
        texts = (derived_anomaly(Anomaly.model_validate_json(text)).model_dump_json() for text in texts)
    return f"[{','.join(texts)}]"


def signals_json(texts: Iterable[str], audience: Audience) -> str:
    """A JSON array of signals."""
    if audience is Audience.DERIVED:
        texts = (derived_signal(SIGNALS.validate_json(text)).model_dump_json() for text in texts)
    return f"[{','.join(texts)}]"


def decisions_json(texts: Iterable[str], audience: Audience) -> str:
    """A JSON array of decisions. Their free text may quote a price, and no decision waits for a display delay."""
    if audience is not Audience.FULL:
        found = (Decision.model_validate_json(text) for text in texts)
        texts = (decision.model_copy(update={"text": ""}).model_dump_json() for decision in found)
    return f"[{','.join(texts)}]"


def watermark(source: Source, audience: Audience) -> Source | None:
    """What every view must carry; None only for live data shown to its owner."""
    if source is not Source.LIVE:
        return source
    return {Audience.FULL: None, Audience.DELAYED: Source.DELAYED, Audience.DERIVED: Source.LIVE}[audience]


def board_for(backend: Backend, stored: StoredSnapshot, audience: Audience, until: float | None) -> LiveBoard | None:
    """The picture that this audience may see: in memory, or kept before a restart."""
    stream = stored.known.stream
    boards = backend.live.late_boards if audience is Audience.DELAYED else backend.ingest.boards
    board = boards.get(stream)
    if board is None and stored.board is not None:
        board = restored(stored.board)
        if until is not None and board.header.t_publish > until:
            return None
    return board


def _header(board: LiveBoard | None, audience: Audience) -> Frame | None:
    if board is None:
        return None
    header = board.header.model_copy(update=as_of_now(board.header, board.header.t_publish))
    return derived_frame(header) if audience is Audience.DERIVED else header


def _status(stored: StoredSnapshot, audience: Audience) -> Status | None:
    if stored.status is None:
        return None
    event = StatusEvent.model_validate_json(stored.status)
    status = event.body.model_copy(update=as_of_now(event.body, event.t_publish))
    return derived_status(status) if audience is Audience.DERIVED else status


def empty_snapshot(backend: Backend, source: Source, audience: Audience) -> Snapshot:
    """Before the first event."""
    return Snapshot(
        stream=None,
        seq=0,
        frame=0,
        t_server=wall_ms(),
        header=None,
        cells=[],
        status=None,
        anomalies=[],
        gaps=[],
        policy=backend.settings.display_policy,
        watermark=watermark(source, audience),
    )


def snapshot_of(backend: Backend, stored: StoredSnapshot, audience: Audience, until: float | None) -> Snapshot:
    """Everything a page needs to start."""
    board = board_for(backend, stored, audience, until)
    cells = [] if board is None else board.listed()
    anomalies = list(stored.anomalies)
    if audience is Audience.DERIVED:
        cells = [derived_cell(cell) for cell in cells]
        anomalies = [derived_anomaly(anomaly) for anomaly in anomalies]
    return Snapshot(
        stream=stored.known.stream,
        seq=stored.known.acked,
        frame=0 if board is None else board.header.frame,
        t_server=wall_ms(),
        header=_header(board, audience),
        cells=cells,
        status=_status(stored, audience),
        anomalies=anomalies,
        gaps=list(stored.gaps),
        policy=backend.settings.display_policy,
        watermark=watermark(stored.known.stream.source, audience),
    )
