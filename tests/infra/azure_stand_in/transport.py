"""Transport: the SDK's own transport over requests, with a session that ends in this process. And the sign-in."""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Callable, Mapping
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import requests
from azure.core.credentials import AccessToken, AccessTokenInfo
from azure.core.exceptions import ClientAuthenticationError
from azure.core.pipeline.transport import RequestsTransport
from requests.structures import CaseInsensitiveDict
from urllib3 import HTTPResponse

from tests.infra.azure_stand_in.answers import Answer, Asked, Refusal
from tests.infra.azure_stand_in.journal import Journal

Service = Callable[[Asked], Answer]


class _Session(requests.Session):
    """Hands requests to the service of their host; a host without one is an error of the test."""

    def __init__(self, services: Mapping[str, Service]) -> None:
        super().__init__()
        self._services = services

    def request(self, method: Any, url: Any, *, headers: Any = None, data: Any = None, **_: Any) -> requests.Response:  # type: ignore[override]
        parts = urlsplit(str(url))
        raw = data.encode() if isinstance(data, str) else data
        told = {key.lower(): str(value) for key, value in dict(headers or {}).items()}
        asked = Asked(
            str(method),
            parts.path,
            dict(parse_qsl(parts.query, keep_blank_values=True)),
            told,
            json.loads(raw) if raw else {},
            claims_of(told.get("authorization", "")),
        )
        try:
            answer = self._services[parts.netloc](asked)
        except Refusal as refused:
            answer = refused.answer
        return _response(str(url), answer)


def _response(url: str, answer: Answer) -> requests.Response:
    raw = b"" if answer.body is None else json.dumps(answer.body).encode()
    told = {"Content-Type": "application/json; charset=utf-8", "Content-Length": str(len(raw)), **answer.headers}
    response = requests.Response()
    response.status_code, response.reason = answer.status, str(answer.status)
    response.headers = CaseInsensitiveDict(told)
    response.raw = HTTPResponse(body=io.BytesIO(raw), headers=told, status=answer.status, preload_content=False)
    response.url, response.request = url, requests.PreparedRequest()
    return response


class StandInTransport(RequestsTransport):  # type: ignore[misc]
    """RequestsTransport whose waiting moves the journal's time on."""

    def __init__(self, services: Mapping[str, Service], journal: Journal) -> None:
        super().__init__(session=_Session(services), session_owner=False)
        self._journal = journal

    def sleep(self, duration: float) -> None:
        """No time is lost."""
        self._journal.sleep(duration)


def claims_of(authorization: str) -> dict[str, Any]:
    """Claims of a bearer token; empty without one."""
    parts = authorization.removeprefix("Bearer ").split(".")
    if len(parts) != 3:
        return {}
    return dict(json.loads(base64.urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4))))


class Login:
    """What `az login` left: gives tokens for one person, in the tenant that is asked for. None: nobody signed in."""

    def __init__(self, object_id: str | None, tenant_id: str, journal: Journal) -> None:
        self._object_id, self._tenant_id, self._journal = object_id, tenant_id, journal

    def get_token(self, *scopes: str, tenant_id: str | None = None, **_: Any) -> AccessToken:
        """A token for the scope's audience, unsigned: the stand-ins look at its claims."""
        if self._object_id is None:
            raise ClientAuthenticationError(
                "DefaultAzureCredential failed to retrieve a token from the included credentials"
            )
        expires = int(self._journal.now().timestamp()) + 10**9
        claims = {
            "aud": scopes[0].removesuffix("/.default"),
            "oid": self._object_id,
            "tid": tenant_id or self._tenant_id,
            "upn": "owner@example.org",
            "exp": expires,
        }
        return AccessToken(".".join((_encoded({"alg": "none"}), _encoded(claims), _encoded({}))), expires)

    def get_token_info(self, *scopes: str, options: Any = None) -> AccessTokenInfo:
        """The same in the newer form."""
        token = self.get_token(*scopes, tenant_id=(options or {}).get("tenant_id"))
        return AccessTokenInfo(token.token, token.expires_on)


def _encoded(part: dict[str, Any]) -> str:
    return base64.urlsafe_b64encode(json.dumps(part).encode()).decode().rstrip("=")
