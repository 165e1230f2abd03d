"""One writer per symbol in a cluster: a Lease of coordination.k8s.io with an epoch that only rises (D6). Never blocks.

The holder renews; a standby that has not seen the Lease change for its whole duration takes it. Neither trusts the
other's clock, only its own steady one: the holder counts from before it sent its last renewal, the standby from when it
had seen the last change, and the holder gives up at 0.6 of the duration: nobody else can lead before, unless one clock
runs 1.6 times as fast as another. `leaseTransitions` is the epoch: stored with the Lease before it is used, and raised
by a holder who needs a higher one, so it counts turns and streams, not only holders.
"""

from __future__ import annotations

import asyncio
import logging
import secrets
import time
from collections.abc import Awaitable, Callable
from http import HTTPStatus
from typing import NoReturn, Protocol

from apps.service.kubernetes_api import ApiRefused, ClusterError
from apps.service.leadership import LEASE_SECONDS_MAX, LeadershipLost
from apps.service.lease_record import UNHELD, LeaseRecord

log = logging.getLogger(__name__)

RENEW_SHARE, RETRY_SHARE, DEADLINE_SHARE, POLL_SHARE = 0.2, 0.05, 0.6, 0.1
"""Of the duration: between renewals, after one that failed, the holder's own limit, between a standby's looks."""

RELEASE_SECONDS = 2.0
"""Longest a request may take while we are on our way out."""


def steady_seconds() -> float:
    """Seconds that never jump and also pass while the machine sleeps, where the system can tell."""
    return time.clock_gettime(time.CLOCK_BOOTTIME) if hasattr(time, "CLOCK_BOOTTIME") else time.monotonic()


class LeaseStore(Protocol):
    """Where the one Lease is kept. What asks the server raises ClusterError."""

    async def get(self, *, seconds: float) -> LeaseRecord | None:
        """The Lease; None when there is none."""
        ...

    def blank(self) -> LeaseRecord:
        """The one to make when there is none."""
        ...

    async def create(self, record: LeaseRecord, *, seconds: float) -> LeaseRecord:
        """Make it. Refused with 409 when there is one."""
        ...

    async def replace(self, record: LeaseRecord, *, seconds: float) -> LeaseRecord:
        """Replace the version it was read from. Refused with 409 when there is a newer one, with 404 when none."""
        ...

    async def close(self) -> None:
        """Let go of the connection."""
        ...


