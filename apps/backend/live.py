"""From ingested frames and events to the live channel: who gets what, now or late (D22). Never waits for the store."""

from __future__ import annotations

import asyncio
import logging
import time
from collections import deque
from collections.abc import Callable
from typing import NamedTuple

from apps.backend.board import Boards
from apps.backend.hub.hub import Hub
from apps.backend.policy import Audience, derived_event, derived_frame
from apps.backend.store import Arrived
from apps.contracts.enums import DisplayPolicy
from apps.contracts.events import Stream
from apps.contracts.frames import Frame
from apps.contracts.live import live_json, target_of
from apps.contracts.names import Target

log = logging.getLogger(__name__)

LATE_ITEMS_MAX = 60_000
"""Fifteen minutes of frames at 20 Hz, three times over."""


class _Late(NamedTuple):
    due: float
    show: Callable[[], None]


class Live:
    """Broadcasts at once to those who may see it now; under policy `delayed` again, later, to the others."""

    def __init__(self, hub: Hub, policy: DisplayPolicy, delay_seconds: float) -> None:
        self._hub, self._policy, self._delay = hub, policy, delay_seconds
        self._late: deque[_Late] = deque()
        self.late_boards = Boards()
        """What the delayed audience sees now."""

    def frame(self, frame: Frame, arrived: float) -> None:
        """Broadcast a frame."""

        def render(audience: Audience) -> str | None:
            if audience is Audience.DERIVED:
                return derived_frame(frame).model_dump_json()
            return frame.model_dump_json() if audience is Audience.FULL else None

        self._hub.publish(Target.FRAME, render, durable=False, arrived=arrived)
        if self._policy is DisplayPolicy.DELAYED:
            self._show_later(lambda: self._late_frame(frame))

    def event(self, stream: Stream, arrived_event: Arrived, arrived: float | None) -> None:
        """Broadcast a durable event."""
        event, text = arrived_event
        target = target_of(event)

        def render(audience: Audience) -> str | None:
            if audience is Audience.DERIVED:
                return live_json(stream, derived_event(event).model_dump_json())
            return live_json(stream, text) if audience is Audience.FULL else None

        self._hub.publish(target, render, durable=True, arrived=arrived)
        if self._policy is DisplayPolicy.DELAYED:
            payload = live_json(stream, text)
            self._show_later(lambda: self._to_the_late(target, payload, durable=True))

    async def run(self) -> None:
        """Show what has become old enough, until cancelled."""
        while True:
            await asyncio.sleep(min(0.1, self._delay / 4))
            now = time.monotonic()
            while self._late and self._late[0].due <= now:
                self._late.popleft().show()

    def _show_later(self, show: Callable[[], None]) -> None:
        self._late.append(_Late(time.monotonic() + self._delay, show))
        if len(self._late) > LATE_ITEMS_MAX:
            self._late.popleft()  # a hole that the page fills from the API, as after any other loss

    def _late_frame(self, frame: Frame) -> None:
        self.late_boards.apply(frame)
        self._to_the_late(Target.FRAME, frame.model_dump_json(), durable=False)

    def _to_the_late(self, target: str, payload: str, *, durable: bool) -> None:
        self._hub.publish(target, lambda audience: payload if audience is Audience.DELAYED else None, durable=durable)
