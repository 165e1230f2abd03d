"""Subject: one resource as a rule sees it, from the engine or from a recorded plan. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pulumi.runtime.rpc import UNKNOWN


def is_known(value: Any) -> bool:
    """Whether a value can be judged: no unknown of a preview and no placeholder of a plan, such as `<secret>`."""
    if not isinstance(value, str):
        return True
    return value != UNKNOWN and not (value.startswith("<") and value.endswith(">"))


@dataclass(frozen=True)
class Subject:
    """A resource: property names as on the wire, secrets in plain, `UNKNOWN` where a preview knows no value."""

    type: str
    name: str
    inputs: dict[str, Any] = field(default_factory=dict)
    protect: bool = False
    urn: str = ""

    def get(self, path: str) -> Any:
        """The value under a dotted path; None where there is none, `UNKNOWN` below something unknown."""
        value: Any = self.inputs
        for part in path.split("."):
            if not is_known(value):
                return UNKNOWN
            value = value.get(part) if isinstance(value, dict) else None
        return value

    def items(self, path: str) -> list[Any]:
        """The entries of the list under a dotted path that are known; empty for none and for an unknown list."""
        value = self.get(path)
        return [one for one in value if is_known(one)] if isinstance(value, list) else []
