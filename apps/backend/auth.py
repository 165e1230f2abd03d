"""Bearer tokens: RS256 JWTs checked against a JWKS, the same way for Entra and for the local issuer (D12).

Checks signature, issuer, audience, expiry and roles. The algorithm is pinned: a token never chooses it.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import Any, Final

import httpx
import jwt

from apps.backend.errors import ApiError
from apps.contracts.enums import ErrorCode, Role

log = logging.getLogger(__name__)

ALGORITHM: Final = "RS256"
LEEWAY_SECONDS: Final = 5
REFETCH_SECONDS: Final = 30.0
"""An unknown key id asks the issuer again at most this often."""

TOKEN_BYTES_MAX: Final = 8_192

Jwks = dict[str, Any]
FetchJwks = Callable[[], Awaitable[Jwks]]


@dataclass(frozen=True, slots=True)
class Principal:
    """Who a token speaks for, what it may do, and until when (wall seconds)."""

    subject: str
    roles: frozenset[Role]
    expires_at: float


def unauthenticated(message: str) -> ApiError:
    """401 with the challenge that the standard asks for."""
    return ApiError(ErrorCode.UNAUTHENTICATED, message, headers={"WWW-Authenticate": "Bearer"})


class Keys:
    """The issuer's public keys by id, fetched when needed."""

    def __init__(self, fetch: FetchJwks) -> None:
        self._fetch = fetch
        self._keys: dict[str, jwt.PyJWK] = {}
        self._fetched_at = float("-inf")
        self._lock = asyncio.Lock()

    async def key(self, kid: str) -> jwt.PyJWK | None:
        """The key, or None when the issuer does not have it."""
        if kid not in self._keys:
            async with self._lock:
                if kid not in self._keys and time.monotonic() - self._fetched_at > REFETCH_SECONDS:
                    await self._refresh()
        return self._keys.get(kid)

    async def _refresh(self) -> None:
        self._fetched_at = time.monotonic()
        try:
            answer = await self._fetch()
            found = jwt.PyJWKSet.from_dict(answer)
        except (httpx.HTTPError, jwt.PyJWTError, ValueError) as error:
            log.warning("auth: the issuer's keys cannot be read: %s", error)
            self._fetched_at = time.monotonic() - REFETCH_SECONDS + 1  # soon again: nobody can log in meanwhile
            return
        self._keys = {key.key_id: key for key in found.keys if key.key_id and key.key_type == "RSA"}


class Verifier:
    """Turns a bearer token into a Principal."""

    def __init__(self, *, issuer: str, audience: str, keys: Keys) -> None:
        self._issuer, self._audience, self._keys = issuer, audience, keys

    async def principal(self, token: str) -> Principal:
        """Who the token speaks for. Raises ApiError 401 with one sentence that does not help to forge."""
        if len(token) > TOKEN_BYTES_MAX:
            raise unauthenticated("The token is too long")
        key = await self._key_of(token)
        try:
            claims = jwt.decode(
                token,
                key,
                algorithms=[ALGORITHM],
                issuer=self._issuer,
                audience=self._audience,
                leeway=LEEWAY_SECONDS,
                options={"require": ["exp", "iss", "aud", "sub"]},
            )
        except jwt.ExpiredSignatureError:
            raise unauthenticated("The token has expired; get a new one") from None
        except (jwt.InvalidTokenError, ValueError, TypeError):
            raise unauthenticated("The token is not valid here") from None
        return Principal(str(claims["sub"])[:200], roles_of(claims.get("roles")), float(claims["exp"]))

    async def _key_of(self, token: str) -> jwt.PyJWK:
        try:
            header = jwt.get_unverified_header(token)
        except (jwt.InvalidTokenError, ValueError, RecursionError):
            raise unauthenticated("The token is not a JWT") from None
        kid = header.get("kid")
        if header.get("alg") != ALGORITHM or not isinstance(kid, str):
            raise unauthenticated("The token is not valid here")
        key = await self._keys.key(kid)
        if key is None:
            raise unauthenticated("The token is not valid here")
        return key


def roles_of(claim: object) -> frozenset[Role]:
    """Known roles of the `roles` claim; others mean nothing here."""
    if not isinstance(claim, list):
        return frozenset()
    known = {role.value for role in Role}
    return frozenset(Role(name) for name in claim if isinstance(name, str) and name in known)


def fetch_from(url: str) -> FetchJwks:
    """JWKS over HTTP, from an issuer that is not us."""

    async def fetch() -> Jwks:
        async with httpx.AsyncClient(timeout=5, follow_redirects=False) as client:
            answer = await client.get(url)
            answer.raise_for_status()
            found: Jwks = answer.json()
            return found

    return fetch
