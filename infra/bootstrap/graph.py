"""Graph: Microsoft Graph, the directory of applications and principals. Knows no application by name."""

from __future__ import annotations

import json
import shlex
from collections.abc import Collection
from dataclasses import dataclass, field
from typing import Any

from azure.core import PipelineClient
from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError
from azure.core.pipeline.policies import BearerTokenCredentialPolicy, HeadersPolicy, RequestIdPolicy, RetryPolicy
from azure.core.pipeline.transport import HttpTransport
from azure.core.rest import HttpRequest, HttpResponse

from infra.bootstrap.arm import AGAIN_SECONDS, Json
from infra.bootstrap.clock import Clock, pauses
from infra.bootstrap.refusal import code_of, refusal

ADDRESS = "https://graph.microsoft.com/v1.0"
SCOPE = "https://graph.microsoft.com/.default"
UPSERT = {"Prefer": "create-if-missing"}
"""Makes a PATCH by a name of ours create what is not there: two runs never make two."""
KNOWN_LATE = frozenset({"Request_ResourceNotFound", "NoBackingApplicationObject", "404"})
"""What the directory says of something that was just made, until all of it knows."""


@dataclass(frozen=True)
class Request:
    """One write to the directory, as it is sent or printed."""

    method: str
    path: str
    body: Json
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def command(self) -> str:
        """The same as a line of `az`."""
        headers = {"Content-Type": "application/json", **self.headers}
        parts = ["az", "rest", "--method", self.method.lower(), "--url", f"{ADDRESS}{self.path}"]
        parts += ["--headers", *(f"{name}={value}" for name, value in headers.items())]
        return shlex.join([*parts, "--body", json.dumps(self.body, separators=(",", ":"))])


class Graph:
    """The directory, by the same sign-in as Azure's management. Every error becomes Refused with one sentence."""

    def __init__(
        self, credential: TokenCredential, clock: Clock, transport: HttpTransport[Any, Any] | None = None
    ) -> None:
        policies = [
            RequestIdPolicy(),
            HeadersPolicy({"Accept": "application/json"}),
            RetryPolicy(),
            BearerTokenCredentialPolicy(credential, SCOPE),
        ]
        own: dict[str, Any] = {"transport": transport} if transport else {}
        self._client: PipelineClient[HttpRequest, HttpResponse] = PipelineClient(ADDRESS, policies=policies, **own)
        self._clock = clock

    def get(self, path: str, what: str) -> Json | None:
        """An object of the directory, None where there is none."""
        try:
            answer = self._client.send_request(HttpRequest("GET", ADDRESS + path))
            if answer.status_code == 404:
                return None
            answer.raise_for_status()
            return dict(answer.json())
        except AzureError as error:
            raise refusal(error, f"read {what}") from error

    def list(self, path: str, what: str) -> list[Json]:
        """Every entry of a collection, over all its pages; none of an object that is not there."""
        entries: list[Json] = []
        address: str | None = path
        while address:
            page = self.get(address.removeprefix(ADDRESS), what) or {}
            entries += page.get("value", [])
            address = page.get("@odata.nextLink")
        return entries

    def send(self, request: Request, what: str, again: Collection[str] = KNOWN_LATE) -> Json:
        """One write, tried again while the directory does not know yet what it is about."""
        for pause in [*pauses(AGAIN_SECONDS), 0.0]:
            try:
                address = ADDRESS + request.path
                answer = self._client.send_request(
                    HttpRequest(request.method, address, json=request.body, headers=request.headers)
                )
                answer.raise_for_status()
                return dict(answer.json()) if answer.content else {}
            except HttpResponseError as error:
                if pause and {code_of(error), str(error.status_code)} & set(again):
                    self._clock.sleep(pause)
                    continue
                raise refusal(error, what) from error
            except AzureError as error:
                raise refusal(error, what) from error
        raise AssertionError("the last attempt either answers or raises")
