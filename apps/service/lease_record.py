"""One Lease as the API server shows it, and the versions of it that we would write. Pure; sends nothing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from apps.service.kubernetes_api import ApiAway, Json

API_VERSION = "coordination.k8s.io/v1"

UNHELD = "nobody-yet"
"""Holder of a Lease that was just made; no process is named so. An empty holder would be free at once."""


@dataclass(frozen=True, slots=True)
class LeaseRecord:
    """`content` is the whole object, so that what others wrote into it stays; `version` changes with every write."""

    content: Json

    @property
    def name(self) -> str:
        """Its name; empty for one that the server has not seen."""
        return str(self._part("metadata").get("name", ""))

    @property
    def version(self) -> str:
        """Opaque; only compared for equality."""
        return str(self._part("metadata").get("resourceVersion", ""))

    @property
    def holder(self) -> str:
        """Who has it; empty when it was released."""
        return str(self._part("spec").get("holderIdentity") or "")

    @property
    def transitions(self) -> int:
        """The epoch of its last holder. Raises ApiAway for what is no number."""
        return self._number("leaseTransitions")

    @property
    def duration(self) -> int:
        """How long its holder said to wait, seconds; 0 when it said nothing. Raises ApiAway for what is no number."""
        return self._number("leaseDurationSeconds")

    @classmethod
    def blank(cls, name: str, namespace: str) -> LeaseRecord:
        """One that the server has not seen."""
        return cls({"apiVersion": API_VERSION, "kind": "Lease", "metadata": {"name": name, "namespace": namespace}})

    def taken(self, holder: str, duration: int, epoch: int) -> LeaseRecord:
        """Ours from now."""
        return self._with(
            holderIdentity=holder,
            leaseDurationSeconds=duration,
            leaseTransitions=epoch,
            acquireTime=_now(),
            renewTime=_now(),
        )

    def unheld(self, duration: int, epoch: int) -> LeaseRecord:
        """Nobody's, and not free before `duration` has passed."""
        return self._with(
            holderIdentity=UNHELD, leaseDurationSeconds=duration, leaseTransitions=epoch, renewTime=_now()
        )

    def renewed(self, duration: int, epoch: int) -> LeaseRecord:
        """Still ours."""
        return self._with(leaseDurationSeconds=duration, leaseTransitions=epoch, renewTime=_now())

    def released(self) -> LeaseRecord:
        """Nobody's; the epoch stays, so that the next is above it."""
        return self._with(holderIdentity="", renewTime=_now())

    def _with(self, **spec: Any) -> LeaseRecord:
        return LeaseRecord({**self.content, "spec": {**self._part("spec"), **spec}})

    def _part(self, name: str) -> Json:
        part = self.content.get(name)
        return part if isinstance(part, dict) else {}

    def _number(self, name: str) -> int:
        value = self._part("spec").get(name) or 0
        if not isinstance(value, int):
            raise ApiAway(f"the Lease {self.name} has {value!r} as {name}, which is no number")
        return value


def _now() -> str:
    """For people to read: nobody counts by it."""
    return datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
