"""Detector: who finds the anomalies. One Deployment a symbol, of which one pod leads and the others stand by."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import EnvVarArgs

from apps.contracts.names import Env, Port
from infra.cluster.config import DATA_CLIENT
from infra.cluster.environment import Environment
from infra.cluster.mounts import DATA, kept
from infra.cluster.objects import App, Service
from infra.cluster.probes import HttpProbes
from infra.cluster.resources import Resources
from infra.cluster.scope import ClusterScope
from infra.cluster.service import service
from infra.cluster.tokens import for_kubernetes
from infra.cluster.workload import Workload, deployment
from infra.cluster.workload_identity import WorkloadIdentity
from infra.component import Component

METRICS = "metrics"
RESOURCES = Resources(cpu_millis=250, memory_mi=512, cpu_millis_limit=500, memory_mi_limit=1024)
SYMBOL_LABEL = "spy-options/symbol"


def deployment_name(symbols: tuple[str, ...], symbol: str) -> str:
    """`detector` for the first symbol, so that one symbol more renames nothing; `detector-SYMBOL` for each further."""
    return App.DETECTOR if symbol == symbols[0] else f"{App.DETECTOR}-{symbol.lower()}"


class Detector(Component):
    """A Deployment for each symbol, and the Service by which all are scraped.

    The Lease of its symbol decides which replica connects to the gateway, with the symbol's own client id; so the pods
    of one Deployment are equal, and a second symbol is a second Deployment. Spool, locks and checkpoints are on the
    database volume, by symbol. There is no drain: who leads lets go of the Lease on SIGTERM, and nobody sends to it.
    """

    TOKEN = "spy:cluster:Detector"  # noqa: S105  (a type token)

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
        symbols, ports = scope.settings.services.symbols, {METRICS: Port.DETECTOR}
        for number, symbol in enumerate(symbols):
            deployment(
                scope,
                self,
                Workload(
                    app=App.DETECTOR,
                    name=deployment_name(symbols, symbol),
                    labels={SYMBOL_LABEL: symbol},
                    image=image,
                    replicas=scope.settings.services.detector_replicas,
                    ports=ports,
                    probes=HttpProbes(METRICS),
                    resources=RESOURCES.sized(scope.settings),
                    environment=environment,
                    variables=[*_of_symbol(symbol, DATA_CLIENT + number), *identity.variables],
                    mounts=[kept("database", DATA), for_kubernetes(), *identity.mounts],
                ),
            )
        service(scope, self, Service.DETECTOR, App.DETECTOR, ports)
        self.register()


def _of_symbol(symbol: str, client_id: int) -> list[EnvVarArgs]:
    """What bot-config says for the first symbol, for this one."""
    return [EnvVarArgs(name=Env.SYMBOL, value=symbol), EnvVarArgs(name=Env.IBKR_CLIENT_ID, value=str(client_id))]
