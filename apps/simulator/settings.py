"""What one start of the simulator is told: ports, rate, limits. Frozen; never reads the environment by itself."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from apps.contracts.base import Model
from apps.contracts.names import Port
from apps.simulator.clock import RATE_MAX, RATE_MIN
from apps.simulator.messages import LINES_MAX, MESSAGES_PER_SECOND_MAX

PortNumber = Annotated[int, Field(ge=0, le=65_535)]
"""0 takes any free port."""


class Settings(Model):
    """Everything about the gateway that is not the market day."""

    host: Annotated[str, Field(max_length=100)] = "127.0.0.1"
    port: PortNumber = Port.SIMULATOR
    control_port: PortNumber = Port.SIMULATOR_CONTROL
    rate: Annotated[float, Field(ge=RATE_MIN, le=RATE_MAX)] = 1.0
    number: Annotated[int, Field(ge=0, le=2**31 - 1)] = 1
    """Repeats a run: the same number gives the same day and the same sampling phases."""

    sampling: Literal["ib", "none"] = "ib"
    """`none` sends every change at every beat, for throughput; a client that falls behind is waited for."""

    beat_seconds: Annotated[float, Field(ge=0.0005, le=1)] = 0.01
    lines_max: Annotated[int, Field(ge=0, le=100_000)] = LINES_MAX
    messages_per_second: Annotated[int, Field(ge=1, le=1_000_000)] = MESSAGES_PER_SECOND_MAX
    master_client_id: Annotated[int, Field(ge=0, le=2**31 - 1)] | None = None
    """This client, as client 0, sees the orders of all."""

    read_only: bool = False
    account: Annotated[str, Field(pattern=r"^[A-Z]{1,3}[0-9]{4,9}$")] = "DU1234567"
    cash: Annotated[float, Field(ge=0, le=1e12)] = 100_000.0
    buffer_bytes_max: Annotated[int, Field(ge=65_536, le=1_000_000_000)] = 4_000_000
    """A client that leaves more than this unread is disconnected, as a gateway does; memory stays bounded."""
