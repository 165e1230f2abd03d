"""The Lease against a real API server, with a detector's rights and no other: what the protocol's world assumes."""

from __future__ import annotations

import asyncio
import os
import signal
import subprocess
import sys
import time
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from apps.contracts.names import lease_name
from apps.service.kubernetes_api import ApiRefused, ClusterAddress, ClusterError, KubernetesApi
from apps.service.leadership import LeadershipLost, leads, while_leading
from apps.service.lease import DEADLINE_SHARE, POLL_SHARE, SymbolLease
from apps.service.lease_record import LeaseRecord
from apps.service.lease_store import ClusterLeaseStore
from tests.cluster import manifests
from tests.cluster.control_plane import ControlPlane
from tests.detector.candidates import give_leases
from tests.detector.helpers import ROOT, until

LEASE_SECONDS = 6
"""More than the default: the API server of a busy machine may take seconds to answer."""
NAME = lease_name("SPY")

HOLDER = """
import asyncio, sys
from pathlib import Path
from apps.service.leadership import LeadershipSettings, while_leading
from apps.service.leading import leadership_of
from apps.service.run import run_service

async def main(stop):
    lead = leadership_of(LeadershipSettings(), "SPY", Path("unused"))
    async def work():
        print(lead.epoch, flush=True)
        await stop.wait()
    await lead.acquire()
    await while_leading(lead, work())
    await lead.release()
    await lead.close()

sys.exit(run_service(main))
"""


class Pods:
    """Detectors' side of one namespace."""

    def __init__(self, cluster: ControlPlane, namespace: str, folder: Path) -> None:
        self.cluster, self.namespace, self.folder = cluster, namespace, folder
        self.environment = give_leases(cluster, namespace, folder, lease_seconds=6)

    def store(self) -> ClusterLeaseStore:
        return ClusterLeaseStore(KubernetesApi(ClusterAddress(self.cluster.address, self.folder)), self.namespace, NAME)

    @asynccontextmanager
    async def lease(self, pod: str) -> AsyncIterator[SymbolLease]:
        made = SymbolLease(self.store(), pod, LEASE_SECONDS)
        try:
            yield made
        finally:
            await made.close()

    def process(self, pod: str) -> subprocess.Popen[str]:
        environment = {"PATH": os.environ["PATH"], **self.environment, "POD_NAME": pod}
        environment["LEASE_SECONDS"] = str(LEASE_SECONDS)
        return subprocess.Popen(
            [sys.executable, "-c", HOLDER], cwd=ROOT, env=environment, stdout=subprocess.PIPE, text=True
        )

    def spec(self) -> dict[str, object]:
        return dict(self.cluster.admin.get("coordination.k8s.io/v1", "Lease", NAME, self.namespace)["spec"])

    def make_free(self) -> None:
        """A Lease that was released, so that nobody waits out the first one's duration."""
        spec = {"holderIdentity": "", "leaseDurationSeconds": LEASE_SECONDS, "leaseTransitions": 6}
        metadata = {"name": NAME, "namespace": self.namespace}
        lease = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
        self.cluster.admin.create(lease)


@pytest.fixture
def pods(cluster: ControlPlane, namespace: str, tmp_path: Path) -> Pods:
    return Pods(cluster, namespace, tmp_path / "credentials")


async def idle() -> None:
    await asyncio.Event().wait()


async def test_the_first_makes_it_and_the_second_waits_until_it_is_released(pods: Pods) -> None:
    async with pods.lease("detector-a") as first, pods.lease("detector-b") as second:
        assert await first.acquire() == 1
        leading = asyncio.create_task(while_leading(first, idle()))
        waiting = asyncio.create_task(second.acquire())
        await until(lambda: second.waited, what="the second is a standby")
        assert pods.spec()["holderIdentity"] == first.identity
        assert (leads(first), leads(second)) == (True, False)
        leading.cancel()
        await asyncio.wait({leading})
        began = time.monotonic()
        await first.release()
        assert await waiting == 2
        print(f"release to lead {time.monotonic() - began:.2f} s, a look every {POLL_SHARE * LEASE_SECONDS:.1f} s")
        assert (leads(first), leads(second)) == (False, True)
        assert pods.spec()["leaseTransitions"] == 2
        await second.release()


async def test_a_released_lease_is_taken_at_once_and_its_epoch_goes_on(pods: Pods) -> None:
    pods.make_free()
    async with pods.lease("detector-a") as lease:
        assert await lease.acquire() == 7
        assert await lease.next_epoch(above=40) == 41
        assert pods.spec()["leaseTransitions"] == 41
        assert not lease.waited
        await lease.release()
    assert pods.spec()["holderIdentity"] == ""


