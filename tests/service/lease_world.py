"""A world for the Lease's protocol: one API server, Pods with clocks of their own, a network that delays and cuts.

Time is virtual. The server is as strict as the real one in what the protocol leans on (the same code is held
against the real one in tests/service/test_lease_in_cluster.py): a write needs the version that it was read from, and a
late write is still done.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from dataclasses import dataclass, field

from apps.service.kubernetes_api import ApiAway, ApiRefused
from apps.service.leadership import LeadershipLost, while_leading
from apps.service.lease import SymbolLease
from apps.service.lease_record import LeaseRecord
from tests.service.virtual_time import VirtualLoop

DURATION = 5
TICK = 0.05


@dataclass
class Server:
    """The one Lease object; every write gets a new version."""

    lease: LeaseRecord | None = None
    writes: int = 0

    def get(self) -> LeaseRecord | None:
        return self.lease

    def create(self, record: LeaseRecord) -> LeaseRecord:
        if self.lease is not None:
            raise ApiRefused(409, "AlreadyExists", "leases.coordination.k8s.io already exists")
        return self._store(record)

    def replace(self, record: LeaseRecord) -> LeaseRecord:
        if self.lease is None:
            raise ApiRefused(404, "NotFound", "leases.coordination.k8s.io not found")
        if record.version != self.lease.version:
            raise ApiRefused(409, "Conflict", "the object has been modified")
        return self._store(record)

    def delete(self) -> None:
        self.lease = None

    def _store(self, record: LeaseRecord) -> LeaseRecord:
        assert record.duration > 0
        assert record.transitions >= 0
        self.writes += 1
        content = json.loads(json.dumps(record.content))
        content["metadata"]["resourceVersion"] = str(self.writes)
        self.lease = LeaseRecord(content)
        return self.lease


@dataclass
class Pod:
    """One process: its clock runs at `rate` from `offset`, its requests take `there` and `back` seconds."""

    world: World
    name: str
    rate: float = 1.0
    offset: float = 0.0
    there: float = 0.01
    back: float = 0.01
    cut: bool = False
    refused: bool = False
    awake: asyncio.Event = field(default_factory=asyncio.Event)
    writing: bool = False
    led: int = 0

    def __post_init__(self) -> None:
        self.awake.set()
        self.lease = SymbolLease(self, self.name, DURATION, clock=self.clock, sleep=self.sleep)
        self.stop = asyncio.Event()
        self.task = self.world.loop.create_task(self.live())

    # what the process is given

    def clock(self) -> float:
        return self.offset + self.rate * self.world.loop.time()

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds / self.rate)
        await self.awake.wait()

    def blank(self) -> LeaseRecord:
        return LeaseRecord.blank("detector-spy", "here")

    async def get(self, *, seconds: float) -> LeaseRecord | None:
        return await self._ask("get", None, seconds)

    async def create(self, record: LeaseRecord, *, seconds: float) -> LeaseRecord:
        return await self._ask("create", record, seconds) or record

    async def replace(self, record: LeaseRecord, *, seconds: float) -> LeaseRecord:
        return await self._ask("replace", record, seconds) or record

    async def close(self) -> None:
        """Nothing to let go of."""

    async def _ask(self, what: str, record: LeaseRecord | None, seconds: float) -> LeaseRecord | None:
        if self.refused:
            raise ApiRefused(403, "Forbidden", "leases is forbidden")
        on_its_way = self.world.loop.create_task(self._travel(what, record))
        on_its_way.add_done_callback(_nobody_waits)
        try:
            async with asyncio.timeout(seconds / self.rate):
                return await asyncio.shield(on_its_way)
        except TimeoutError as error:
            raise ApiAway("no answer in time") from error
        finally:
            await self.awake.wait()

    async def _travel(self, what: str, record: LeaseRecord | None) -> LeaseRecord | None:
        """The request goes its way whether or not somebody still waits for it."""
        there, back = self.there, self.back
        await asyncio.sleep(there)
        if self.cut:
            await asyncio.sleep(10 * DURATION)
            raise ApiAway("cut off")
        try:
            return getattr(self.world.server, what)(*([] if record is None else [record]))  # type: ignore[no-any-return]
        finally:
            await asyncio.sleep(back)
            if self.cut:
                await asyncio.sleep(10 * DURATION)

    # what it does

    @property
    def leads(self) -> bool:
        """It would write now."""
        if not self.writing or not self.awake.is_set():
            return False
        with contextlib.suppress(LeadershipLost):
            self.lease.check()
            return True
        return False

    async def live(self) -> None:
        """Lead whenever it can until the stop, then hand over."""
        while not self.stop.is_set():
            async with asyncio.TaskGroup() as group:
                turn = group.create_task(self._turn())
                stopping = group.create_task(self.stop.wait())
                await asyncio.wait({turn, stopping}, return_when=asyncio.FIRST_COMPLETED)
                turn.cancel()
                stopping.cancel()
            self.writing = False
            await self.lease.release()

    async def _turn(self) -> None:
        await self.lease.acquire()
        try:
            await while_leading(self.lease, self._work())
        except* LeadershipLost:
            self.writing = False

    async def _work(self) -> None:
        """As the detector: never write under an epoch that is not above the spool's."""
        if self.lease.epoch <= self.world.highest:
            await self.lease.next_epoch(self.world.highest)
        self.led, self.writing = self.led + 1, True
        while True:
            await self.sleep(3.0)
            await self.lease.next_epoch()

    def kill(self) -> None:
        """No time for anything."""
        self.writing = False
        self.task.cancel()


