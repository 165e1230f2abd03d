"""The control port: clock, scenario and faults as HTTP and JSON, on loopback. Never tells the truth of a day."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, Any, TypeVar

import uvicorn
from pydantic import Field, ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from apps.contracts.api import ClockAnswer, ClockRequest, ErrorAnswer, ErrorBody, ScenarioAnswer, ScenarioFault
from apps.contracts.base import Model, Token
from apps.contracts.enums import ErrorCode
from apps.simulator.changes import Version
from apps.simulator.faults import KINDS, FaultError, FaultKind
from apps.simulator.server import Gateway

LONG_POLL_SECONDS = 25.0
BODY_BYTES_MAX = 10_000
STATUS = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.VALIDATION: 422,
    ErrorCode.INTERNAL: 500,
}
Body = TypeVar("Body", bound=Model)
log = logging.getLogger(__name__)


class FaultRequest(Model):
    """POST /faults: start a fault now. `seconds` of market time, null until cleared."""

    what: Token
    seconds: Annotated[float, Field(gt=0, le=86_400)] | None = None
    parameters: dict[Token, float | str | bool | None] = Field(default_factory=dict, max_length=20)


class Refused(Exception):
    """A request that is answered with the one error shape."""

    def __init__(self, code: ErrorCode, message: str, field: str | None = None) -> None:
        super().__init__(message)
        self.code, self.message, self.field = code, message, field


class Control:
    """The endpoints over one gateway."""

    def __init__(self, gateway: Gateway) -> None:
        self._gateway = gateway

    async def health(self, _: Request) -> Response:
        """Alive, who is connected, and what went wrong so far, counted."""
        gateway = self._gateway
        return JSONResponse(
            {
                "status": "ok",
                "service": "simulator",
                "scenario": gateway.world.name,
                "clients": sorted(s.client_id for s in gateway.sessions if s.client_id is not None),
                "lines": gateway.lines_used(),
                "counters": dict(gateway.counters),
            }
        )

    async def clock(self, request: Request) -> Response:
        """The clock; with ?after=N it waits for a newer version."""
        await _wait(request, self._gateway.clock.version)
        return _model(self._gateway.clock.answer())

    async def set_clock(self, request: Request) -> Response:
        """Another rate from now on."""
        asked = await _body(request, ClockRequest)
        self._gateway.clock.set_rate(asked.rate)
        # What is left of a fault is told in wall seconds, so that its followers must hear of the rate too.
        self._gateway.faults.version.changed()
        return _model(self._gateway.clock.answer())

    async def scenario(self, request: Request) -> Response:
        """What is broken on purpose now; with ?after=N it waits for a change."""
        gateway = self._gateway
        await _wait(request, gateway.faults.version)
        return _model(
            ScenarioAnswer(
                scenario=gateway.world.name,
                labels=gateway.world.labels,
                symbol=gateway.world.symbol,
                session=gateway.world.session.day.isoformat(),
                version=gateway.faults.version.number,
                active=tuple(gateway.faults.as_told(fault) for fault in gateway.faults.all_active),
            )
        )

    async def kinds(self, _: Request) -> Response:
        """Every fault there is, with its parameters."""
        return JSONResponse({"faults": [_described(kind) for kind in KINDS.values()]})

    async def begin(self, request: Request) -> Response:
        """Start a fault."""
        asked = await _body(request, FaultRequest)
        try:
            fault = await self._gateway.begin_fault(asked.what, asked.seconds, dict(asked.parameters))
        except FaultError as error:
            raise Refused(ErrorCode.VALIDATION, str(error), error.where) from error
        return _model(self._gateway.faults.as_told(fault), status=201)

    async def end(self, request: Request) -> Response:
        """Clear a fault."""
        fault_id = request.path_params["fault_id"]
        if await self._gateway.end_fault(fault_id) is None:
            raise Refused(ErrorCode.NOT_FOUND, "No fault of this id holds now; GET /scenario lists those that do.")
        return Response(status_code=204)


def application(gateway: Gateway) -> Starlette:
    """The control port's application."""
    control = Control(gateway)
    return Starlette(
        routes=[
            Route("/health", control.health),
            Route("/clock", control.clock),
            Route("/clock", control.set_clock, methods=["POST"]),
            Route("/scenario", control.scenario),
            Route("/faults", control.kinds),
            Route("/faults", control.begin, methods=["POST"]),
            Route("/faults/{fault_id:str}", control.end, methods=["DELETE"]),
        ],
        exception_handlers={Refused: _refused, HTTPException: _http_error, Exception: _failed},
    )


