"""ClusterReader: asks a cluster's API server through a context of the kubeconfig. Only GET; never changes a cluster."""

from __future__ import annotations

import ssl
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from infra import web
from infra.kubeconfig import Access, NoContext, access

SECONDS = 10.0
"""Time limit of one question, connection included."""

_REFUSED = {
    401: "does not know who asks: renew the kubeconfig's certificate or token",
    403: "does not let this user read it: use an administrator's context",
    404: "has no such thing",
}


class ClusterUnreadable(Exception):
    """A question that the cluster did not answer; the message is one sentence with the cure. `status`: HTTP, or 0."""

    def __init__(self, message: str, status: int = 0) -> None:
        super().__init__(message)
        self.status = status


class ClusterReader:
    """One cluster, as one context reaches it. Closed by `with reading(...)`."""

    def __init__(self, way: Access, client: httpx.Client) -> None:
        self._way, self._client = way, client

    def get(self, path: str) -> dict[str, Any]:
        """The JSON object at a path of the API. Raises ClusterUnreadable."""
        where = f"{self._way.server} (context {self._way.context})"
        try:
            answer = self._client.get(path)
        except httpx.TimeoutException as error:
            raise ClusterUnreadable(f"{where} did not answer within {SECONDS:g} s: is the line up?") from error
        except (httpx.HTTPError, ssl.SSLError, ValueError) as error:  # ValueError: a host that is no name
            raise ClusterUnreadable(f"{where} cannot be reached ({error}): is it running, and the line up?") from error
        if answer.status_code != httpx.codes.OK:
            why = _REFUSED.get(answer.status_code, "did not answer as asked")
            raise ClusterUnreadable(f"{where} answered {answer.status_code} to {path}: it {why}", answer.status_code)
        try:
            body = answer.json()
        except (ValueError, RecursionError):  # no UTF-8, no JSON
            body = None
        if not isinstance(body, dict):
            raise ClusterUnreadable(f"{where} answered {path} with something that is no object: is it an API server?")
        return body

    def uid(self) -> str:
        """UID of kube-system, which is the cluster's identity for its whole life."""
        path = "/api/v1/namespaces/kube-system"
        metadata = self.get(path).get("metadata")
        if not isinstance(metadata, dict) or not metadata.get("uid"):
            where = f"{self._way.server} (context {self._way.context})"
            raise ClusterUnreadable(f"{where} answered {path} without a uid: is it an API server?")
        return str(metadata["uid"])


@contextmanager
def reading(context: str) -> Iterator[ClusterReader]:
    """The cluster of a context. Raises NoContext where the kubeconfig does not lead to one."""
    way = access(context)
    headers = {"Authorization": f"Bearer {way.token}"} if way.token else {}
    extensions = {"sni_hostname": way.server_name} if way.server_name else {}

    def name_server(request: httpx.Request) -> None:
        request.extensions.update(extensions)

    with web.client(
        ClusterUnreadable,
        base_url=way.server,
        headers=headers,
        timeout=SECONDS,
        verify=_trust(way),
        trust_env=not _is_here(way.server),
        event_hooks={"request": [name_server]},
    ) as client:
        yield ClusterReader(way, client)


def _is_here(server: str) -> bool:
    """Whether it is on this machine, where kubectl asks no proxy either."""
    return httpx.URL(server).host in {"127.0.0.1", "::1", "localhost"}


def _trust(way: Access) -> ssl.SSLContext:
    """TLS as the kubeconfig has it. Raises NoContext for certificates or a key that are none."""
    what = "certificate-authority"
    try:
        trust = ssl.create_default_context(cadata=way.authority or None)
        if way.unverified:
            trust.check_hostname, trust.verify_mode = False, ssl.CERT_NONE
        what = "client certificate or its key"
        if way.client_certificate and way.client_key:
            _show(trust, way)
    except (ssl.SSLError, ValueError) as error:
        raise NoContext(
            f"the {what} of the context {way.context!r} cannot be used: take the kubeconfig from the cluster anew"
        ) from error
    return trust


def _show(trust: ssl.SSLContext, way: Access) -> None:
    """Sign in by the client's certificate. Python loads a key from a file only, so one is there for that moment."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "client.pem"
        path.touch(mode=0o600)
        path.write_text(f"{way.client_certificate}\n{way.client_key}", "utf-8")
        trust.load_cert_chain(path, password="")
