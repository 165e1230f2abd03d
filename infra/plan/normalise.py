"""Normalise: a recorded plan without what differs from run to run or must not be written down. Pure.

Secrets read `<secret>`, unknown values `<computed>`, references of our images `<image:NAME>`, digests of others
`<digest>`, content hashes `<hash:NAME>`; JSON in a text is laid out over lines.
"""

from __future__ import annotations

import json
import re
from dataclasses import replace
from typing import Any

from infra.images import REPOSITORIES
from infra.plan.model import Plan, Registration
from infra.plan.values import UNKNOWN, Secret

HIDDEN = "<secret>"
COMPUTED = "<computed>"

_DIGEST = r"(?:sha256:[0-9a-f]{64}|unresolved|<[^<>]*digest>)"
_OWN_IMAGE = re.compile(rf"[\w.<>:/-]*?\b({'|'.join(REPOSITORIES.values())})@{_DIGEST}")
_OTHER_DIGEST = re.compile(r"@sha256:[0-9a-f]{64}")
_HASH = re.compile(r"[0-9a-f]{64}")


def normalised(plan: Plan) -> Plan:
    """The plan as the golden files hold it."""
    return replace(
        plan,
        resources={urn: _normalised(one) for urn, one in plan.resources.items()},
        invocations=tuple(replace(one, args=plain(one.args)) for one in plan.invocations),
        component_outputs={urn: plain(outputs) for urn, outputs in plan.component_outputs.items() if outputs},
        outputs=plain(plan.outputs),
    )


def _normalised(one: Registration) -> Registration:
    return replace(one, inputs=plain(one.inputs))


def plain(value: Any, name: str = "") -> Any:
    """A value that can be written down; `name` is that of the property it stands in."""
    if isinstance(value, Secret):
        return HIDDEN
    if isinstance(value, dict):
        return {key: plain(each, key) for key, each in sorted(value.items())}
    if isinstance(value, list):
        return [plain(each, name) for each in value]
    return _text(value, name) if isinstance(value, str) else value


def _text(value: str, name: str) -> str:
    if value == UNKNOWN:
        return COMPUTED
    if _HASH.fullmatch(value):
        return f"<hash:{name.rpartition('/')[2]}>"
    value = value.replace(UNKNOWN, COMPUTED)
    value = _OWN_IMAGE.sub(lambda found: f"<image:{found[1].removeprefix('spy-')}>", value)
    return _laid_out(_OTHER_DIGEST.sub("@<digest>", value))


def _laid_out(value: str) -> str:
    """JSON over lines, so that a change of one member changes one line; any other text as it is."""
    if not value.startswith(("{", "[")):
        return value
    try:
        return json.dumps(json.loads(value), indent=2)
    except ValueError:
        return value
