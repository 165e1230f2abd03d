"""Two clocks (D2): market time for the calendar and all detection memory, wall time for tokens and latencies."""

from __future__ import annotations

import asyncio
import logging
import time
from typing import Protocol

import httpx
from pydantic import ValidationError

from apps.contracts.api import ClockAnswer

log = logging.getLogger(__name__)


def wall_ms() -> float:
    """Wall-clock milliseconds since 1970."""
    return time.time() * 1000


class Clock(Protocol):
    """Market time in seconds since 1970, and how fast it runs against the wall."""

    @property
    def rate(self) -> float:
        """Market seconds per wall second."""
        ...

    @property
    def ends_at(self) -> float | None:
        """Market time at which the clock stands still for good; None for a clock without an end."""
        ...

    def now(self) -> float:
        """Market time, seconds since 1970 (UTC)."""
        ...


class SystemClock:
    """Market time is wall time: a real gateway."""

    rate = 1.0
    ends_at = None

    def now(self) -> float:
        """Wall seconds since 1970."""
        return time.time()


class SimulatorClock:
    """Follows the simulator's clock by a long poll on its control port; between answers it extrapolates.

    Use `await start()` before the first `now()`, then keep `await follow()` running as a task.
    """

    def __init__(self, control_url: str) -> None:
        self._client = httpx.AsyncClient(base_url=control_url, timeout=httpx.Timeout(40, connect=2))
        self._anchor: ClockAnswer | None = None

    @property
    def rate(self) -> float:
        """Market seconds per wall second, as last told."""
        return self._known().rate

    @property
    def ends_at(self) -> float:
        """Where the simulated day ends."""
        return self._known().ends_at.timestamp()

    @property
    def answer(self) -> ClockAnswer:
        """The last answer of the control port."""
        return self._known()

    def now(self) -> float:
        """Market time, extrapolated from the last answer up to the day's end."""
        anchor = self._known()
        carried_on = anchor.market_time.timestamp() + (time.time() - anchor.t_wall / 1000) * anchor.rate
        return min(carried_on, anchor.ends_at.timestamp())

    async def start(self) -> None:
        """First reading. Retries while the simulator starts; raises ConnectionError after 30 s."""
        deadline = time.monotonic() + 30
        while True:
            try:
                self._anchor = await self._read(after=None)
            except (httpx.HTTPError, ValidationError) as error:
                if time.monotonic() > deadline:
                    raise ConnectionError(
                        f"The simulator's control port at {self._client.base_url} does not answer ({error}). "
                        "Start it with `spy up`, or unset SIMULATOR_CONTROL_URL to use a real gateway."
                    ) from error
                await asyncio.sleep(0.1)
            else:
                return

    async def follow(self) -> None:
        """Keep up with changes of rate until cancelled; while the port is away the last rate holds."""
        while True:
            try:
                self._anchor = await self._read(after=self._known().version)
            except (httpx.HTTPError, ValidationError) as error:
                log.warning("clock: no answer from the simulator's control port: %s", error)
                await asyncio.sleep(0.5)

    async def close(self) -> None:
        """Release the connection."""
        await self._client.aclose()

    async def _read(self, after: int | None) -> ClockAnswer:
        reply = await self._client.get("/clock", params={} if after is None else {"after": after})
        reply.raise_for_status()
        return ClockAnswer.model_validate_json(reply.content)

    def _known(self) -> ClockAnswer:
        if self._anchor is None:
            raise RuntimeError("SimulatorClock.start() has not been awaited")
        return self._anchor
