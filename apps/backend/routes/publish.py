"""Paths of publishers: ingest, third-party anomalies, the bot's decisions."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from apps.backend.access import Publisher, Running, body_of
from apps.backend.answers import answer
from apps.backend.document import answers, takes
from apps.contracts.api import ExternalAccepted, ExternalAnomalies, IngestAnswer, IngestRequest
from apps.contracts.events import Decision

router = APIRouter(tags=["publish"])
shared_router = APIRouter(tags=["publish"])


@router.post(
    "/api/ingest",
    responses=answers(IngestAnswer, 401, 403, 409, 413, 415, 507),
    openapi_extra=takes(IngestRequest),
    summary="A run of durable events and at most one frame",
)
async def ingest(
    backend: Running, _: Publisher, batch: Annotated[IngestRequest, Depends(body_of(IngestRequest))]
) -> Response:
    """Answers when the store has the events. Sending the same again changes nothing and is acknowledged again."""
    return answer(IngestAnswer(acked_seq=await backend.ingest.accept(batch)))


@shared_router.post(
    "/anomalies",
    responses=answers(ExternalAccepted, 401, 403, 413, 415, 507),
    openapi_extra=takes(ExternalAnomalies),
    summary="Anomalies of a third party",
)
async def external(
    backend: Running, _: Publisher, batch: Annotated[ExternalAnomalies, Depends(body_of(ExternalAnomalies))]
) -> Response:
    """Kept and shown under source `external`, apart from our own."""
    state = await backend.calendar.state()
    return answer(ExternalAccepted(count=await backend.ingest.accept_external(batch, state)))


@router.post(
    "/api/decisions",
    responses=answers(Decision, 401, 403, 413, 415, 507),
    openapi_extra=takes(Decision),
    summary="What a bot made of a signal",
)
async def decide(backend: Running, _: Publisher, made: Annotated[Decision, Depends(body_of(Decision))]) -> Response:
    """Kept under its id; the same id again replaces it."""
    await backend.store.save_decision(made)
    return answer(made)