class SymbolLease:
    """Leadership by a Lease. `pod` names the holder; each process adds something of its own: a restart is another."""

    def __init__(
        self,
        store: LeaseStore,
        pod: str,
        duration_seconds: int,
        *,
        clock: Callable[[], float] = steady_seconds,
        sleep: Callable[[float], Awaitable[None]] = asyncio.sleep,
    ) -> None:
        self.identity = f"{pod}_{secrets.token_hex(4)}"
        self.epoch = 0
        self.waited = False
        self.problem: str | None = None
        self._store = store
        self._pod = pod
        self._duration = duration_seconds
        self._deadline = DEADLINE_SHARE * duration_seconds
        self._clock = clock
        self._sleep = sleep
        self._writing = asyncio.Lock()
        self._record: LeaseRecord | None = None
        self._held_until: float | None = None
        self._lost_by = "the Lease is not held"
        self._maybe_ours = False
        self._seen: tuple[str, float] | None = None

    async def acquire(self) -> int:
        """Look until the Lease is free and take it; the epoch. What hinders us is logged and in `problem`."""
        self._held_until, self._seen, self.waited = None, None, False
        while True:
            try:
                wait = await self._try()
                self._trouble(None)
            except ClusterError as error:
                wait = POLL_SHARE * self._duration
                self._trouble(str(error))
            if wait is None:
                return self.epoch
            await self._sleep(wait)

    async def next_epoch(self, above: int = 0) -> int:
        """A higher epoch of this holder, stored before it is used. Raises LeadershipLost."""
        while True:
            try:
                await self._renew(above=max(self.epoch, above))
            except ClusterError as error:
                self._trouble(str(error))
                await self._sleep(RETRY_SHARE * self._duration)
            else:
                return self.epoch

    def check(self) -> None:
        """Raises LeadershipLost once the last renewal is older than the holder's own limit."""
        if self._held_until is not None and self._clock() >= self._held_until:
            self._lose(f"the Lease was not renewed for {self._deadline:g} s: {self.problem or 'we were held up'}")
        if self._held_until is None:
            raise LeadershipLost(self._lost_by)

    async def keep(self) -> None:
        """Renew until cancelled. Raises LeadershipLost at the holder's own limit, or as soon as the Lease says so."""
        pause = RENEW_SHARE
        while True:
            await self._sleep(min(pause * self._duration, self._left()))
            try:
                await self._renew()
            except ClusterError as error:
                pause = RETRY_SHARE
                self._trouble(str(error))
            else:
                pause = RENEW_SHARE
                self._trouble(None)

    async def release(self) -> None:
        """Empty the Lease if it is ours, also when we are not sure: a standby then takes it at its next look."""
        self._held_until, self._lost_by = None, "the Lease was released"
        if not self._maybe_ours:
            return
        try:
            async with self._writing:
                await self._empty()
        except ClusterError as error:
            log.warning("the Lease could not be released, so a standby waits %d s: %s", self._duration, error)
        self._maybe_ours = False

    async def close(self) -> None:
        """Let go of the connection."""
        await self._store.close()

    async def _try(self) -> float | None:
        """Take the Lease if it is free: None. Otherwise the seconds until the next look."""
        record = await self._store.get(seconds=self._deadline)
        if record is None:
            await self._make()
            return 0.0
        free_in = self._free_in(record)
        if free_in > 0:
            return min(free_in, POLL_SHARE * self._duration)
        ours = record.taken(self.identity, self._duration, max(record.transitions, self.epoch) + 1)
        began, self._maybe_ours = self._clock(), True
        try:
            taken = await self._store.replace(ours, seconds=self._deadline)
        except ApiRefused as error:
            if error.status not in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND}:
                raise
            return 0.0  # somebody was quicker: look again
        self._hold(taken, began)
        return None if self._left() else 0.0

    async def _make(self) -> None:
        """A Lease that is not there may have been deleted under a holder who does not know yet.

        The new one is nobody's until it has stood unchanged for a duration, as any other: two absences look alike, two
        versions do not, so that only what is there is ever waited for.
        """
        try:
            await self._store.create(self._store.blank().unheld(self._duration, self.epoch), seconds=self._deadline)
        except ApiRefused as error:
            if error.status != HTTPStatus.CONFLICT:  # somebody was quicker
                raise

    def _free_in(self, record: LeaseRecord) -> float:
        """Seconds until we may take it, by our clock."""
        if self._seen is None or self._seen[0] != record.version:
            self._seen = record.version, self._clock()
        if record.holder in {"", self.identity}:
            return 0.0
        if not self.waited and record.holder != UNHELD and not record.holder.startswith(f"{self._pod}_"):
            log.info("standby: the Lease %s is held by %s", record.name, record.holder)
            self.waited = True
        wait = max(self._duration, min(record.duration, LEASE_SECONDS_MAX))
        return self._seen[1] + wait - self._clock()

    async def _renew(self, above: int | None = None) -> None:
        """Write the Lease anew, with an epoch greater than `above` if given.

        Raises ClusterError when that may work later, LeadershipLost when we lead no more.
        """
        async with self._writing:
            self.check()
            record = self._record
            assert record is not None  # noqa: S101  for the type checker
            for attempt in (1, 2):
                began = self._clock()
                epoch = max(self.epoch, record.transitions, 0 if above is None else above + 1)
                try:
                    written = await self._store.replace(record.renewed(self._duration, epoch), seconds=self._patience())
                except ApiRefused as error:
                    if error.status not in {HTTPStatus.CONFLICT, HTTPStatus.NOT_FOUND} or attempt == 2:
                        raise
                    record = await self._still_ours()
                else:
                    if self._held_until is not None:  # neither lost nor released while we waited for the answer
                        self._hold(written, began)
                    break
            self.check()

    async def _still_ours(self) -> LeaseRecord:
        """The newest version, if a write of ours went through unnoticed. Raises LeadershipLost if it is not ours."""
        record = await self._store.get(seconds=self._patience())
        if record is None:
            self._lose("the Lease was deleted")
        if record.holder != self.identity:
            self._lose(f"the Lease is held by {record.holder or 'nobody'}")
        return record

    async def _empty(self) -> None:
        for attempt in (1, 2):
            record = await self._store.get(seconds=RELEASE_SECONDS)
            if record is None or record.holder != self.identity:
                return
            try:
                await self._store.replace(record.released(), seconds=RELEASE_SECONDS)
            except ApiRefused as error:
                if error.status != HTTPStatus.CONFLICT or attempt == 2:
                    raise
            else:
                return

    def _hold(self, record: LeaseRecord, began: float) -> None:
        """Ours, and surely so until the limit, counted from when the request was sent."""
        self._record, self.epoch = record, record.transitions
        self._held_until = began + self._deadline

    def _left(self) -> float:
        return 0.0 if self._held_until is None else max(0.0, self._held_until - self._clock())

    def _patience(self) -> float:
        """Longest one request of the holder may take: there is to be time for another."""
        return min(self._deadline / 2, self._left())

    def _lose(self, why: str) -> NoReturn:
        self._held_until, self._lost_by = None, why
        raise LeadershipLost(why)

    def _trouble(self, problem: str | None) -> None:
        """Logged when it changes, not at every try."""
        if problem is not None and problem != self.problem:
            log.warning("lease: %s", problem)
        self.problem = problem
