"""The simulator's side of the backend: score and clock passed through, and the live channel cut while it says so."""

from __future__ import annotations

import asyncio
import logging
import time

import httpx
from pydantic import ValidationError

from apps.backend.errors import ApiError
from apps.backend.hub.hub import Hub
from apps.contracts.api import ClockAnswer, ClockRequest, ScenarioAnswer, SimulationScore
from apps.contracts.enums import ErrorCode

log = logging.getLogger(__name__)

CHANNEL_DROP = "channel_drop"
_POLL = httpx.Timeout(40, connect=2)
_ASK = httpx.Timeout(5, connect=2)


class Simulation:
    """Talks to the simulator's control port and the scorer."""

    def __init__(self, control_url: str, score_url: str | None, hub: Hub) -> None:
        self._control = httpx.AsyncClient(base_url=control_url, timeout=_POLL)
        self._score_url = score_url
        self._hub = hub

    async def close(self) -> None:
        """Release the connections."""
        await self._control.aclose()

    async def score(self) -> SimulationScore:
        """The scorer's answer."""
        if self._score_url is None:
            raise ApiError(ErrorCode.NOT_FOUND, "No scorer runs here; `spy up` starts one (SCORE_URL)")
        url = f"{self._score_url.rstrip('/')}/score"
        try:
            answer = await self._control.get(url, timeout=_ASK)
            answer.raise_for_status()
            return SimulationScore.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as error:
            raise _away("the scorer", error) from error

    async def set_clock(self, request: ClockRequest) -> ClockAnswer:
        """Change the simulator's rate."""
        try:
            answer = await self._control.post("/clock", content=request.model_dump_json(), timeout=_ASK, headers=_JSON)
            answer.raise_for_status()
            return ClockAnswer.model_validate_json(answer.content)
        except (httpx.HTTPError, ValidationError) as error:
            raise _away("the simulator", error) from error

    async def follow(self) -> None:
        """Cut the live channel while a channel_drop is active; until cancelled.

        Should the control port go away meanwhile, the fault ends when it was said to end.
        """
        version: int | None = None
        until: float | None = None
        while True:
            wait = None if until is None else max(0.0, until - time.monotonic())
            try:
                async with asyncio.timeout(wait):
                    answer = await self._read(version)
            except TimeoutError:
                self._hub.mend()
                until = None
                continue
            except (httpx.HTTPError, ValidationError) as error:
                log.warning("simulation: the control port does not tell its scenario: %s", error)
                version = None
                await asyncio.sleep(0.5)
                continue
            version = answer.version
            until = self._obey(answer)

    def _obey(self, answer: ScenarioAnswer) -> float | None:
        """Cut or mend; the monotonic time at which the cut ends by itself."""
        faults = [fault for fault in answer.active if fault.what == CHANNEL_DROP]
        if not faults:
            self._hub.mend()
            return None
        if self._hub.available:
            log.info("simulation: the scenario drops the live channel")
            self._hub.cut()
        left = [fault.seconds_left for fault in faults]
        known = [seconds for seconds in left if seconds is not None]
        return time.monotonic() + max(known) + 0.5 if len(known) == len(left) else None

    async def _read(self, after: int | None) -> ScenarioAnswer:
        answer = await self._control.get("/scenario", params={} if after is None else {"after": after})
        answer.raise_for_status()
        return ScenarioAnswer.model_validate_json(answer.content)


_JSON = {"Content-Type": "application/json"}


def _away(what: str, error: Exception) -> ApiError:
    log.warning("simulation: %s: %s", what, error)
    return ApiError(ErrorCode.UNAVAILABLE, f"{what[0].upper()}{what[1:]} does not answer; try again", retry_after=2)
