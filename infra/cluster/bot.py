"""Bot: the trading bot. Off or one, never two; what it may do once it runs is its own second lock."""

from __future__ import annotations

import pulumi

from apps.contracts.names import Port
from infra.cluster.environment import Environment
from infra.cluster.mounts import DATA, LOGS, kept
from infra.cluster.objects import App, Service
from infra.cluster.probes import HttpProbes
from infra.cluster.resources import Resources
from infra.cluster.scope import ClusterScope
from infra.cluster.service import service
from infra.cluster.workload import Workload, deployment
from infra.cluster.workload_identity import WorkloadIdentity
from infra.component import Component

HTTP = "http"
RESOURCES = Resources(cpu_millis=250, memory_mi=256, cpu_millis_limit=500, memory_mi_limit=512)


class Bot(Component):
    """Deployment and Service of the bot (requirements C4).

    The settings say how many there are at first; after that whoever activates it does, so changes of the number are
    left alone. The old pod ends before a new one starts. It reads the detectors' spool and never writes it; its journal
    is on the logs volume. There is no drain: a bot that is told to stop must stop.
    """

    TOKEN = "spy:cluster:Bot"  # noqa: S105  (a type token)

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
        ports = {HTTP: Port.BOT}
        deployment(
            scope,
            self,
            Workload(
                app=App.BOT,
                image=image,
                replicas=scope.settings.services.bot_replicas,
                ports=ports,
                probes=HttpProbes(HTTP, readiness_delay_seconds=10),
                resources=RESOURCES.sized(scope.settings),
                environment=environment,
                variables=identity.variables,
                mounts=[
                    kept("database", DATA, read_only=True),
                    kept("logs", LOGS),
                    *identity.mounts,
                ],
                one_at_a_time=True,
                replicas_set_elsewhere=True,
            ),
        )
        service(scope, self, Service.BOT, App.BOT, ports, may_lead_nowhere=True)
        self.register()
