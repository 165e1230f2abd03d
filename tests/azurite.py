"""Azurite for tests: a blob service on a free loopback port with an account of its own. Keeps nothing on disk."""

from __future__ import annotations

import base64
import hmac
import os
import re
import secrets
import subprocess
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from email.utils import formatdate
from http.client import HTTPResponse

from tests.toolchain import azurite

ACCOUNT = "spytests"
SERVICE_VERSION = "2023-11-03"


@dataclass(frozen=True)
class BlobService:
    """A running blob service: its HOST:PORT, and the account that is the first segment of every path."""

    address: str
    account: str
    key: str

    @property
    def environment(self) -> dict[str, str]:
        """What a client process needs to be let in."""
        return {"AZURE_STORAGE_ACCOUNT": self.account, "AZURE_STORAGE_KEY": self.key}

    def create_container(self, name: str) -> None:
        """Make an empty container. Raises urllib.error.HTTPError when the service refuses."""
        self._request("PUT", name, "restype:container").close()

    def blob_names(self, container: str) -> list[str]:
        """Names of all blobs in a container (at most 5,000, one page)."""
        with self._request("GET", container, "comp:list\nrestype:container") as answer:
            return re.findall(r"<Name>([^<]+)</Name>", answer.read().decode())

    def read_blob(self, container: str, name: str) -> bytes:
        """What a blob holds."""
        with self._request("GET", f"{container}/{name}", "") as answer:
            return answer.read()

    def pulumi_backend(self, container: str) -> str:
        """Backend address under which Pulumi keeps its state in a container here; it reads `environment`."""
        return f"azblob://{container}?domain={self.address}&protocol=http&localemu=true&storage_account={self.account}"

    def _request(self, method: str, path: str, parameters: str) -> HTTPResponse:
        """One request signed with the account key: `parameters` as in the string to sign, a `name:value` line each."""
        headers = {"x-ms-date": formatdate(usegmt=True), "x-ms-version": SERVICE_VERSION}
        canonical = "".join(f"{name}:{value}\n" for name, value in sorted(headers.items()))
        resource = f"/{self.account}/{self.account}/{path}" + (f"\n{parameters}" if parameters else "")
        to_sign = f"{method}{chr(10) * 12}{canonical}{resource}".encode()
        signature = base64.b64encode(hmac.digest(base64.b64decode(self.key), to_sign, "sha256")).decode()
        headers["Authorization"] = f"SharedKey {self.account}:{signature}"
        query = parameters.replace(":", "=").replace("\n", "&")
        url = f"http://{self.address}/{self.account}/{path}?{query}"
        request = urllib.request.Request(url, method=method, headers=headers)
        answer: HTTPResponse = urllib.request.urlopen(request, timeout=20)  # noqa: S310
        return answer


@contextmanager
def running_blob_service() -> Iterator[BlobService]:
    """Start it, wait until it listens, stop it. Skips or fails as tests.toolchain.azurite does."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    command = [str(azurite("azurite-blob")), "--blobHost", "127.0.0.1", "--blobPort", "0", "--inMemoryPersistence"]
    process = subprocess.Popen(
        [*command, "--disableTelemetry", "--skipApiVersionCheck", "--silent"],
        env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        yield BlobService(_address(process), ACCOUNT, key)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _address(process: subprocess.Popen[str]) -> str:
    """HOST:PORT once it listens; what it printed instead when it ended."""
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if listening := re.search(r"listens on http://(\S+)", line):
            return listening.group(1)
    raise AssertionError(f"Azurite did not start: {''.join(printed)}")
