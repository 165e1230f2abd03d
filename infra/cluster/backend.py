"""Backend: takes in what the detectors publish, keeps it, and serves the page and its live channel."""

from __future__ import annotations

import pulumi

from apps.contracts.names import Port
from infra.cluster.environment import Environment
from infra.cluster.mounts import CACHE, kept
from infra.cluster.objects import App, Service
from infra.cluster.probes import HttpProbes
from infra.cluster.resources import Resources
from infra.cluster.scope import ClusterScope
from infra.cluster.service import service
from infra.cluster.workload import Workload, deployment
from infra.cluster.workload_identity import WorkloadIdentity
from infra.component import Component
from stacks.settings import StackSettings
from stacks.settings.platform import Hub, Store

HTTP = "http"
RESOURCES = Resources(cpu_millis=250, memory_mi=256, cpu_millis_limit=500, memory_mi_limit=512)
DRAIN_SECONDS = 5
"""Nodes learn within a second or two that a pod ends; until then requests still come to it."""


def is_alone(settings: StackSettings) -> bool:
    """Whether SQLite or the embedded hub make it one process, of which there must never be two, not in a rollout."""
    return settings.services.store is Store.SQLITE or settings.services.hub is Hub.EMBEDDED


class Backend(Component):
    """Deployment and Service. Its cache, or with SQLite its database, is on the cache volume."""

    TOKEN = "spy:cluster:Backend"  # noqa: S105  (a type token)

    def __init__(
        self,
        name: str,
        scope: ClusterScope,
        *,
        image: pulumi.Input[str],
        environment: Environment,
        identity: WorkloadIdentity,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        ports = {HTTP: Port.BACKEND}
        deployment(
            scope,
            self,
            Workload(
                app=App.BACKEND,
                image=image,
                replicas=scope.settings.services.backend_replicas,
                ports=ports,
                probes=HttpProbes(HTTP),
                resources=RESOURCES.sized(scope.settings),
                environment=environment,
                variables=identity.variables,
                mounts=[kept("cache", CACHE), *identity.mounts],
                one_at_a_time=is_alone(scope.settings),
                drain_seconds=DRAIN_SECONDS,
            ),
        )
        service(scope, self, Service.BACKEND, App.BACKEND, ports)
        self.register()
