"""The two negotiate steps of the live channel: ours with the caller's token, then the hub's with the client token."""

from __future__ import annotations

import re
from typing import Annotated, Final

from fastapi import APIRouter, Query, Request
from starlette.responses import JSONResponse, Response

from apps.backend.access import Reader, Running
from apps.backend.answers import answer
from apps.backend.auth import unauthenticated
from apps.backend.document import answers
from apps.backend.errors import ApiError
from apps.backend.hub.tickets import Guest, TicketRefused
from apps.backend.life import Backend
from apps.backend.policy import audience_of
from apps.contracts.api import NegotiateAnswer
from apps.contracts.enums import ErrorCode
from apps.contracts.names import HUB

shared_router = APIRouter(tags=["live"])
hub_router = APIRouter(include_in_schema=False)

_HOST: Final = re.compile(r"^(\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+)(:\d{1,5})?$")
_TRANSPORTS: Final = [{"transport": "WebSockets", "transferFormats": ["Text"]}]


@shared_router.post(
    "/negotiate", responses=answers(NegotiateAnswer, 401, 403), summary="Where the live channel is, and a token for it"
)
async def negotiate(backend: Running, caller: Reader, request: Request) -> Response:
    """What the SignalR client asks first, and again on every reconnect. The token is good for a minute."""
    _require_open(backend)
    url = hub_url(backend, request)
    audience = audience_of(caller.roles, backend.settings.display_policy)
    guest = Guest(caller.subject, audience, caller.expires_at)
    made = NegotiateAnswer(url=url, accessToken=backend.hub.tickets.client_token(guest, url))
    return answer(made)


@hub_router.post("/client/negotiate")
async def hub_negotiate(
    backend: Running,
    request: Request,
    hub: Annotated[str, Query(max_length=128)] = "",
    access_token: Annotated[str, Query(max_length=8_192)] = "",
) -> Response:
    """The hub's own negotiate: a connection token for one WebSocket."""
    _require_open(backend)
    if hub.lower() != HUB:
        raise ApiError(ErrorCode.NOT_FOUND, "There is no such hub")
    scheme, _, token = request.headers.get("authorization", "").partition(" ")
    token = token.strip() if scheme.lower() == "bearer" else access_token
    try:
        guest = backend.hub.tickets.guest(token, hub_url(backend, request))
        if backend.hub.full:
            raise ApiError(ErrorCode.RATE_LIMITED, "The live channel is full", retry_after=10)
        connection_token = backend.hub.tickets.issue(guest)
    except TicketRefused:
        raise unauthenticated("The client token is not valid; negotiate again") from None
    return JSONResponse(
        {
            "negotiateVersion": 1,
            "connectionId": connection_token[:22],
            "connectionToken": connection_token,
            "availableTransports": _TRANSPORTS,
        },
        headers={"Cache-Control": "no-store"},
    )


def hub_url(backend: Backend, request: Request) -> str:
    """The hub's address as this caller reaches us; PUBLIC_URL behind a proxy. Part of the client token's audience."""
    if backend.settings.public_url is not None:
        return f"{str(backend.settings.public_url).rstrip('/')}/client/?hub={HUB}"
    host = request.headers.get("host", "")
    if not _HOST.match(host):
        raise ApiError(ErrorCode.BAD_REQUEST, "The Host header names no host")
    return f"{request.url.scheme}://{host}/client/?hub={HUB}"


def _require_open(backend: Backend) -> None:
    if not backend.hub.available:
        raise ApiError(ErrorCode.UNAVAILABLE, "The live channel is down; try again", retry_after=1)
