"""Keys: the public halves of what a cluster signs tokens with, as JSON Web Keys. Refuses to hold a private half."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_public_key

PUBLIC = ("use", "kty", "kid", "alg", "n", "e", "crv", "x", "y")
"""Members of a JSON Web Key that say nothing secret (RFC 7518, 6.2 and 6.3)."""

_CURVES = {"secp256r1": ("P-256", "ES256"), "secp384r1": ("P-384", "ES384"), "secp521r1": ("P-521", "ES512")}
_ALGORITHMS = {"RSA": {"RS256", "RS384", "RS512"}, "EC": {algorithm for _, algorithm in _CURVES.values()}}
_NUMBERS = {"RSA": ("n", "e"), "EC": ("x", "y")}
_RSA_BITS = 2048
"""Shorter ones can be broken, and whoever breaks one signs as any service."""
_END = "-----END PUBLIC KEY-----"


class KeysRefused(Exception):
    """What was given is not a set of public keys; the message says why and the cure."""


@dataclass(frozen=True)
class PublicKey:
    """One key by its id, with its public members (RFC 7517)."""

    kid: str
    members: tuple[tuple[str, str], ...]

    @property
    def algorithm(self) -> str:
        return dict(self.members)["alg"]

    def as_object(self) -> dict[str, str]:
        """The JSON Web Key."""
        return dict(self.members)


def public_key(members: Mapping[str, Any], source: str) -> PublicKey:
    """A key from its JSON members. Raises KeysRefused where one is private, or absent, or no signing key's."""
    if not members.get("kid") or not members.get("kty") or not members.get("alg"):
        raise KeysRefused(f"{source} holds a key without kid, kty or alg: is it the key set of an API server?")
    if private := sorted(set(members) & {"d", "p", "q", "dp", "dq", "qi", "oth", "k"}):
        raise KeysRefused(f"{source} holds the private half of the key {members['kid']} ({private[0]}): never show it")
    key = PublicKey(str(members["kid"]), tuple((name, str(members[name])) for name in PUBLIC if name in members))
    if not re.fullmatch(r"[!-~]{1,200}", key.kid):
        raise KeysRefused(f"{source} holds a key whose kid is no name: is it the key set of an API server?")
    _check(key, source)
    return key


def _check(key: PublicKey, source: str) -> None:
    """Raise KeysRefused for a key that nobody should trust."""
    members = key.as_object()
    kind = members["kty"]
    if key.algorithm not in _ALGORITHMS.get(kind, ()) or members.get("use", "sig") != "sig":
        raise KeysRefused(f"{source} holds the key {key.kid}, which signs no tokens of an API server: give RSA or EC")
    numbers = [members.get(name, "") for name in _NUMBERS[kind]]
    if not all(re.fullmatch(r"[A-Za-z0-9_-]{2,}", number) and len(number) % 4 != 1 for number in numbers):
        raise KeysRefused(f"{source} holds the key {key.kid} without its numbers {', '.join(_NUMBERS[kind])}: {_ANEW}")
    if kind == "RSA" and (bits := _bits(members["n"])) < _RSA_BITS:
        raise KeysRefused(
            f"{source} holds the key {key.kid} of {bits} bits, which can be broken: rotate it to one of {_RSA_BITS} or "
            "more"
        )


_ANEW = "take it from the API server anew"


def _bits(number: str) -> int:
    """Length of a base64url number."""
    return int.from_bytes(base64.urlsafe_b64decode(number + "=" * (-len(number) % 4)), "big").bit_length()


def from_key_set(document: Mapping[str, Any], source: str) -> tuple[PublicKey, ...]:
    """Keys of a JSON Web Key Set, in its order. Raises KeysRefused where it is none, or empty."""
    keys = document.get("keys")
    if not isinstance(keys, list) or not keys or not all(isinstance(key, Mapping) for key in keys):
        raise KeysRefused(f"{source} is no JSON Web Key Set with at least one key")
    return tuple(dict.fromkeys(public_key(key, source) for key in keys))


def from_files(paths: Iterable[Path]) -> tuple[PublicKey, ...]:
    """Keys of PEM files, each with one public key or several, the first the one that signs. Raises KeysRefused."""
    return tuple(dict.fromkeys(_from_pem(block, path) for path in paths for block in _blocks(path)))


def _blocks(path: Path) -> list[str]:
    try:
        text = path.read_text("ascii")
    except (OSError, ValueError) as error:
        raise KeysRefused(f"{path} cannot be read ({type(error).__name__}): give a PEM file of public keys") from error
    if "PRIVATE KEY-----" in text:
        raise KeysRefused(
            f"{path} holds a private key, which never leaves its server: make the public half there, "
            f"'openssl pkey -in {path} -pubout', and give that"
        )
    blocks = [f"{part}{_END}\n" for part in text.split(_END)[:-1]]
    if not blocks:
        raise KeysRefused(f"{path} holds no public key: it must begin with -----BEGIN PUBLIC KEY-----")
    return blocks


def _from_pem(block: str, path: Path) -> PublicKey:
    """A PEM block as a key, its id made as an API server makes it: the SHA-256 of the key in DER, base64url."""
    try:
        key = load_pem_public_key(block.encode("ascii"))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise KeysRefused(
            f"{path} holds a public key that cannot be read: write it anew, 'openssl pkey -in FILE -pubout'"
        ) from error
    der = key.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return public_key({"use": "sig", "kid": _base64url(hashlib.sha256(der).digest()), **_members(key, path)}, str(path))


def _members(key: object, path: Path) -> dict[str, str]:
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return {"kty": "RSA", "alg": "RS256", "n": _integer(numbers.n), "e": _integer(numbers.e)}
    if isinstance(key, ec.EllipticCurvePublicKey) and key.curve.name in _CURVES:
        point, size = key.public_numbers(), (key.curve.key_size + 7) // 8
        curve, algorithm = _CURVES[key.curve.name]
        return {"kty": "EC", "alg": algorithm, "crv": curve, "x": _integer(point.x, size), "y": _integer(point.y, size)}
    raise KeysRefused(f"{path} holds a key of a kind that no API server signs with: give RSA, P-256, P-384 or P-521")


def _integer(number: int, size: int = 0) -> str:
    return _base64url(number.to_bytes(size or (number.bit_length() + 7) // 8, "big"))


def _base64url(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).decode("ascii").rstrip("=")
