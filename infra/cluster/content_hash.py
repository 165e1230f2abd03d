"""ContentHash: what of a ConfigMap or Secret a pod was started with, as an annotation that changes with it. Pure."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from functools import lru_cache
from hashlib import scrypt, sha256
from typing import Any

import pulumi

PREFIX = "spy-options/"

WORK = 2**14
"""Of scrypt: a tenth of a second and 16 MiB for each guess."""


def content_hash(data: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """SHA-256 of a ConfigMap's content, in hexadecimal digits; unknown while the content is."""
    return _hashed(data, lambda content: sha256(content).hexdigest())


def secret_hash(data: Mapping[str, pulumi.Input[str]], place: str) -> pulumi.Output[str]:
    """The same of a Secret, by scrypt, with its NAMESPACE/NAME as salt. Shown in the open: it is no secret itself.

    Whoever may read pods, or the diff of an update, sees it, and a person's password is short enough to be guessed
    from a hash that is quick to make.
    """
    return _hashed(data, lambda content: _slow(sha256(content).digest(), place.encode()))


def annotation(name: str) -> str:
    """Annotation of a pod template that holds the hash of this ConfigMap or Secret."""
    return f"{PREFIX}{name}"


def _hashed(data: Mapping[str, pulumi.Input[str]], digest: Callable[[bytes], str]) -> pulumi.Output[str]:
    def hashed(known: Any) -> str:
        return digest(json.dumps(known, sort_keys=True).encode())

    return pulumi.Output.unsecret(pulumi.Output.from_input(dict(data)).apply(hashed))


@lru_cache
def _slow(content: bytes, salt: bytes) -> str:
    """Kept for the process: tests build the same stack many times."""
    return scrypt(content, salt=salt, n=WORK, r=8, p=1, dklen=32).hex()
