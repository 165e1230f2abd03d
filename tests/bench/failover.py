"""How long nobody watches after the leader was killed or asked to stop: two detectors, a Lease of a real API server."""

from __future__ import annotations

import signal
import tempfile
import time
from pathlib import Path

from apps.detector.settings import DetectorSettings
from tests.bench.row import ROUNDS, Budget, Rounds, Row
from tests.cluster import manifests
from tests.cluster.control_plane import ControlPlane, running_control_plane
from tests.detector.candidates import ask, give_leases, is_live, leader_and_standby, running
from tests.detector.helpers import wait_until

MUST_SECONDS = 10.0
MUST, AIM = f"≤ {MUST_SECONDS:.0f} s", "5 s"
KILLED = Budget("failover: the leader killed, the next one's data live", MUST, AIM)
STOPPED = Budget("failover: the leader stopped by SIGTERM, the next one's data live", MUST, AIM)
BUDGETS = (KILLED, STOPPED)


def rows() -> list[Row]:
    """Both, at the default LEASE_SECONDS."""
    with tempfile.TemporaryDirectory() as folder, running_control_plane(Path(folder) / "control-plane") as cluster:
        return [
            _row(KILLED, [_takeover(cluster, f"killed-{i}", signal.SIGKILL) for i in range(ROUNDS)]),
            _row(STOPPED, [_takeover(cluster, f"stopped-{i}", signal.SIGTERM) for i in range(ROUNDS)]),
        ]


def _lease_seconds() -> float:
    return float(DetectorSettings.model_fields["lease_seconds"].default)


def _takeover(cluster: ControlPlane, namespace: str, number: int) -> float:
    """Seconds from the signal to the next leader's live data."""
    cluster.admin.apply(manifests.namespace(namespace))
    cluster.admin.until("v1", "ServiceAccount", "default", namespace)
    with tempfile.TemporaryDirectory() as folder, running(Path(folder)) as platform:
        platform.leadership = give_leases(
            cluster, namespace, Path(folder) / "credentials", lease_seconds=_lease_seconds()
        )
        (leader, _), (_, port) = leader_and_standby(platform)
        began = time.monotonic()
        leader.process.send_signal(number)
        wait_until(lambda: ask(port, "/ready").get("role") == "leader" and is_live(port), what="the standby is live")
        return time.monotonic() - began


def _row(budget: Budget, seconds: list[float]) -> Row:
    taken, floor = Rounds.of(seconds), _lease_seconds()
    return Row(
        budget,
        measured=f"{taken.median:.1f} s",
        against=f"{taken.median / floor:.2f}x LEASE_SECONDS ({floor:g}), in which a Lease is let be",
        span=f"{taken.span('.1f')} s",
        met=taken.median <= MUST_SECONDS,
        note="two detectors, one Lease, a real API server",
    )
