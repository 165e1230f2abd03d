"""POST /api/token: the local issuer's door, for the page on this machine and for the publisher. Trusts no proxy."""

from __future__ import annotations

import hmac
import re
from typing import Annotated, Final

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from apps.backend.access import Running, body_of, is_loopback, was_forwarded
from apps.backend.answers import answer
from apps.backend.auth import unauthenticated
from apps.backend.document import answers, takes
from apps.backend.errors import ApiError
from apps.backend.life import Backend
from apps.contracts.api import TokenAnswer, TokenRequest
from apps.contracts.enums import ErrorCode, Role

router = APIRouter(tags=["tokens"])

LOCAL_ROLES: Final[tuple[Role, ...]] = (Role.OPERATOR, Role.OWNER, Role.VIEWER)
_LOOPBACK_HOST: Final = re.compile(r"^(localhost|127\.0\.0\.1|\[::1\])(:\d{1,5})?$")


def _rate(backend: Running, request: Request) -> None:
    backend.token_asks.take(request.client.host if request.client else "")


@router.post(
    "/api/token",
    responses=answers(TokenAnswer, 401, 403, 404, 413, 415),
    openapi_extra=takes(TokenRequest),
    summary="A bearer token of the local issuer",
    dependencies=[Depends(_rate)],
)
async def token(
    backend: Running, request: Request, asked: Annotated[TokenRequest, Depends(body_of(TokenRequest))]
) -> Response:
    """`local`: for a browser or script on this very machine. `client_credentials`: for the publisher."""
    if backend.issuer is None:
        raise ApiError(ErrorCode.NOT_FOUND, "Tokens are not issued here; log in with Entra")
    subject, roles = "local", LOCAL_ROLES
    if asked.grant_type == "local":
        require_this_machine(backend, request)
    else:
        subject, roles = _publisher(backend, asked), (Role.PUBLISHER,)
    seconds = backend.settings.token_seconds
    made = TokenAnswer(
        access_token=backend.issuer.token(subject, roles, seconds), expires_in=seconds, roles=list(roles)
    )
    return answer(made)


def require_this_machine(backend: Backend, request: Request) -> None:
    """Bound to loopback, called from loopback under a loopback name, by no foreign page and through no proxy.

    The name matters: a page elsewhere whose DNS name is made to point here (rebinding) still sends its own Host.
    In a container the first two are the work of whoever publishes the port, whose word PUBLISHED_ON_LOOPBACK is.
    """
    host = request.headers.get("host", "")
    origin = request.headers.get("origin")
    reached_here = backend.settings.published_on_loopback or (
        backend.settings.loopback_only and is_loopback(request.client.host if request.client else None)
    )
    wrong = (
        not reached_here
        or len(request.headers.getlist("host")) != 1
        or not _LOOPBACK_HOST.match(host)
        or (origin is not None and origin != f"{request.url.scheme}://{host}")
        or request.headers.get("sec-fetch-site", "same-origin") not in {"same-origin", "none"}
        or was_forwarded(request)
    )
    if wrong:
        raise ApiError(
            ErrorCode.FORBIDDEN, "Local tokens are for this machine only: open the page under http://127.0.0.1"
        )


def _publisher(backend: Backend, asked: TokenRequest) -> str:
    """The publisher's client id, when both it and the secret are right; compared in constant time."""
    known, secret = backend.settings.publisher_client_id, backend.settings.publisher_client_secret
    if known is None or secret is None:
        raise unauthenticated("No publisher is set up; set PUBLISHER_CLIENT_ID and PUBLISHER_CLIENT_SECRET")
    right_id = hmac.compare_digest((asked.client_id or "").encode(), known.encode())
    right_secret = hmac.compare_digest((asked.client_secret or "").encode(), secret.get_secret_value().encode())
    if not (right_id and right_secret):
        raise unauthenticated("The client id or its secret is wrong")
    return known
