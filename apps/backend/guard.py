"""The outermost ASGI layer: request id, sizes, media type, rate by address, time-out, metrics, log, last resort.

Logs paths, never query strings: a browser's live channel carries its token there.
"""

from __future__ import annotations

import asyncio
import logging
import re
import time
import uuid
from typing import Any

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from apps.backend.errors import ApiError, error_response, internal
from apps.backend.limits import RateLimit
from apps.backend.metrics import Metrics
from apps.contracts.enums import ErrorCode
from apps.contracts.names import INGEST_BYTES_MAX

log = logging.getLogger("apps.backend.access")

BODY_BYTES_MAX = 64_000
_BATCH_PATHS = frozenset({"/api/ingest", "/anomalies", "/api/anomalies"})
_GIVEN_ID = re.compile(rb"^[A-Za-z0-9_.-]{1,64}$")
_WITH_BODY = frozenset({"POST", "PUT", "PATCH"})
NEUTRAL_HEADERS = ((b"x-content-type-options", b"nosniff"), (b"referrer-policy", b"no-referrer"))


class Guard:
    """Wraps the HTTP application; WebSockets go to the hub."""

    def __init__(self, app: ASGIApp, hub: ASGIApp, *, metrics: Metrics, rate: float, seconds: float) -> None:
        self._app, self._hub, self._metrics, self._seconds = app, hub, metrics, seconds
        self._rate = RateLimit(rate)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """ASGI."""
        if scope["type"] == "http":
            await _Exchange(self, scope, receive, send).run(self._app)
        elif scope["type"] == "websocket":
            await self._hub(scope, receive, send)
        else:
            await self._app(scope, receive, send)

    @property
    def seconds(self) -> float:
        """Longest time for one request."""
        return self._seconds

    def admit(self, scope: Scope, headers: dict[bytes, bytes]) -> int:
        """How many body bytes are allowed. Raises ApiError for what is refused before a byte of the body is read."""
        client = scope.get("client")
        self._rate.take(client[0] if client else "")
        limit = INGEST_BYTES_MAX if scope["path"] in _BATCH_PATHS else BODY_BYTES_MAX
        length = headers.get(b"content-length", b"0")
        if not length.isdigit():
            raise ApiError(ErrorCode.BAD_REQUEST, "Content-Length is not a number")
        if len(length) > 15 or int(length) > limit:
            raise too_large(limit)
        has_body = length != b"0" or b"transfer-encoding" in headers
        media = headers.get(b"content-type", b"").split(b";")[0].strip().lower()
        # The JavaScript client negotiates with an empty body as text/plain; nothing of it is read.
        reads_json = scope["method"] in _WITH_BODY and has_body and not scope["path"].endswith("/negotiate")
        if reads_json and media != b"application/json":
            raise ApiError(ErrorCode.UNSUPPORTED_MEDIA_TYPE, "Send application/json")
        return limit

    def record(self, scope: Scope, status: int, seconds: float, request_id: str) -> None:
        """Metrics and one log line."""
        endpoint = endpoint_of(scope)
        self._metrics.requests.labels(scope["method"], endpoint, str(status)).inc()
        self._metrics.request_seconds.labels(scope["method"], endpoint).observe(seconds)
        level = logging.DEBUG if status < 400 else logging.INFO
        log.log(
            level,
            "%s %s %d",
            scope["method"],
            endpoint,
            status,
            extra={"request_id": request_id, "milliseconds": round(seconds * 1000, 2)},
        )


def endpoint_of(scope: Scope) -> str:
    """The route's pattern: few values, whatever paths are tried."""
    route: Any = scope.get("route")
    path = getattr(route, "path", None)
    return path if isinstance(path, str) and path else "unmatched"


def too_large(limit: int) -> ApiError:
    """413."""
    return ApiError(ErrorCode.TOO_LARGE, f"The body may have at most {limit} bytes", headers={"Connection": "close"})


class _Exchange:
    """One request and its answer."""

    def __init__(self, guard: Guard, scope: Scope, receive: Receive, send: Send) -> None:
        self._guard, self._scope, self._receive, self._send = guard, scope, receive, send
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        given = self._headers.get(b"x-request-id", b"")
        self._id = given.decode() if _GIVEN_ID.match(given) else uuid.uuid4().hex
        self._limit = self._read = 0
        self._status = 0

    async def run(self, app: ASGIApp) -> None:
        began = time.perf_counter()
        try:
            self._limit = self._guard.admit(self._scope, self._headers)
            async with asyncio.timeout(self._guard.seconds):
                await app(self._scope, self._receive_bounded, self._send_marked)
        except ApiError as error:
            await self._answer(error)
        except TimeoutError:
            await self._answer(ApiError(ErrorCode.UNAVAILABLE, "This took too long; try again", retry_after=1))
        except Exception:
            log.exception("unhandled", extra={"request_id": self._id})
            await self._answer(internal())
        finally:
            self._guard.record(self._scope, self._status, time.perf_counter() - began, self._id)

    async def _receive_bounded(self) -> Message:
        message = await self._receive()
        if message["type"] == "http.request":
            self._read += len(message.get("body", b""))
            if self._read > self._limit:
                raise too_large(self._limit)
        return message

    async def _send_marked(self, message: Message) -> None:
        if message["type"] == "http.response.start":
            self._status = message["status"]
            headers = list(message.get("headers", ()))
            names = {name.lower() for name, _ in headers}
            headers += [header for header in NEUTRAL_HEADERS if header[0] not in names]
            message = {**message, "headers": [*headers, (b"x-request-id", self._id.encode())]}
        await self._send(message)

    async def _answer(self, error: ApiError) -> None:
        """The error's answer, unless one has begun: that one stands, or is broken off by the server."""
        if not self._status:
            await error_response(error)(self._scope, self._receive, self._send_marked)
