"""The HTTP application: routes, errors, OpenAPI, page, and the guard around all of it. Holds no logic of its own."""

from __future__ import annotations

import contextlib
from collections.abc import AsyncIterator
from typing import cast

from fastapi import APIRouter, FastAPI, Request
from fastapi.routing import APIRoute
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from apps.backend import document, errors
from apps.backend.errors import ApiError
from apps.backend.guard import Guard
from apps.backend.life import Backend
from apps.backend.page import PageFiles
from apps.backend.routes import clock, live, publish, read, scores, service, tokens
from apps.backend.store import BadCursor, StorageFull, StorageUnavailable
from apps.contracts.enums import ErrorCode

_SHARED = (
    service.health_router,
    publish.shared_router,
    read.shared_router,
    scores.shared_router,
    live.shared_router,
)
"""The dashboard's paths: as they are, and under /api for a site that proxies only that."""

_ROUTERS: tuple[tuple[APIRouter, str], ...] = (
    *((router, "") for router in (service.router, tokens.router, publish.router)),
    *((router, "") for router in (read.router, clock.router, live.hub_router)),
    *((router, prefix) for router in _SHARED for prefix in ("", "/api")),
)


def create_app(backend: Backend) -> ASGIApp:
    """The ASGI application of one backend; its lifespan runs the backend's tasks."""

    @contextlib.asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncIterator[None]:
        async with backend.running():
            yield

    app = FastAPI(lifespan=lifespan, docs_url=None, redoc_url=None, openapi_url="/api/openapi.json")
    app.state.backend = backend
    errors.install(app)
    document.install(app)
    _store_errors(app)
    for router, prefix in _ROUTERS:
        app.include_router(router, prefix=prefix)
    _page(app, backend)
    if backend.settings.cors_origins:
        app.add_middleware(
            CORSMiddleware,
            allow_origins=list(backend.settings.cors_origins),
            allow_methods=["GET", "POST"],
            allow_headers=["authorization", "content-type", "x-requested-with", "x-signalr-user-agent"],
            allow_credentials=True,
        )
    settings = backend.settings
    return Guard(
        app,
        cast("ASGIApp", backend.hub),
        metrics=backend.metrics,
        rate=settings.rate_address,
        seconds=settings.request_seconds,
    )


def _store_errors(app: FastAPI) -> None:
    """The store's own errors as answers."""

    async def full(_: Request, __: Exception) -> Response:
        message = "The store is full; nothing of this was kept. Free space, then send it again"
        return errors.error_response(ApiError(ErrorCode.STORAGE_FULL, message, retry_after=5))

    async def unavailable(_: Request, __: Exception) -> Response:
        message = "The store cannot answer now; try again"
        return errors.error_response(ApiError(ErrorCode.UNAVAILABLE, message, retry_after=1))

    async def cursor(_: Request, __: Exception) -> Response:
        message = "The cursor is not one of ours; take it from the page before"
        return errors.error_response(ApiError(ErrorCode.VALIDATION, message, field="cursor"))

    app.add_exception_handler(StorageFull, full)
    app.add_exception_handler(StorageUnavailable, unavailable)
    app.add_exception_handler(BadCursor, cursor)


def _page(app: FastAPI, backend: Backend) -> None:
    """The dashboard under every path that is nothing else."""
    files = PageFiles(backend.settings.page_dir)
    methods = _methods()

    @app.api_route("/{path:path}", methods=["GET", "HEAD"], include_in_schema=False)
    async def page(request: Request, path: str) -> Response:
        if allowed := methods.get(f"/{path}"):
            message = "This path does not take this method; see the Allow header"
            raise ApiError(ErrorCode.METHOD_NOT_ALLOWED, message, headers={"Allow": ", ".join(sorted(allowed))})
        return files.answer(request, path)


def _methods() -> dict[str, set[str]]:
    """Methods by path of everything that is not the page."""
    found: dict[str, set[str]] = {}
    for router, prefix in _ROUTERS:
        for route in router.routes:
            if isinstance(route, APIRoute):
                found.setdefault(prefix + route.path, set()).update(route.methods or ())
    return found