def _nobody_waits(request: asyncio.Task[LeaseRecord | None]) -> None:
    """Look at how a request ended. One that failed unseen would be logged by the garbage collector, at any moment."""
    if not request.cancelled():
        request.exception()


class World:
    """Pods and the server; `run` lets virtual seconds pass and judges every moment."""

    def __init__(self) -> None:
        self.loop = VirtualLoop()
        self.server = Server()
        self.pods: list[Pod] = []
        self.highest = 0
        self.last: Pod | None = None
        self.noticed: list[str] = []
        self.watching = self.loop.create_task(self._watch())

    def start(self, *, rate: float = 1.0, offset: float = 0.0) -> Pod:
        async def make() -> Pod:
            return Pod(self, f"detector-{len(self.pods)}", rate, offset)

        pod = self.loop.run_until_complete(make())
        self.pods.append(pod)
        return pod

    def run(self, seconds: float) -> None:
        self.loop.run_until_complete(asyncio.sleep(seconds))
        assert not self.noticed, self.noticed[0]
        for pod in self.pods:
            if pod.task.done() and not pod.task.cancelled():
                pod.task.result()

    def until(self, what: Pod | None, *, within: float) -> float:
        """Virtual seconds until that Pod leads, or nobody for None; fails after `within`."""
        began = self.loop.time()
        while self.leader is not what:
            assert self.loop.time() - began < within, f"not within {within} s: {what.name if what else 'nobody'} leads"
            self.run(TICK)
        return self.loop.time() - began

    @property
    def leader(self) -> Pod | None:
        return next((pod for pod in self.pods if pod.leads), None)

    def end(self) -> None:
        for pod in self.pods:
            pod.kill()
            pod.awake.set()
        self.watching.cancel()
        self.loop.run_until_complete(asyncio.sleep(100 * DURATION))
        self.loop.close()

    async def _watch(self) -> None:
        while True:
            self.judge()
            await asyncio.sleep(TICK)

    def judge(self) -> None:
        """At most one would write, and under an epoch above every other's."""
        leaders = [pod for pod in self.pods if pod.leads]
        if len(leaders) > 1:
            self.noticed.append(f"{[pod.name for pod in leaders]} lead at {self.loop.time():.2f}")
        for pod in leaders:
            epoch = pod.lease.epoch
            if epoch < self.highest or (epoch == self.highest and pod is not self.last):
                self.noticed.append(f"{pod.name} writes under {epoch} after {self.highest} at {self.loop.time():.2f}")
            self.highest, self.last = max(self.highest, epoch), pod
