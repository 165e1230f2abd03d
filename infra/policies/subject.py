"""Subject: one resource as a rule sees it, from the engine or from a recorded plan. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.rpc import UNKNOWN


def is_known(value: Any) -> bool:
    """Whether a value can be judged: no unknown of a preview and no placeholder of a plan, such as `<secret>`.

    Objects and lists are known when all that is in them is.
    """
    if isinstance(value, str):
        return value != UNKNOWN and not (value.startswith("<") and value.endswith(">"))
    if isinstance(value, dict):
        return all(map(is_known, value.values()))
    return all(map(is_known, value)) if isinstance(value, list) else True


def look(value: Any, path: str) -> Any:
    """What is under a dotted path of nested objects; None where there is nothing, `UNKNOWN` below something unknown."""
    for part in path.split("."):
        if isinstance(value, str) and not is_known(value):
            return UNKNOWN
        value = value.get(part) if isinstance(value, dict) else None
    return value


def entries(value: Any) -> list[dict[str, Any]]:
    """The objects in a list; empty for none and for an unknown list."""
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []


@dataclass(frozen=True)
class Subject:
    """A resource: property names as on the wire, secrets in plain, `UNKNOWN` where a preview knows no value."""

    type: str
    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    protect: bool = False
    urn: str = ""

    def get(self, path: str) -> Any:
        """The value under a dotted path, as `look` finds it."""
        return look(self.inputs, path)
