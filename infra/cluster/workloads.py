"""Workloads: what runs in the cluster, wired: image, environment, identity, and what each waits for.

Nothing waits for another service. A detector without its gateway or its backend starts, says so and carries on when
they are there; a bot without a gateway is ready too. What a pod cannot start without is waited for: its service account
and rights, the claims that it mounts, the ConfigMaps and Secrets that it reads.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import pulumi

from infra.cluster.accounts import Accounts, weekend
from infra.cluster.azure_facts import AzureFacts
from infra.cluster.backend import Backend
from infra.cluster.bot import Bot
from infra.cluster.broker import gateways, is_simulated
from infra.cluster.detector import Detector
from infra.cluster.disruption import Disruption
from infra.cluster.environment import Environment
from infra.cluster.gateway import Gateway
from infra.cluster.objects import App
from infra.cluster.schedule import Schedule
from infra.cluster.scope import ClusterScope
from infra.cluster.simulator import Simulator
from infra.cluster.volumes import Volumes
from infra.cluster.workload_identity import workload_identity
from infra.images import Images


@dataclass(frozen=True)
class Ground:
    """What the workloads stand on."""

    scope: ClusterScope
    images: Images
    azure: AzureFacts | None
    environments: Mapping[str, Environment]
    accounts: Accounts
    volumes: Volumes

    def under(self, app: str, *volumes: str) -> ClusterScope:
        """The scope of a workload: behind its account and rights, and the claims of these volumes."""
        return self.scope.behind(*self.accounts.of[app], *(self.volumes.claims[each] for each in volumes))


def declare_workloads(on: Ground, within: pulumi.ResourceOptions) -> None:
    """Declare them in the order of the way that the data take."""
    _brokers(on, within)
    _services(on, within)
    settings = on.scope.settings
    if settings.cluster.nodes > 1:
        Disruption("disruption", on.scope, within)
    if weekend(settings):
        Schedule(
            "schedule",
            on.under(App.SCALER),
            image=on.images.backend,
            environment=on.environments[App.SCALER],
            opts=within,
        )


def _brokers(on: Ground, within: pulumi.ResourceOptions) -> None:
    """The gateways, or who stands in for them."""
    settings, read = on.scope.settings, on.environments
    if is_simulated(settings):
        Simulator(
            "simulator",
            on.under(App.SIMULATOR),
            image=on.images.simulator,
            environment=read[App.SIMULATOR],
            opts=within,
        )
    for broker in gateways(settings):
        Gateway(broker.app, on.under(broker.app), broker, read[broker.app], within)


def _services(on: Ground, within: pulumi.ResourceOptions) -> None:
    settings, azure, read = on.scope.settings, on.azure, on.environments
    Backend(
        "backend",
        on.under(App.BACKEND, "cache"),
        image=on.images.backend,
        environment=read[App.BACKEND],
        identity=workload_identity(settings, azure.backend_client_id if azure else None),
        opts=within,
    )
    Detector(
        "detector",
        on.under(App.DETECTOR, "database"),
        image=on.images.detector,
        environment=read[App.DETECTOR],
        identity=workload_identity(settings, azure.detector_client_id if azure else None),
        opts=within,
    )
    Bot(
        "trading-bot",
        on.under(App.BOT, "database", "logs"),
        image=on.images.trading_bot,
        environment=read[App.BOT],
        identity=workload_identity(settings, azure.bot_client_id if azure else None),
        opts=within,
    )
