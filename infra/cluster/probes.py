"""Probes: how the kubelet asks a container whether it started, lives and is ready. Pure; asks nobody itself.

A service is asked by HTTP; a gateway, which speaks the broker's protocol only, by a command in its own container.
"""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_kubernetes.core.v1 import ExecActionArgs, HTTPGetActionArgs, ProbeArgs

from infra.cluster.handshake import handshake

HEALTH = "/health"
READY = "/ready"

STARTUP_PERIOD_SECONDS = 2


@dataclass(frozen=True)
class HttpProbes:
    """A service's own answers. `/ready` means able to take its role: a standby and a closed market are ready too."""

    port: str
    """Name of the container's port."""
    ready: str = READY
    startup_seconds: int = 60
    """How long a start may take before the container is started anew."""
    liveness_delay_seconds: int = 30
    readiness_delay_seconds: int = 5

    @property
    def startup(self) -> ProbeArgs:
        """Asked often, so that a pod that is up counts as up at once; the other two wait for it."""
        attempts = self.startup_seconds // STARTUP_PERIOD_SECONDS
        return self._asking(HEALTH, period=STARTUP_PERIOD_SECONDS, timeout=2, failures=attempts)

    @property
    def liveness(self) -> ProbeArgs:
        """Half a minute without an answer, and the container is started anew."""
        return self._asking(HEALTH, period=10, timeout=5, failures=3, delay=self.liveness_delay_seconds)

    @property
    def readiness(self) -> ProbeArgs:
        """Fifteen seconds without, and its Service sends nothing to it."""
        return self._asking(self.ready, period=5, timeout=3, failures=3, delay=self.readiness_delay_seconds)

    def _asking(self, path: str, *, period: int, timeout: int, failures: int, delay: int | None = None) -> ProbeArgs:
        return ProbeArgs(
            http_get=HTTPGetActionArgs(path=path, port=self.port),
            initial_delay_seconds=delay,
            period_seconds=period,
            timeout_seconds=timeout,
            failure_threshold=failures,
        )


@dataclass(frozen=True)
class HandshakeProbes:
    """A gateway's answer to the API's greeting.

    A start, a daily restart and a weekly login may each take `minutes`: a person has to answer the second factor, and
    a container started anew asks that person once more.
    """

    port: int
    minutes: int

    @property
    def startup(self) -> ProbeArgs:
        """Every 15 s for as long as a start may take."""
        return self._asking(period=15, failures=self.minutes * 4)

    @property
    def liveness(self) -> ProbeArgs:
        """Every 30 s, for as long as a login may take."""
        return self._asking(period=30, failures=self.minutes * 2)

    @property
    def readiness(self) -> ProbeArgs:
        """Two and a half minutes without, and the Service leads nobody to it."""
        return self._asking(period=30, failures=5)

    def _asking(self, *, period: int, failures: int) -> ProbeArgs:
        return ProbeArgs(
            exec_=ExecActionArgs(command=handshake(self.port)),
            period_seconds=period,
            timeout_seconds=5,
            failure_threshold=failures,
        )
