"""Api: a thin client of a Kubernetes API server for tests, which keeps the warnings. Imports the standard library only.

api.apply(manifest)                          # server-side apply; Refusal when the server refuses
api.apply(manifest, dry_run=True).warnings   # what it would warn about
api.get("apps/v1", "Deployment", "backend", "spy-options-bot")
api.until("apps/v1", "Deployment", "backend", "spy-options-bot", holds=is_ready)
"""

from __future__ import annotations

import http.client
import json
import re
import ssl
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

Manifest = dict[str, Any]
"""A Kubernetes object as plain data."""

APPLY = "application/apply-patch+yaml"
MERGE = "application/merge-patch+json"
WARNING = re.compile(r'299 \S+ "((?:[^"\\]|\\.)*)"')
PATIENCE_SECONDS = 60.0
"""How long a test waits for something that the control plane does within a second or two on an idle machine."""


class Refusal(Exception):
    """The API server said no. `status` is the HTTP code, `reason` Kubernetes' word for it (NotFound, Invalid, …)."""

    def __init__(self, status: int, body: Mapping[str, Any]) -> None:
        super().__init__(str(body.get("message") or body))
        self.status = status
        self.reason = str(body.get("reason", ""))
        self.body = body


@dataclass(frozen=True)
class Answer:
    """What the server said to one request."""

    status: int
    body: Manifest
    warnings: tuple[str, ...]


