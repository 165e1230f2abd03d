"""What is wrong with the link and its lines right now, as the broker's codes tell it. Records; the feed acts on it."""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Callable

from apps.broker.backoff import Outage
from apps.broker.codes import Act, Policy, farm_of, policy_for
from apps.broker.lines import LineKey, Lines

log = logging.getLogger(__name__)

QUIET_SECONDS = 10.0
PAUSE_SECONDS = 3.0
"""After a pacing error nothing is sent for so long."""

NOTICE_SECONDS = 30.0
"""A message whose cause leaves no trace of its own is shown for so long."""


class Troubles:
    """Notes each code's meaning and wakes the feed. `on_code` is called inside a packet and must only note."""

    def __init__(self, lines: Lines, escalate_seconds: float, market_now: Callable[[], float]) -> None:
        self._lines = lines
        self._market_now = market_now
        self.wake = asyncio.Event()
        self._told_at: dict[int, float] = {}
        self.servers = Outage(escalate_seconds)
        self.competing = Outage(escalate_seconds)
        self.clear()

    def clear(self) -> None:
        """A new session starts sound."""
        self.servers.end()
        self.competing.end()
        self.reconnect_why: str | None = None
        self.reconnect_code: int | None = None
        self.resubscribe_all = False
        self.resubscribe: set[LineKey] = set()
        self.absent: set[LineKey] = set()
        self.shrink = False
        self.verify_since: float | None = None
        """Monotonic time of the 1102 that must be followed by ticks."""

        self.paused_until = 0.0
        self.recheck = False
        """Requests were thrown away by the gateway: lines it never answered must be asked for again."""

        self._notices: dict[int, tuple[Policy, float]] = {}

    @property
    def frozen(self) -> bool:
        """No quote may be trusted."""
        return self.servers.since is not None or self.competing.since is not None

    @property
    def paused(self) -> bool:
        """A pacing error was reported a moment ago: send nothing."""
        return time.monotonic() < self.paused_until

    @property
    def shown(self) -> Policy | None:
        """The newest message worth showing whose cause still holds: what is over is not shown as if it were not."""
        return next((policy for policy, at in reversed(self._notices.values()) if self._holds(policy, at)), None)

    @property
    def code(self) -> int | None:
        """The broker's code of what is shown."""
        return None if self.shown is None else self.shown.code

    @property
    def message(self) -> str | None:
        """The text of what is shown."""
        return None if self.shown is None else self.shown.text

    def on_code(self, request: int, code: int, text: str) -> None:
        """Note one message of the broker. `request` is -1 for the system's."""
        policy = policy_for(code)
        is_line, line = self._lines.line_of(request)
        log.log(
            self._log_level(policy),
            "broker %s: %s (%s)",
            code,
            policy.text,
            text,
            extra={"code": code, "act": policy.act, "line": str(line) if is_line else None},
        )
        self._note_link(policy, text)
        if is_line:
            self._note_line(policy, line)
        self.wake.set()

    def _log_level(self, policy: Policy) -> int:
        """A code that comes for sixty lines at once is told once, then only to a debugging reader; all are counted."""
        now = time.monotonic()
        if now - self._told_at.get(policy.code, -QUIET_SECONDS) < QUIET_SECONDS:
            return logging.DEBUG
        self._told_at[policy.code] = now
        return logging.getLevelNamesMapping()[policy.severity.upper()]

    def _note_link(self, policy: Policy, text: str) -> None:
        act = policy.act
        if act is Act.SERVERS_LOST:
            self.servers.begin()
            self._show(policy)
        elif act is Act.SERVERS_BACK_LOST:
            self.servers.end()
            self.resubscribe_all = True
        elif act is Act.SERVERS_BACK_KEPT:
            self.servers.end()
            self.verify_since = time.monotonic()
        elif act in (Act.RECONNECT, Act.VERSION_FATAL, Act.CLIENT_ID_IN_USE):
            self.reconnect_why = f"{policy.text} ({policy.code}: {text})"
            self.reconnect_code = policy.code
        elif act is Act.FARM_DOWN and (farm := farm_of(policy.code, text)):
            self._lines.farms_down.setdefault(farm, self._market_now())
        elif act is Act.FARM_UP and (farm := farm_of(policy.code, text)):
            self._lines.farms_down.pop(farm, None)
        elif act is Act.PACING:
            self.paused_until = time.monotonic() + PAUSE_SECONDS
            self.recheck = True
            self._show(policy)
        elif act is Act.COMPETING:
            self.competing.begin()
            self._show(policy)

    def _note_line(self, policy: Policy, line: LineKey) -> None:
        act = policy.act
        if act is Act.LINE_FATAL:
            self._lines.refuse(line, policy.code)
            self._show(policy)
        elif act is Act.SHRINK:
            self._lines.refuse(line, policy.code)
            self.shrink = True
            self._show(policy)
        elif act is Act.DROP_CONTRACT:
            self._lines.refuse(line, policy.code)
            self.absent.add(line)
        elif act is Act.LINE_RESUBSCRIBE:
            self.resubscribe.add(line)
        elif act is Act.LINE_DELAYED:
            self._show(policy)

    def _show(self, policy: Policy) -> None:
        self._notices.pop(policy.code, None)
        self._notices[policy.code] = (policy, time.monotonic())

    def _holds(self, policy: Policy, at: float) -> bool:
        """Whether what a code told is still so. A shrunk window stays shrunk until the next session."""
        act = policy.act
        if act is Act.SERVERS_LOST:
            return self.servers.since is not None
        if act is Act.COMPETING:
            return self.competing.since is not None
        if act is Act.LINE_FATAL:
            return policy.code in self._lines.refused.values()
        recent = time.monotonic() - at < NOTICE_SECONDS
        return recent or act is Act.SHRINK or (act is Act.LINE_DELAYED and self._lines.delayed)
