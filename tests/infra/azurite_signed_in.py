"""Azurite as Entra's clients meet it: over TLS, tokens taken and checked, a public container read by anybody."""

from __future__ import annotations

import base64
import os
import re
import secrets
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import jwt
from azure.core.credentials import AccessToken
from azure.storage.blob import BlobServiceClient, PublicAccess

from tests.infra.loopback_tls import Certificate
from tests.toolchain import azurite

ACCOUNT = "spytests"


@dataclass(frozen=True)
class Blobs:
    """A running service: its address with the account, and a client that holds the account's key."""

    url: str
    owner: BlobServiceClient

    def container(self, name: str, public: PublicAccess | None = None) -> str:
        """Make a container; its URL."""
        self.owner.create_container(name, public_access=public)
        return f"{self.url}/{name}"

    def read(self, container: str, name: str) -> bytes:
        content: bytes = self.owner.get_blob_client(container, name).download_blob().readall()
        return content


class Person:
    """A credential as Entra's: tokens for the audience that is asked for, unless another is meant."""

    def __init__(self, audience: str = "") -> None:
        self._audience = audience

    def get_token(self, *scopes: str, **_: object) -> AccessToken:
        until = int(time.time()) + 3600
        audience = self._audience or scopes[0].removesuffix("/.default")
        claims = {
            "aud": audience,
            "iss": "https://sts.windows.net/00000000-0000-0000-0000-000000000002/",
            "iat": until - 3600,
            "nbf": until - 3660,
            "exp": until,
            "ver": "1.0",
        }
        return AccessToken(jwt.encode(claims, "a-secret-of-nobody-0123456789abcdef", "HS256"), until)


@contextmanager
def signed_in_blobs(tls: Certificate) -> Iterator[Blobs]:
    """Start it on a free port, stop it at the end. Skips or fails as tests.toolchain.azurite does."""
    key = base64.b64encode(secrets.token_bytes(32)).decode()
    command = [
        str(azurite()),
        "--blobHost",
        "127.0.0.1",
        "--blobPort",
        "0",
        "--inMemoryPersistence",
        "--oauth",
        "basic",
    ]
    process = subprocess.Popen(
        [
            *command,
            "--cert",
            str(tls.certificate),
            "--key",
            str(tls.key),
            "--skipApiVersionCheck",
            "--disableTelemetry",
        ],
        env=os.environ | {"AZURITE_ACCOUNTS": f"{ACCOUNT}:{key}"},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    try:
        url = f"https://{_address(process)}/{ACCOUNT}"
        owner = BlobServiceClient(
            url, credential={"account_name": ACCOUNT, "account_key": key}, connection_verify=str(tls.certificate)
        )
        with owner:
            yield Blobs(url, owner)
    finally:
        process.terminate()
        process.communicate(timeout=20)


def _address(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    printed = []
    for line in process.stdout:
        printed.append(line)
        if listening := re.search(r"listens on https://(\S+)", line):
            return listening.group(1)
    raise AssertionError(f"Azurite did not start: {''.join(printed)}")