@dataclass
class Api:
    """One user's way to one API server. Every call is a connection of its own, so that threads may share it."""

    address: str
    token: str
    ca_file: Path
    _kinds: dict[tuple[str, str], tuple[str, bool]] = field(default_factory=dict, repr=False)
    """Plural name, and whether it lives in a namespace, by apiVersion and kind."""

    def as_bearer(self, token: str) -> Api:
        """The same server, asked by somebody else."""
        return Api(self.address, token, self.ca_file, self._kinds)

    def request(
        self,
        method: str,
        path: str,
        body: Any = None,
        *,
        query: Mapping[str, str] | None = None,
        content_type: str = "application/json",
        seconds: float = PATIENCE_SECONDS,
    ) -> Answer:
        """One request to a path such as /version. Raises Refusal for 4xx and 5xx, OSError when nobody answers."""
        with_query = f"{path}?{urlencode(query)}" if query else path
        connection = self._connection(seconds)
        try:
            connection.request(method, with_query, _written(body), self._headers(content_type))
            response = connection.getresponse()
            content = response.read()
        finally:
            connection.close()
        answered = _read(content)
        if response.status >= http.client.BAD_REQUEST:
            raise Refusal(response.status, answered)
        warnings = (found for header in response.headers.get_all("Warning") or [] for found in WARNING.findall(header))
        return Answer(response.status, answered, tuple(re.sub(r"\\(.)", r"\1", text) for text in warnings))

    def apply(
        self, manifest: Manifest, *, dry_run: bool = False, manager: str = "tests", force: bool = False
    ) -> Answer:
        """Server-side apply with strict field validation. Raises Refusal: Conflict when another manager has a field."""
        query = {"fieldManager": manager, "fieldValidation": "Strict", "force": str(force).lower()}
        return self.request("PATCH", self.path(manifest), manifest, query=query | _dry(dry_run), content_type=APPLY)

    def create(self, manifest: Manifest, *, dry_run: bool = False, manager: str = "tests") -> Answer:
        """Make it. Raises Refusal: AlreadyExists."""
        query = {"fieldManager": manager, "fieldValidation": "Strict"}
        return self.request("POST", self.collection(manifest), manifest, query=query | _dry(dry_run))

    def get(self, version: str, kind: str, name: str, namespace: str = "") -> Manifest:
        """One object. Raises Refusal: NotFound."""
        return self.request("GET", self.path(reference(version, kind, name, namespace))).body

    def find(self, version: str, kind: str, name: str, namespace: str = "") -> Manifest | None:
        """One object, or None when it is not there."""
        try:
            return self.get(version, kind, name, namespace)
        except Refusal as refusal:
            if refusal.status == http.client.NOT_FOUND:
                return None
            raise

    def objects(self, version: str, kind: str, namespace: str = "", *, labels: str = "") -> list[Manifest]:
        """All objects of a kind, in one namespace or in all; `labels` is a selector."""
        query = {"labelSelector": labels} if labels else None
        path = self.collection(reference(version, kind, "", namespace), everywhere=not namespace)
        body = self.request("GET", path, query=query).body
        return [{"apiVersion": version, "kind": kind, **item} for item in body["items"]]

    def patch(
        self, version: str, kind: str, name: str, namespace: str, change: Manifest, *, subresource: str = ""
    ) -> Manifest:
        """A JSON merge patch of an object, or of its scale or status."""
        path = self.path(reference(version, kind, name, namespace)) + (f"/{subresource}" if subresource else "")
        return self.request("PATCH", path, change, content_type=MERGE).body

    def delete(
        self,
        version: str,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        wait: bool = True,
        propagation: str = "Foreground",
        seconds: float = PATIENCE_SECONDS,
    ) -> None:
        """Remove it with what it owns, and wait until it is gone. Gone already is no error."""
        path = self.path(reference(version, kind, name, namespace))
        try:
            self.request("DELETE", path, {"propagationPolicy": propagation})
        except Refusal as refusal:
            if refusal.status != http.client.NOT_FOUND:
                raise
            return
        if wait:
            self.until_gone(version, kind, name, namespace, seconds=seconds)

    def until(
        self,
        version: str,
        kind: str,
        name: str,
        namespace: str = "",
        *,
        holds: Callable[[Manifest], bool] = lambda _: True,
        seconds: float = PATIENCE_SECONDS,
    ) -> Manifest:
        """The object as soon as something holds of it. Raises TimeoutError that shows it as it last was."""
        last: Manifest | None = None
        for last in self.states(version, kind, name, namespace, seconds=seconds):
            if last is not None and holds(last):
                return last
        raise TimeoutError(f"{kind} {name} did not get there in {seconds:.0f} s; it was last\n{json.dumps(last)}")

    def until_gone(
        self, version: str, kind: str, name: str, namespace: str = "", *, seconds: float = PATIENCE_SECONDS
    ) -> None:
        """Return as soon as the object is gone. Raises TimeoutError that shows it as it last was."""
        last: Manifest | None = None
        for last in self.states(version, kind, name, namespace, seconds=seconds):
            if last is None:
                return
        raise TimeoutError(f"{kind} {name} is still there after {seconds:.0f} s:\n{json.dumps(last)}")

    def states(
        self, version: str, kind: str, name: str, namespace: str = "", *, seconds: float = PATIENCE_SECONDS
    ) -> Iterator[Manifest | None]:
        """The object now and after each change, None while it is not there, for at most so long."""
        collection = self.collection(reference(version, kind, "", namespace))
        only = {"fieldSelector": f"metadata.name={name}"}
        ends = time.monotonic() + seconds
        while (left := ends - time.monotonic()) > 0:
            found = self.request("GET", collection, query=only).body
            yield found["items"][0] if found["items"] else None
            since = {"resourceVersion": found["metadata"]["resourceVersion"], "watch": "true"}
            for event in self._events(collection, only | since, left):
                if event["type"] == "ERROR":
                    break
                yield None if event["type"] == "DELETED" else event["object"]

    def path(self, manifest: Manifest) -> str:
        """Where an object lives."""
        return f"{self.collection(manifest)}/{quote(manifest['metadata']['name'])}"

    def collection(self, manifest: Manifest, *, everywhere: bool = False) -> str:
        """Where the objects of its kind and namespace live, or those of its kind in all namespaces."""
        version, kind = manifest["apiVersion"], manifest["kind"]
        plural, namespaced = self._kind(version, kind)
        namespace = manifest["metadata"].get("namespace") or "default"
        within = f"/namespaces/{quote(namespace)}" if namespaced and not everywhere else ""
        return f"{_root(version)}{within}/{plural}"

    def _kind(self, version: str, kind: str) -> tuple[str, bool]:
        if (version, kind) not in self._kinds:
            for resource in self.request("GET", _root(version)).body["resources"]:
                if "/" not in resource["name"]:
                    self._kinds[version, resource["kind"]] = (resource["name"], resource["namespaced"])
        if (version, kind) not in self._kinds:
            raise Refusal(http.client.NOT_FOUND, {"message": f"the server knows no {kind} in {version}"})
        return self._kinds[version, kind]

    def _events(self, path: str, query: Mapping[str, str], seconds: float) -> Iterator[Manifest]:
        """Changes as they happen, for at most so long."""
        timed = {**query, "timeoutSeconds": str(max(1, round(seconds)))}
        connection = self._connection(seconds + 5)
        try:
            connection.request("GET", f"{path}?{urlencode(timed)}", headers=self._headers("application/json"))
            response = connection.getresponse()
            if response.status >= http.client.BAD_REQUEST:
                raise Refusal(response.status, _read(response.read()))
            while line := response.readline():
                yield json.loads(line)
        finally:
            connection.close()

    def _connection(self, seconds: float) -> http.client.HTTPSConnection:
        trusted = ssl.create_default_context(cafile=str(self.ca_file))
        # The server signs its own certificate, with too few extensions for the strict reading of Python 3.13.
        trusted.verify_flags &= ~ssl.VERIFY_X509_STRICT
        where = urlsplit(self.address)
        return http.client.HTTPSConnection(where.hostname or "", where.port, timeout=seconds, context=trusted)

    def _headers(self, content_type: str) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.token}", "Content-Type": content_type, "Accept": "application/json"}


def reference(version: str, kind: str, name: str, namespace: str = "") -> Manifest:
    """As much of a manifest as says which object is meant."""
    metadata = {key: value for key, value in (("name", name), ("namespace", namespace)) if value}
    return {"apiVersion": version, "kind": kind, "metadata": metadata}


def condition(manifest: Manifest, kind: str) -> str:
    """Status of one of its conditions: True, False, Unknown, or empty when it has none of that kind."""
    found = manifest.get("status", {}).get("conditions") or []
    return next((str(one["status"]) for one in found if one["type"] == kind), "")


def _root(version: str) -> str:
    return f"/apis/{version}" if "/" in version else f"/api/{version}"


def _dry(dry_run: bool) -> dict[str, str]:
    return {"dryRun": "All"} if dry_run else {}


def _written(body: Any) -> bytes | None:
    return None if body is None else json.dumps(body).encode()


def _read(content: bytes) -> Manifest:
    """Kubernetes answers with JSON, but for health checks and some errors, which are text."""
    try:
        read: Manifest = json.loads(content)
    except ValueError:
        return {"message": content.decode(errors="replace")}
    return read if isinstance(read, dict) else {"message": read}
