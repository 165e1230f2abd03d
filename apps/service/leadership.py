"""Who may write for a symbol: one protocol for a machine's file lock and a cluster's Lease (D6). Holds neither.

Every turn at the lead has an epoch above every earlier one: the fencing token by which readers tell turns apart.
"""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from pathlib import Path
from typing import Annotated, Any, Literal, Protocol

from pydantic import Field, StringConstraints, model_validator

from apps.service.kubernetes_api import CREDENTIALS_DIR
from apps.service.settings import ServiceSettings

LEASE_SECONDS_MIN, LEASE_SECONDS_MAX = 3, 60

ClusterName = Annotated[str, StringConstraints(pattern=r"^([a-z0-9]([a-z0-9.-]{0,251}[a-z0-9])?)?$")]
"""A name of a Pod or a namespace; empty outside a cluster."""


class LeadershipLost(RuntimeError):
    """We do not lead any more, or cannot know it: somebody else may. Stop writing."""


class Leadership(Protocol):
    """One symbol's lead: `acquire`, `keep` beside the work, which asks `check` before it writes, then `release`."""

    epoch: int
    """Of this turn; 0 before the first."""
    waited: bool
    """Somebody else led when we first tried: this turn is a takeover."""
    problem: str | None
    """Why we could not lead now if nobody else did; a sentence for /ready. None when nothing stands in the way."""

    async def acquire(self) -> int:
        """Wait as a standby; the new turn's epoch."""
        ...

    async def next_epoch(self, above: int = 0) -> int:
        """A fresh epoch within the turn, greater than `above`. Raises LeadershipLost."""
        ...

    def check(self) -> None:
        """Raises LeadershipLost unless we surely lead at this moment. Cheap: ask before every write."""
        ...

    async def keep(self) -> None:
        """Hold on until cancelled. Raises LeadershipLost in time: before anybody else can lead."""
        ...

    async def release(self) -> None:
        """Let a standby lead at once. Harmless when we do not."""
        ...

    async def close(self) -> None:
        """Let go of connections; `release` comes first."""
        ...


def leads(leadership: Leadership) -> bool:
    """Whether we surely lead at this moment."""
    try:
        leadership.check()
    except LeadershipLost:
        return False
    return True


async def while_leading(leadership: Leadership, work: Coroutine[Any, Any, None]) -> None:
    """Do the work while the lead is kept; cancel it and raise LeadershipLost, in a group, when the lead is lost."""
    async with asyncio.TaskGroup() as group:
        working = group.create_task(work, name="leading")
        keeping = group.create_task(leadership.keep(), name="leadership")
        await asyncio.wait({working})
        keeping.cancel()


class LeadershipSettings(ServiceSettings):
    """Which of the two, and what a Lease needs to know."""

    leadership: Annotated[
        Literal["file", "lease"], Field(description="file (processes of one machine) or lease (Pods of a cluster)")
    ] = "file"
    lease_seconds: Annotated[
        int,
        Field(ge=LEASE_SECONDS_MIN, le=LEASE_SECONDS_MAX, description="How long a dead holder keeps a standby waiting"),
    ] = 4
    namespace: ClusterName = ""
    pod_name: ClusterName = ""
    kubernetes_credentials_dir: Annotated[Path, Field(description="Folder of the Pod's token and ca.crt")] = (
        CREDENTIALS_DIR
    )

    @model_validator(mode="after")
    def _of_a_pod(self) -> LeadershipSettings:
        if self.leadership == "lease":
            for key, value in (("NAMESPACE", self.namespace), ("POD_NAME", self.pod_name)):
                if not value:
                    raise ValueError(f"LEADERSHIP=lease needs {key}: give the Pod its own by the downward API")
        return self