async def test_the_server_refuses_what_the_protocol_leans_on_being_refused(pods: Pods) -> None:
    store = pods.store()
    assert await store.get(seconds=9) is None
    made = await store.create(store.blank().taken("somebody", 3, 1), seconds=9)
    with pytest.raises(ApiRefused, match="already exists") as twice:
        await store.create(store.blank().taken("somebody", 3, 1), seconds=9)
    newer = await store.replace(made.renewed(3, 2), seconds=9)
    with pytest.raises(ApiRefused) as stale:
        await store.replace(made.renewed(3, 3), seconds=9)
    assert (twice.value.status, stale.value.status) == (409, 409)
    assert (newer.transitions, newer.holder) == (2, "somebody")
    pods.cluster.admin.delete("coordination.k8s.io/v1", "Lease", NAME, pods.namespace)
    with pytest.raises(ApiRefused) as gone:  # leases may be created by a PUT, but not one that was read before
        await store.replace(newer.renewed(3, 3), seconds=9)
    assert gone.value.status in {404, 409}
    assert await store.get(seconds=9) is None
    await store.close()


async def test_a_holder_whose_lease_is_deleted_stops_or_is_the_only_one(pods: Pods) -> None:
    """Whichever the server does with a renewal of what is gone: a standby makes a new one after a duration only."""
    pods.make_free()
    async with pods.lease("detector-a") as first, pods.lease("detector-b") as second:
        await first.acquire()
        leading = asyncio.create_task(while_leading(first, idle()))
        waiting = asyncio.create_task(second.acquire())
        await until(lambda: second.waited, what="the second is a standby")
        pods.cluster.admin.delete("coordination.k8s.io/v1", "Lease", NAME, pods.namespace)
        both = 0
        for _ in range(int(3 * LEASE_SECONDS / 0.05)):
            both += leads(first) and leads(second)
            if waiting.done():
                break
            await asyncio.sleep(0.05)
        assert both == 0
        assert leads(first) != leads(second)
        leading.cancel()
        waiting.cancel()
        await asyncio.wait({leading, waiting})


async def test_a_right_that_is_missing_is_named_and_waited_for(pods: Pods) -> None:
    pods.make_free()
    pods.cluster.admin.delete("rbac.authorization.k8s.io/v1", "RoleBinding", "detector", pods.namespace)
    async with pods.lease("detector-a") as lease:
        waiting = asyncio.create_task(lease.acquire())
        await until(lambda: lease.problem is not None, what="it says why")
        assert lease.problem is not None
        assert 'cannot get resource "leases"' in lease.problem
        pods.cluster.admin.apply(manifests.role_binding("detector", pods.namespace))
        assert await waiting == 7
        assert lease.problem is None
        await lease.release()


async def test_token_and_authority_are_read_again_when_they_rotate(pods: Pods) -> None:
    pods.make_free()
    store = pods.store()
    good = {name: (pods.folder / name).read_text() for name in ("token", "ca.crt")}
    assert isinstance(await store.get(seconds=9), LeaseRecord)
    (pods.folder / "token").write_text(pods.cluster.token(pods.namespace, "default"))
    with pytest.raises(ApiRefused) as other:
        await store.get(seconds=9)
    assert other.value.status == 403
    (pods.folder / "token").write_text(good["token"])
    assert isinstance(await store.get(seconds=9), LeaseRecord)
    (pods.folder / "ca.crt").write_text("not a certificate")
    with pytest.raises(ClusterError, match=r"ca\.crt cannot be used"):
        await store.get(seconds=9)
    (pods.folder / "ca.crt").write_text(good["ca.crt"])
    assert isinstance(await store.get(seconds=9), LeaseRecord)
    await store.close()


async def test_a_holder_that_is_shut_out_stops_by_its_own_limit(pods: Pods) -> None:
    pods.make_free()
    async with pods.lease("detector-a") as lease:
        await lease.acquire()
        (pods.folder / "token").write_text("nonsense")
        with pytest.raises(ExceptionGroup) as lost:
            await while_leading(lease, idle())
        assert lost.group_contains(LeadershipLost, match=f"not renewed for {DEADLINE_SHARE * LEASE_SECONDS:g} s")


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM], ids=["kill -9", "SIGTERM"])
async def test_a_process_is_followed_by_a_standby_process(pods: Pods, number: signal.Signals) -> None:
    pods.make_free()
    holder = pods.process("detector-a")
    assert holder.stdout is not None
    assert await asyncio.to_thread(holder.stdout.readline) == "7\n"
    async with pods.lease("detector-b") as standby:
        waiting = asyncio.create_task(standby.acquire())
        await until(lambda: standby.waited, what="we are a standby")
        began = time.monotonic()
        holder.send_signal(number)
        assert await waiting == 8
        print(f"{number.name} to lead {time.monotonic() - began:.2f} s, LEASE_SECONDS={LEASE_SECONDS}")
        assert await asyncio.to_thread(holder.wait, 30) == (0 if number is signal.SIGTERM else -signal.SIGKILL)
        await standby.release()
