"""The one shape of every error answer, and how exceptions become it. Never tells internals or echoes input."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException
from starlette.responses import Response

from apps.contracts.api import ErrorAnswer, ErrorBody
from apps.contracts.enums import ErrorCode

STATUS_OF = {
    ErrorCode.BAD_REQUEST: 400,
    ErrorCode.UNAUTHENTICATED: 401,
    ErrorCode.FORBIDDEN: 403,
    ErrorCode.NOT_FOUND: 404,
    ErrorCode.METHOD_NOT_ALLOWED: 405,
    ErrorCode.CONFLICT: 409,
    ErrorCode.EPOCH_REFUSED: 409,
    ErrorCode.TOO_LARGE: 413,
    ErrorCode.UNSUPPORTED_MEDIA_TYPE: 415,
    ErrorCode.VALIDATION: 422,
    ErrorCode.RATE_LIMITED: 429,
    ErrorCode.INTERNAL: 500,
    ErrorCode.UNAVAILABLE: 503,
    ErrorCode.STORAGE_FULL: 507,
}
_CODE_OF_STATUS = {status: code for code, status in STATUS_OF.items() if code is not ErrorCode.EPOCH_REFUSED}
_PLAIN_FIELD = re.compile(r"^[A-Za-z0-9_.-]{1,200}$")
_ECHOES = {"union_tag_invalid": "The event's type is none of those this version knows"}


class ApiError(Exception):
    """An answer that is an error. `headers` go with it."""

    def __init__(
        self,
        code: ErrorCode,
        message: str,
        *,
        field: str | None = None,
        retry_after: float | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.code, self.message, self.field, self.retry_after = code, message, field, retry_after
        self.headers = headers or {}

    @property
    def status(self) -> int:
        """HTTP status of the code."""
        return STATUS_OF[self.code]


def error_response(error: ApiError) -> Response:
    """The answer, with Retry-After where there is something to wait for."""
    body = ErrorBody(
        code=error.code, message=error.message[:400], field=error.field, retry_after_seconds=error.retry_after
    )
    headers = {"Cache-Control": "no-store", **error.headers}
    if error.retry_after is not None:
        headers["Retry-After"] = str(max(1, math.ceil(error.retry_after)))
    answer = ErrorAnswer(error=body).model_dump_json(exclude_none=True)
    return Response(answer, error.status, headers, media_type="application/json")


def internal() -> ApiError:
    """What a caller learns about a fault of ours: nothing but that it is logged."""
    return ApiError(ErrorCode.INTERNAL, "Something failed here; it is in our log under this answer's X-Request-ID")


def field_of(location: Sequence[Any]) -> str:
    """Dotted path of a wrong field; a hostile key is not repeated."""
    path = ".".join(str(part) for part in location)
    return path if _PLAIN_FIELD.match(path) else "(a field with an unusual name)"


def validation_error(faults: Sequence[Mapping[str, Any]]) -> ApiError:
    """The first of pydantic's faults as ours."""
    first = faults[0]
    if first["type"] in {"json_invalid", "json_type"}:
        return ApiError(ErrorCode.BAD_REQUEST, "The body is not JSON")
    message = _ECHOES.get(first["type"], str(first["msg"]))
    return ApiError(ErrorCode.VALIDATION, message, field=field_of(first["loc"]))


def install(app: FastAPI) -> None:
    """Register the handlers: ours, the framework's own 404 and 405, wrong input, and everything else."""

    async def ours(_: Request, error: Exception) -> Response:
        assert isinstance(error, ApiError)  # noqa: S101  the registration below guarantees it
        return error_response(error)

    async def framework(_: Request, error: Exception) -> Response:
        assert isinstance(error, HTTPException)  # noqa: S101
        code = _CODE_OF_STATUS.get(error.status_code, ErrorCode.BAD_REQUEST)
        message = {
            ErrorCode.NOT_FOUND: "There is nothing at this path",
            ErrorCode.METHOD_NOT_ALLOWED: "This path does not take this method; see the Allow header",
        }.get(code, "The request could not be read")
        return error_response(ApiError(code, message, headers=dict(error.headers or {})))

    async def wrong_input(_: Request, error: Exception) -> Response:
        assert isinstance(error, RequestValidationError)  # noqa: S101
        return error_response(validation_error(error.errors()))

    async def anything(_: Request, __: Exception) -> Response:
        return error_response(internal())

    app.add_exception_handler(Exception, anything)
    app.add_exception_handler(ApiError, ours)
    app.add_exception_handler(HTTPException, framework)
    app.add_exception_handler(RequestValidationError, wrong_input)
