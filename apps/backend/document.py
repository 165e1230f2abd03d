"""The OpenAPI document: what each operation answers, with an example, every error included. Serves nothing."""

from __future__ import annotations

from typing import Any, Final

from fastapi import FastAPI
from fastapi.openapi.utils import get_openapi
from pydantic.json_schema import models_json_schema

from apps.backend.examples import error_example, example, request_example
from apps.backend.settings import VERSION
from apps.contracts import api
from apps.contracts.base import Model
from apps.contracts.enums import ErrorCode
from apps.contracts.events import Decision

BODIES: Final[tuple[type[Model], ...]] = (
    api.IngestRequest,
    api.ExternalAnomalies,
    api.ClockRequest,
    api.TokenRequest,
    Decision,
)
_REF: Final = "#/components/schemas/{model}-Body"

_MEANING: Final[dict[int, tuple[ErrorCode, str]]] = {
    400: (ErrorCode.BAD_REQUEST, "The body is not JSON"),
    401: (ErrorCode.UNAUTHENTICATED, "This path needs a bearer token; locally POST /api/token gives one"),
    403: (ErrorCode.FORBIDDEN, "This path needs the role publisher; the token does not have it"),
    404: (ErrorCode.NOT_FOUND, "There is nothing at this path"),
    409: (ErrorCode.EPOCH_REFUSED, "Epoch 1 is over: epoch 2 has been seen"),
    413: (ErrorCode.TOO_LARGE, "The body may have at most 1000000 bytes"),
    415: (ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json"),
    422: (ErrorCode.VALIDATION, "Input should be greater than 0"),
    429: (ErrorCode.RATE_LIMITED, "Too many requests; wait and try again"),
    500: (ErrorCode.INTERNAL, "Something failed here; it is in our log under this answer's X-Request-ID"),
    503: (ErrorCode.UNAVAILABLE, "This took too long; try again"),
    507: (ErrorCode.STORAGE_FULL, "The store is full; nothing was kept. Free space and send it again"),
}
_ALWAYS: Final = (400, 422, 429, 500, 503)

Responses = dict[int | str, dict[str, Any]]


def answers(model: type[Model], *errors: int, status: int = 200) -> Responses:
    """`responses=` of a route: its answer, its own errors, and those that every route may give."""
    found: Responses = {
        status: {
            "model": model,
            "description": (model.__doc__ or "").splitlines()[0],
            "content": {"application/json": {"example": example(model)}},
        }
    }
    for number in sorted({*errors, *_ALWAYS}):
        code, message = _MEANING[number]
        found[number] = {
            "model": api.ErrorAnswer,
            "description": code.value,
            "content": {"application/json": {"example": error_example(code, message)}},
        }
    return found


def takes(model: type[Model]) -> dict[str, Any]:
    """`openapi_extra=` of a route with a body that `access.body_of` reads."""
    schema = {"$ref": _REF.format(model=model.__name__)}
    content = {"application/json": {"schema": schema, "example": request_example(model)}}
    return {"requestBody": {"required": True, "content": content}}


def install(app: FastAPI) -> None:
    """Make the document once, with the body models that routes only refer to."""

    def document() -> dict[str, Any]:
        if app.openapi_schema is None:
            made = get_openapi(
                title="SPY 0DTE options",
                version=VERSION,
                description="What the detector found: live, kept, and scored. See docs for the live channel.",
                routes=app.routes,
            )
            _, bodies = models_json_schema([(model, "validation") for model in BODIES], ref_template=_REF)
            schemas = made.setdefault("components", {}).setdefault("schemas", {})
            schemas.update({f"{name}-Body": schema for name, schema in bodies["$defs"].items()})
            app.openapi_schema = made
        return app.openapi_schema

    app.openapi = document  # type: ignore[method-assign]
