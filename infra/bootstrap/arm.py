"""Arm: resources of Azure by their ids, read and written by the one management client. Knows no resource by name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator
from typing import Any

from azure.core.credentials import TokenCredential
from azure.core.exceptions import AzureError, HttpResponseError, ResourceNotFoundError
from azure.core.pipeline.transport import HttpTransport
from azure.core.polling import LROPoller
from azure.core.rest import HttpRequest
from azure.mgmt.resource.resources import ResourceManagementClient

from infra.bootstrap.clock import Clock, pauses
from infra.bootstrap.refusal import code_of, refusal

Json = dict[str, Any]

AGAIN_SECONDS = 180.0
"""How long a write is tried again that Azure says may go through later."""
POLL_SECONDS = 5
CREATED = (201,)
"""A success that the client does not expect of a change, and the Key Vault answers."""


class Arm:
    """Azure's management as this subscription's. Every error becomes Refused with one sentence."""

    def __init__(
        self,
        credential: TokenCredential,
        subscription_id: str,
        clock: Clock,
        transport: HttpTransport[Any, Any] | None = None,
    ) -> None:
        own: dict[str, Any] = {"transport": transport} if transport else {}
        self._client = ResourceManagementClient(credential, subscription_id, polling_interval=POLL_SECONDS, **own)
        self._clock = clock

    def get(self, id_: str, version: str, what: str = "") -> Json | None:
        """The resource with this id, None where there is none."""
        try:
            return dict(self._client.resources.get_by_id(id_, api_version=version).as_dict())
        except ResourceNotFoundError:
            return None
        except AzureError as error:
            raise refusal(error, f"read {what or id_}") from error

    def put(
        self, id_: str, version: str, body: Json, what: str, *, again: Collection[str] = (), waits: bool = False
    ) -> None:
        """Make a resource. `again`: codes and statuses that pass by themselves. `waits`: for Azure to have made it.

        The client would wait for anything that Azure answers with 201, by reading it, also what is never read at once.
        """
        create = self._client.resources.begin_create_or_update_by_id
        self._write(lambda: create(id_, body, api_version=version, polling=waits), what, again)

    def patch(self, id_: str, version: str, body: Json, what: str) -> None:
        """Change what the body says and nothing else."""
        update = self._client.resources.begin_update_by_id
        self._write(lambda: update(id_, body, api_version=version), what, ())

    def _write(self, begin: Callable[[], LROPoller[Any]], what: str, again: Collection[str]) -> None:
        for pause in [*pauses(AGAIN_SECONDS), 0.0]:
            try:
                begin().result()
            except HttpResponseError as error:
                if error.status_code in CREATED:
                    return
                if pause and {code_of(error), str(error.status_code)} & set(again):
                    self._clock.sleep(pause)
                    continue
                raise refusal(error, f"make {what}") from error
            except AzureError as error:
                raise refusal(error, f"make {what}") from error
            return

    def list(self, path: str, version: str, what: str, **filters: str) -> Iterator[Json]:
        """Every entry of a collection, over all its pages; none of a resource that is not there."""
        address: str | None = path
        parameters: dict[str, str] = {"api-version": version, **filters}
        while address:
            page = self.send("GET", address, what, parameters, absent=True)
            yield from page.get("value", [])
            address, parameters = page.get("nextLink"), {}

    def post(self, path: str, version: str, body: Json | None, what: str) -> Json:
        """Call an action and wait for what it answers. The answer may be a secret: it is in no error and no log."""
        return self.send("POST", path, what, {"api-version": version}, body)

    def send(
        self,
        method: str,
        path: str,
        what: str,
        parameters: dict[str, str] | None = None,
        body: Json | None = None,
        *,
        absent: bool = False,
    ) -> Json:
        """One request; an answer that is promised for later is fetched. `absent`: nothing there is an empty answer."""
        try:
            answer = self._client.send_request(HttpRequest(method, path, params=parameters or None, json=body))
            if absent and answer.status_code == 404:
                return {}
            answer.raise_for_status()
            for pause in pauses(AGAIN_SECONDS):
                if answer.status_code != 202:
                    break
                self._clock.sleep(float(answer.headers.get("Retry-After", pause)))
                answer = self._client.send_request(HttpRequest("GET", answer.headers["Location"]))
                answer.raise_for_status()
            return dict(answer.json()) if answer.content else {}
        except AzureError as error:
            raise refusal(error, what) from error

    def registration(self, namespace: str) -> str:
        """Registration state of a resource provider: Registered, Registering, NotRegistered, Unregistering."""
        try:
            return str(self._client.providers.get(namespace).registration_state)
        except AzureError as error:
            raise refusal(error, f"read the resource provider {namespace}") from error

    def register(self, namespace: str) -> None:
        """Ask Azure to register a resource provider; it takes minutes."""
        try:
            self._client.providers.register(namespace)
        except AzureError as error:
            raise refusal(error, f"register the resource provider {namespace}") from error
