"""The cluster's API as a Pod sees it: its ServiceAccount's token, the cluster's CA, JSON over HTTPS. Knows no resource.

The token is projected and rotates, and so may the CA: both are read from their files when they are used.
"""

from __future__ import annotations

import asyncio
import os
import ssl
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import httpx

from apps.contracts.names import ClusterEnv, Env

CREDENTIALS_DIR = Path("/var/run/secrets/kubernetes.io/serviceaccount")
"""Where the kubelet puts token, ca.crt and namespace, unless a Pod says otherwise."""

REQUEST_SECONDS = 10.0

JSON = "application/json"
MERGE_PATCH = "application/merge-patch+json"

Json = dict[str, Any]


class ClusterError(Exception):
    """The cluster did not do what was asked; the message is a sentence."""


class NotInCluster(ClusterError):
    """No API server is named, or the Pod's credentials are not there."""


class ApiAway(ClusterError):
    """No answer, or one that is not the API's. Whether a write was done is not known."""


class ApiRefused(ClusterError):
    """The API server answered with an error: `status` is the HTTP status, `reason` Kubernetes' own word."""

    def __init__(self, status: int, reason: str, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.reason = reason


@dataclass(frozen=True, slots=True)
class ClusterAddress:
    """Where the API server answers, and the folder of the credentials to use there."""

    url: str
    credentials_dir: Path = CREDENTIALS_DIR

    @classmethod
    def of_pod(cls, credentials_dir: Path = CREDENTIALS_DIR) -> ClusterAddress:
        """From what the kubelet gave this Pod. Raises NotInCluster."""
        host, port = (os.environ.get(key, "") for key in (ClusterEnv.SERVICE_HOST, ClusterEnv.SERVICE_PORT))
        if not host or not (port.isascii() and port.isdigit()):
            raise NotInCluster(
                f"{ClusterEnv.SERVICE_HOST} and {ClusterEnv.SERVICE_PORT} are not set: this runs in a Pod of a "
                "cluster, where the kubelet sets them."
            )
        for name in ("token", "ca.crt"):
            if not (credentials_dir / name).is_file():
                raise NotInCluster(
                    f"{credentials_dir / name} is not there: mount a ServiceAccount token with its CA, or set "
                    f"{Env.KUBERNETES_CREDENTIALS_DIR} to their folder."
                )
        return cls(f"https://{f'[{host}]' if ':' in host else host}:{port}", credentials_dir)

    def token(self) -> str:
        """The token of this moment. Raises NotInCluster."""
        try:
            return (self.credentials_dir / "token").read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise NotInCluster(f"{self.credentials_dir / 'token'} cannot be read ({error}).") from error

    def namespace(self) -> str:
        """The Pod's namespace as the kubelet wrote it; empty when it did not."""
        try:
            return (self.credentials_dir / "namespace").read_text(encoding="ascii").strip()
        except (OSError, ValueError):
            return ""


class KubernetesApi:
    """One keep-alive connection to the API server."""

    def __init__(self, address: ClusterAddress) -> None:
        self._address = address
        self._client: httpx.AsyncClient | None = None
        self._trusted_at = 0

    async def request(
        self,
        method: Literal["GET", "POST", "PUT", "PATCH"],
        path: str,
        body: Mapping[str, Any] | None = None,
        *,
        kind: str = JSON,
        seconds: float = REQUEST_SECONDS,
    ) -> Json:
        """The answer's object. Raises ApiRefused for the server's no, ApiAway when there is no telling."""
        headers = {"Accept": JSON, "Authorization": f"Bearer {self._address.token()}"}
        if body is not None:
            headers["Content-Type"] = kind
        try:
            async with asyncio.timeout(seconds):
                client = await self._connection()
                answer = await client.request(method, path, headers=headers, json=body)
        except TimeoutError as error:
            raise ApiAway(f"The API server at {self._address.url} did not answer within {seconds:g} s.") from error
        except (httpx.HTTPError, httpx.InvalidURL, UnicodeError) as error:
            said = str(error) or type(error).__name__
            raise ApiAway(f"The API server at {self._address.url} cannot be reached ({said}).") from error
        return _object(answer)

    async def close(self) -> None:
        """Release the connection."""
        if self._client is not None:
            client, self._client = self._client, None
            await client.aclose()

    async def _connection(self) -> httpx.AsyncClient:
        """A client that trusts the CA of this moment."""
        authority = self._address.credentials_dir / "ca.crt"
        try:
            written = authority.stat().st_mtime_ns
            if self._client is None or written != self._trusted_at:
                await self.close()
                self._client = httpx.AsyncClient(
                    base_url=self._address.url,
                    verify=ssl.create_default_context(cafile=str(authority)),
                    timeout=None,  # noqa: S113  every request has its own limit
                    trust_env=False,
                )
                self._trusted_at = written
        except (OSError, ssl.SSLError) as error:
            raise NotInCluster(f"{authority} cannot be used ({error}).") from error
        return self._client


def _object(answer: httpx.Response) -> Json:
    try:
        content = answer.json()
    except ValueError:
        content = None
    if not isinstance(content, dict):
        raise ApiAway(f"The API server answered {answer.status_code} with what is no object.")
    if answer.is_success:
        return content
    message = str(content.get("message") or f"The API server answered {answer.status_code}.")
    if answer.status_code >= 500 or answer.status_code == 429:
        raise ApiAway(f"The API server is not able to answer now ({answer.status_code}: {message}).")
    raise ApiRefused(answer.status_code, str(content.get("reason", "")), message)
