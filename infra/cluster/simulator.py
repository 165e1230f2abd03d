"""Simulator: the broker's gateway of stacks that trade nothing. Speaks the broker's protocol; knows no login."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import EnvVarArgs

from apps.contracts.names import Env, Port
from infra.cluster.config import EVERYWHERE
from infra.cluster.environment import Environment
from infra.cluster.objects import App, Service
from infra.cluster.probes import HEALTH, HttpProbes
from infra.cluster.resources import Resources
from infra.cluster.scope import ClusterScope
from infra.cluster.service import service
from infra.cluster.workload import Workload, deployment
from infra.component import Component

API, CONTROL = "api", "control"
RESOURCES = Resources(cpu_millis=100, memory_mi=128, cpu_millis_limit=500, memory_mi_limit=256)
"""Measured with a detector at its side: 108 MB, 8 % of a CPU. The same for every size: half would not hold it."""


class Simulator(Component):
    """Deployment of one and its Service: the broker's wire, and the control port of its clock.

    Never two: each would play a day of its own. It ends before the next starts, and the detector sees a broken line.
    """

    TOKEN = "spy:cluster:Simulator"  # noqa: S105  (a type token)

    def __init__(
        self,
        name: str,
        scope: ClusterScope,
        *,
        image: pulumi.Input[str],
        environment: Environment,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        ports = {API: Port.SIMULATOR, CONTROL: Port.SIMULATOR_CONTROL}
        deployment(
            scope,
            self,
            Workload(
                app=App.SIMULATOR,
                image=image,
                replicas=1,
                ports=ports,
                probes=HttpProbes(CONTROL, ready=HEALTH),
                resources=RESOURCES,
                environment=environment,
                variables=_variables(scope),
                one_at_a_time=True,
            ),
        )
        service(scope, self, Service.SIMULATOR, App.SIMULATOR, ports)
        self.register()


def _variables(scope: ClusterScope) -> list[EnvVarArgs]:
    """Of the services' configuration it needs only this; it is not started anew when theirs changes."""
    return [
        EnvVarArgs(name=Env.BIND_HOST, value=EVERYWHERE),
        EnvVarArgs(name=Env.LOG_LEVEL, value=scope.settings.tuning.log_level.value),
    ]