class ControlServer(uvicorn.Server):
    """uvicorn inside our loop: signals are ours."""

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Leave them alone."""
        yield


def server(gateway: Gateway) -> ControlServer:
    """A server for `serve(sockets=[...])`; set `should_exit` to end it."""
    return ControlServer(
        uvicorn.Config(
            application(gateway),
            log_config=None,
            access_log=False,
            lifespan="off",
            ws="none",
            timeout_graceful_shutdown=1,
            server_header=False,
        )
    )


async def _wait(request: Request, version: Version) -> None:
    after = request.query_params.get("after")
    if after is None:
        return
    if not after.isdecimal() or len(after) > 15:
        raise Refused(ErrorCode.VALIDATION, "after is the version of the last answer, a whole number.", "after")
    await version.newer_than(int(after), LONG_POLL_SECONDS)


async def _body(request: Request, model: type[Body]) -> Body:
    """The validated body. A type is asked for, so that a foreign page cannot post here without asking first."""
    if request.headers.get("content-type", "").split(";")[0].strip().lower() != "application/json":
        raise Refused(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send the body as application/json.")
    data = b""
    async for chunk in request.stream():
        data += chunk
        if len(data) > BODY_BYTES_MAX:
            raise Refused(ErrorCode.TOO_LARGE, f"A body has at most {BODY_BYTES_MAX} bytes here.")
    try:
        return model.model_validate_json(data)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False, include_context=False)[0]
        where = ".".join(str(part) for part in first["loc"])[:400] or None
        raise Refused(ErrorCode.VALIDATION, f"{first['msg']}: {where or 'body'}", where) from error


def _model(answer: ClockAnswer | ScenarioAnswer | ScenarioFault | ErrorAnswer, status: int = 200) -> Response:
    return Response(answer.model_dump_json(), status_code=status, media_type="application/json")


def _described(kind: FaultKind) -> dict[str, Any]:
    parameters = [
        {
            "name": parameter.name,
            "doc": parameter.doc,
            "default": parameter.default,
            "required": parameter.required,
            **({"choices": parameter.choices} if parameter.choices else {}),
            **({"least": parameter.least, "most": parameter.most} if parameter.numeric else {}),
        }
        for parameter in kind.parameters
    ]
    return {"what": kind.name, "doc": kind.doc, "parameters": parameters}


def _error(code: ErrorCode, message: str, field: str | None = None, status: int | None = None) -> Response:
    answer = ErrorAnswer(error=ErrorBody(code=code, message=message[:400], field=field))
    return _model(answer, status or STATUS[code])


async def _refused(_: Request, error: Exception) -> Response:
    assert isinstance(error, Refused)  # noqa: S101  registered for this type only
    return _error(error.code, error.message, error.field)


async def _http_error(request: Request, error: Exception) -> Response:
    status = error.status_code if isinstance(error, HTTPException) else 500
    if status == 405:
        return _error(ErrorCode.METHOD_NOT_ALLOWED, f"{request.url.path[:60]} does not take {request.method[:10]}.")
    if status == 404:
        paths = "/health, /clock, /scenario, /faults"
        return _error(ErrorCode.NOT_FOUND, f"There is no {request.url.path[:60]} here; the control port has {paths}.")
    return _error(ErrorCode.BAD_REQUEST, "The request could not be read.", status=status)


async def _failed(request: Request, _: Exception) -> Response:
    log.error("control request %s failed", request.url.path[:60])
    return _error(ErrorCode.INTERNAL, "The simulator failed on this request; its log says why.")
