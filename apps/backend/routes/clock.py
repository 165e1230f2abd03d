"""Calendar, and the simulation's score and clock (the latter only where nothing is live)."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends
from starlette.responses import Response

from apps.backend.access import Operator, Reader, Running, body_of
from apps.backend.answers import answer
from apps.backend.document import answers, takes
from apps.backend.errors import ApiError
from apps.backend.life import Backend
from apps.backend.simulation import Simulation
from apps.contracts.api import CalendarAnswer, ClockAnswer, ClockRequest, SimulationScore
from apps.contracts.enums import ErrorCode

router = APIRouter(tags=["clock"])


@router.get("/api/calendar", responses=answers(CalendarAnswer, 401, 403), summary="The clock and the days around it")
async def calendar(backend: Running, _: Reader) -> Response:
    """Exchange calendar with half-days and daylight saving, on the simulator's clock when simulated."""
    if not backend.clock_known:
        raise ApiError(ErrorCode.UNAVAILABLE, "The simulator's clock is not known yet; try again", retry_after=1)
    return answer(await backend.calendar.answer())


@router.get(
    "/api/simulation/score",
    responses=answers(SimulationScore, 401, 403, 404),
    summary="Injected, found, missed, false",
)
async def score(backend: Running, _: Reader) -> Response:
    """Simulated sources only."""
    return answer(await _simulation(backend).score())


@router.post(
    "/api/simulation/clock",
    responses=answers(ClockAnswer, 401, 403, 404, 413, 415),
    openapi_extra=takes(ClockRequest),
    summary="How fast the simulated market runs",
)
async def set_clock(
    backend: Running, _: Operator, asked: Annotated[ClockRequest, Depends(body_of(ClockRequest))]
) -> Response:
    """Simulated sources only; the operator's."""
    return answer(await _simulation(backend).set_clock(asked))


def _simulation(backend: Backend) -> Simulation:
    if backend.simulation is None:
        raise ApiError(ErrorCode.NOT_FOUND, "Nothing is simulated here")
    return backend.simulation
