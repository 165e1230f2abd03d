"""Resource step: one resource of Azure as bootstrap wants it. Made when missing; what differs is changed in place."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from infra.bootstrap.arm import Arm, Json
from infra.bootstrap.comparison import differences
from infra.bootstrap.refusal import Refused
from infra.bootstrap.step import THERE, Finding, Standing


class Change(StrEnum):
    """How a resource is changed: by the part that differs, whole, or not at all."""

    PATCH = "patch"
    PUT = "put"
    NEVER = "never"


@dataclass(frozen=True)
class ResourceStep:
    """A resource by id. `fixed`: what Azure never changes; `rename`: the setting by which another is chosen instead."""

    name: str
    title: str
    arm: Arm
    id: str
    version: str
    body: Json
    change: Change = Change.PATCH
    fixed: Mapping[str, str] = field(default_factory=dict)
    """Paths that cannot be changed, each with the cure."""
    when_made: Json = field(default_factory=dict)
    """Properties that a new one needs and that are never compared."""
    again: frozenset[str] = frozenset()
    """Errors of Azure that pass by themselves."""
    slow: bool = False
    """Whether Azure goes on making it after its answer."""

    def look(self) -> Finding:
        """Compare what is there. Raises Refused for what Azure cannot change."""
        found = self.arm.get(self.id, self.version, self.title)
        if found is None:
            return Finding(Standing.MISSING)
        if self.change is Change.NEVER:
            return THERE
        wrong = dict(differences(self.body, found))
        for path, cure in self.fixed.items():
            if path in wrong:
                raise Refused(f"{self.title}: {wrong[path]}, and Azure never changes that: {cure}")
        return Finding(Standing.DIFFERS, "; ".join(wrong.values())) if wrong else THERE

    def make(self) -> None:
        """Create or change it."""
        found = self.arm.get(self.id, self.version, self.title)
        if found is None:
            self.arm.put(
                self.id, self.version, merged(self.body, self.when_made), self.title, again=self.again, waits=self.slow
            )
        elif self.change is Change.PATCH:
            tags = {**found.get("tags", {}), **self.body.get("tags", {})}
            body = {key: value for key, value in self.body.items() if key not in {"location", "kind"}}
            self.arm.patch(self.id, self.version, {**body, **({"tags": tags} if tags else {})}, self.title)
        elif self.change is Change.PUT:
            self.arm.put(self.id, self.version, self.body, self.title, again=self.again)


def merged(one: Mapping[str, Any], other: Mapping[str, Any]) -> Json:
    """Both objects, at every depth; the second wins."""
    both = dict(one)
    for key, value in other.items():
        beneath = both.get(key)
        both[key] = merged(beneath, value) if isinstance(beneath, Mapping) and isinstance(value, Mapping) else value
    return both
