"""Images in rules: whether a reference can come to mean another image. Pure."""

from __future__ import annotations

import re

from pulumi.runtime.rpc import UNKNOWN

from infra.policies.subject import is_known
from stacks.settings.platform import UNRESOLVED

BY_DIGEST = re.compile(rf"[^@\s]+@(sha256:[0-9a-f]{{64}}|{UNRESOLVED}|<[^>]+>)")
"""A digest, the settings' mark for one not resolved yet (which they refuse in prod), or a plan's placeholder."""


def why_movable(reference: object) -> str:
    """Why a reference is none by digest, as the end of a sentence; empty when it is one, or is not known yet."""
    if not isinstance(reference, str):
        return "is not set: give HOST/REPOSITORY@sha256:…"
    if not is_known(reference) or UNKNOWN in reference or BY_DIGEST.fullmatch(reference):
        return ""
    return f"is {reference!r}, which can be moved to another image: give HOST/REPOSITORY@sha256:…"
