"""The local issuer: mints tokens with a key pair of this machine. For one machine only; never behind a proxy."""

from __future__ import annotations

import base64
import hashlib
import json
import logging
import os
import secrets
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import jwt
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa

from apps.backend.auth import ALGORITHM, Jwks
from apps.contracts.enums import Role

log = logging.getLogger(__name__)

ISSUER = "urn:spy-options:local"
_KEY_BITS = 2048


class KeyUnusable(Exception):
    """The issuer's key file cannot be used; the message says what to do."""


class LocalIssuer:
    """Signs with the key in `path`, which is made on the first start and readable by its owner only."""

    def __init__(self, path: Path, audience: str) -> None:
        self._key = _load(path) if path.exists() else _create(path)
        self._audience = audience
        self.kid = _thumbprint(self._key)

    async def jwks(self) -> Jwks:
        """The public key, as /.well-known/jwks.json serves it."""
        return {"keys": [{**_public(self._key), "kid": self.kid, "use": "sig", "alg": ALGORITHM}]}

    def token(self, subject: str, roles: Iterable[Role], seconds: int) -> str:
        """A signed token."""
        now = int(time.time())
        claims = {
            "iss": ISSUER,
            "aud": self._audience,
            "sub": subject,
            "roles": sorted(role.value for role in roles),
            "iat": now,
            "nbf": now,
            "exp": now + seconds,
            "jti": secrets.token_hex(8),
        }
        return jwt.encode(claims, self._key, algorithm=ALGORITHM, headers={"kid": self.kid})


def _create(path: Path) -> rsa.RSAPrivateKey:
    key = rsa.generate_private_key(public_exponent=65_537, key_size=_KEY_BITS)
    text = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    path.parent.mkdir(parents=True, exist_ok=True)
    draft = path.with_name(f".{path.name}.{os.getpid()}")
    descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)  # whole or not at all: a start that is killed leaves no half key
    return key


def _load(path: Path) -> rsa.RSAPrivateKey:
    try:
        if path.stat().st_mode & 0o077:
            log.warning("issuer: %s could be read by others; it is now 0600", path)
            path.chmod(0o600)
        key = serialization.load_pem_private_key(path.read_bytes(), password=None)
    except (OSError, ValueError, TypeError) as error:
        raise KeyUnusable(
            f"The local issuer's key {path} cannot be read ({error}). Delete it: a new one is made at the next start, "
            "and every token given out before is then refused."
        ) from error
    if not isinstance(key, rsa.RSAPrivateKey):
        raise KeyUnusable(f"The local issuer's key {path} is not an RSA key. Delete it: a new one is made.")
    return key


def _public(key: rsa.RSAPrivateKey) -> dict[str, Any]:
    numbers = key.public_key().public_numbers()
    return {"e": _base64(numbers.e), "kty": "RSA", "n": _base64(numbers.n)}


def _base64(number: int) -> str:
    data = number.to_bytes((number.bit_length() + 7) // 8, "big")
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


def _thumbprint(key: rsa.RSAPrivateKey) -> str:
    """RFC 7638: the key's name follows from the key."""
    text = json.dumps(_public(key), separators=(",", ":"), sort_keys=True)
    return base64.urlsafe_b64encode(hashlib.sha256(text.encode()).digest()).rstrip(b"=").decode()
