"""HTTP to the backend: a token by client credentials and one POST at a time. Decides nothing about retries."""

from __future__ import annotations

import logging
import time
from dataclasses import dataclass

import httpx
from pydantic import ValidationError

from apps.contracts.api import ErrorAnswer, IngestAnswer, TokenAnswer, TokenRequest
from apps.contracts.enums import ErrorCode

log = logging.getLogger(__name__)

INGEST_PATH = "/api/ingest"
TOKEN_PATH = "/api/token"  # noqa: S105  a path
_RENEW_SHARE = 0.8
"""A token is renewed at this share of its life, before any request can meet its end."""


class BackendAway(Exception):
    """No usable answer: connection, time-out, no token, or an answer that is not ours. Try again later."""


@dataclass(frozen=True, slots=True)
class IngestReply:
    """What the backend said. `acked_seq` with status 200 only."""

    status: int
    acked_seq: int | None = None
    code: ErrorCode | None = None
    message: str = ""
    retry_after: float | None = None


class IngestClient:
    """Keep-alive connection to one backend. Not for concurrent use: the line of events is one line."""

    def __init__(self, base_url: str, client_id: str, client_secret: str, *, timeout_seconds: float = 10) -> None:
        limits = httpx.Limits(max_connections=2, max_keepalive_connections=2, keepalive_expiry=60)
        timeout = httpx.Timeout(timeout_seconds, connect=2)
        self._client = httpx.AsyncClient(base_url=base_url, timeout=timeout, limits=limits, trust_env=False)
        self._request = TokenRequest(
            grant_type="client_credentials", client_id=client_id, client_secret=client_secret
        ).model_dump_json()
        self._token: str | None = None
        self._renew_at = 0.0
        self.tokens_taken = 0

    async def post(self, body: bytes) -> IngestReply:
        """POST one IngestRequest; a 401 renews the token and tries once more. Raises BackendAway."""
        reply = await self._post(body)
        if reply.status == 401:
            self._token = None
            reply = await self._post(body)
        return reply

    async def close(self) -> None:
        """Release the connection."""
        await self._client.aclose()

    async def _post(self, body: bytes) -> IngestReply:
        headers = {"Authorization": f"Bearer {await self._bearer()}", "Content-Type": "application/json"}
        try:
            answer = await self._client.post(INGEST_PATH, content=body, headers=headers)
        except httpx.HTTPError as error:
            raise BackendAway(f"{type(error).__name__}: {error}") from error
        if answer.status_code == 200:
            try:
                return IngestReply(200, IngestAnswer.model_validate_json(answer.content).acked_seq)
            except ValidationError as error:
                raise BackendAway("the answer to an ingest is not an IngestAnswer: is BACKEND_URL right?") from error
        return _refusal(answer)

    async def _bearer(self) -> str:
        if self._token is None or time.monotonic() >= self._renew_at:
            self._token = await self._take_token()
        return self._token

    async def _take_token(self) -> str:
        headers = {"Content-Type": "application/json"}
        try:
            answer = await self._client.post(TOKEN_PATH, content=self._request, headers=headers)
            if answer.status_code != 200:
                raise BackendAway(
                    f"no token (HTTP {answer.status_code}): PUBLISHER_CLIENT_ID and PUBLISHER_CLIENT_SECRET "
                    "must be the backend's"
                )
            token = TokenAnswer.model_validate_json(answer.content)
        except httpx.HTTPError as error:
            raise BackendAway(f"{type(error).__name__}: {error}") from error
        except ValidationError as error:
            raise BackendAway("the answer to a token request is not a TokenAnswer: is BACKEND_URL right?") from error
        self._renew_at = time.monotonic() + _RENEW_SHARE * token.expires_in
        self.tokens_taken += 1
        return token.access_token


def _refusal(answer: httpx.Response) -> IngestReply:
    try:
        error = ErrorAnswer.model_validate_json(answer.content).error
    except ValidationError:
        return IngestReply(answer.status_code, message=answer.reason_phrase)
    wait = error.retry_after_seconds
    if wait is None and answer.headers.get("retry-after", "").isdigit():
        wait = float(answer.headers["retry-after"])
    return IngestReply(answer.status_code, None, error.code, error.message, wait)
