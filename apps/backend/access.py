"""What a route asks of a request: the backend, who is calling in which role, which stream is meant. No answers."""

from __future__ import annotations

import ipaddress
import time
from collections.abc import Awaitable, Callable
from typing import Annotated, Final, TypeVar, cast

from fastapi import Depends, Query, Request
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from pydantic import ValidationError

from apps.backend.auth import Principal, unauthenticated
from apps.backend.errors import ApiError, validation_error
from apps.backend.life import Backend
from apps.backend.policy import Audience, audience_of, derived_event
from apps.backend.store import Wanted
from apps.contracts.base import Day, Model, RunId, Sequence, Symbol
from apps.contracts.enums import ErrorCode, Role, Source
from apps.contracts.events import FlowEvent, GammaEvent, MarketEvent, SmileEvent

M = TypeVar("M", bound=Model)
E = TypeVar("E", SmileEvent, GammaEvent, FlowEvent, MarketEvent)

READERS: Final = frozenset({Role.VIEWER, Role.OPERATOR, Role.OWNER})
FORWARDING_HEADERS: Final = (
    "forwarded",
    "x-forwarded-for",
    "x-forwarded-host",
    "x-forwarded-proto",
    "x-real-ip",
    "via",
)

_bearer = HTTPBearer(auto_error=False, description="A JWT of the configured issuer; locally from POST /api/token.")


def backend_of(request: Request) -> Backend:
    """The running backend."""
    backend: Backend = request.app.state.backend
    return backend


Running = Annotated[Backend, Depends(backend_of)]
_Credentials = Annotated[HTTPAuthorizationCredentials | None, Depends(_bearer)]


def _requires(allowed: frozenset[Role]) -> Callable[..., Awaitable[Principal]]:
    async def principal(backend: Running, credentials: _Credentials) -> Principal:
        if credentials is None:
            raise unauthenticated("This path needs a bearer token; locally POST /api/token gives one")
        caller = await backend.verifier.principal(credentials.credentials)
        if not caller.roles & allowed:
            names = " or ".join(sorted(role.value for role in allowed))
            raise ApiError(ErrorCode.FORBIDDEN, f"This path needs the role {names}; the token does not have it")
        limit = backend.publishers if Role.PUBLISHER in caller.roles else backend.readers
        limit.take(caller.subject)
        return caller

    return principal


Reader = Annotated[Principal, Depends(_requires(READERS))]
Operator = Annotated[Principal, Depends(_requires(frozenset({Role.OPERATOR})))]
Publisher = Annotated[Principal, Depends(_requires(frozenset({Role.PUBLISHER})))]


def body_of(model: type[M]) -> Callable[[Request], Awaitable[M]]:
    """A dependency that reads the body as `model`; stated after the caller, it costs a stranger nothing to refuse."""

    async def body(request: Request) -> M:
        try:
            return model.model_validate_json(await request.body())
        except ValidationError as error:
            raise validation_error(
                error.errors(include_url=False, include_context=False, include_input=False)
            ) from None

    return body


def _wanted(  # noqa: PLR0917  query parameters, given by name
    backend: Running,
    source: Annotated[Source | None, Query(description="Default: what this platform runs on.")] = None,
    run: Annotated[RunId | None, Query(description="Default: the latest run.")] = None,
    symbol: Annotated[Symbol | None, Query(description="Default: this platform's symbol.")] = None,
    day: Annotated[Day | None, Query(description="Session date. Default: the latest.")] = None,
    epoch: Annotated[Sequence | None, Query(description="Default: the highest.")] = None,
) -> Wanted:
    """The stream a read is about."""
    settings = backend.settings
    chosen = source or settings.source
    if run is None and chosen is settings.source and settings.run_id:
        run = settings.run_id
    return Wanted(chosen, run, symbol or settings.symbol, day, epoch)


Meant = Annotated[Wanted, Depends(_wanted)]


class View:
    """How the caller sees: the audience, and until which publication (wall milliseconds) when it is the delayed one."""

    def __init__(self, backend: Running, caller: Reader) -> None:
        self.audience = audience_of(caller.roles, backend.settings.display_policy)
        self.until: float | None = None
        if self.audience is Audience.DELAYED:
            self.until = (time.time() - backend.settings.display_delay_seconds) * 1000

    def event(self, event: E) -> E:
        """A stored event as the caller may see it."""
        return cast("E", derived_event(event)) if self.audience is Audience.DERIVED else event


Viewed = Annotated[View, Depends(View)]


def is_loopback(host: str | None) -> bool:
    """An address of this machine."""
    try:
        return host is not None and ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def was_forwarded(request: Request) -> bool:
    """Some proxy stands between: the peer's address says nothing about the caller."""
    return any(name in request.headers for name in FORWARDING_HEADERS)
