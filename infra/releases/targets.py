"""Targets: what Prometheus asks of a stack, and the labels by which alerts and dashboards find the answers. Data only.

The operator gives every series the labels namespace, service, pod, container, instance, and `job`, which is the
Service's name. It would also give `endpoint`, the port's name, and so hide the label `endpoint` by which the services
themselves count their HTTP paths: that one is dropped from the target.
"""

from __future__ import annotations

from dataclasses import dataclass

from infra.cluster.objects import App, Service


@dataclass(frozen=True)
class Target:
    """A service with metrics: its ServiceMonitor, the app label and the name of its Service, the Service's port."""

    monitor: str
    app: str
    service: str
    port: str

    @property
    def job(self) -> str:
        """Label `job` of its series."""
        return self.service


BACKEND = Target("backend-monitor", App.BACKEND, Service.BACKEND, "http")
DETECTOR = Target("detector-monitor", App.DETECTOR, Service.DETECTOR, "metrics")
BOT = Target("bot-monitor", App.BOT, Service.BOT, "http")

TARGETS = (BACKEND, DETECTOR, BOT)

TARGET_LABEL_IN_THE_WAY = "endpoint"
