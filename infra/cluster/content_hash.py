"""ContentHash: what of a ConfigMap or Secret a pod was started with, as an annotation that changes with it. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import sha256
from typing import Any

import pulumi

PREFIX = "spy-options/"


def content_hash(data: Mapping[str, pulumi.Input[str]]) -> pulumi.Output[str]:
    """SHA-256 of the content, in hexadecimal digits. Not secret, whatever the content is; unknown while it is."""

    def digest(known: Any) -> str:
        return sha256(json.dumps(known, sort_keys=True).encode()).hexdigest()

    return pulumi.Output.unsecret(pulumi.Output.from_input(dict(data)).apply(digest))


def annotation(name: str) -> str:
    """Annotation of a pod template that holds the hash of this ConfigMap or Secret."""
    return f"{PREFIX}{name}"
