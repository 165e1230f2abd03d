"""Environments: which workload reads which ConfigMap and which Secret. The one place that says so; declares nothing."""

from __future__ import annotations

from infra.cluster.config import ServiceConfig
from infra.cluster.credentials import ServiceSecrets
from infra.cluster.environment import Environment, Kept
from infra.cluster.objects import App
from stacks.settings import StackSettings
from stacks.settings.platform import ClusterIdentity


def environments(settings: StackSettings, config: ServiceConfig, secrets: ServiceSecrets) -> dict[str, Environment]:
    """What each workload reads, by its name in objects.App.

    Broker logins are the gateways' alone. `azure-credentials` holds addresses that all three services sign in with; in
    keys mode it holds the keys to tables and SignalR as well, and then only the backend, which uses them, reads it.
    The bot has no publisher's credential: it sends nothing. The schedule's jobs and the simulator read nothing.
    """
    keys = settings.cluster.identity is ClusterIdentity.KEYS
    azure = None if keys else secrets.azure
    pull = _those(secrets.registry)
    return {
        App.DETECTOR: Environment((config.shared, config.detector), _those(azure, secrets.publisher), pull),
        App.BACKEND: Environment((config.shared, config.backend), _those(secrets.azure, secrets.publisher), pull),
        App.BOT: Environment((config.shared, config.bot), _those(azure), pull),
        App.GATEWAY: Environment(secrets=_those(secrets.live_login)),
        App.PAPER_GATEWAY: Environment(secrets=_those(secrets.paper_login)),
        App.SIMULATOR: Environment(pull_secrets=pull),
        App.SCALER: Environment(pull_secrets=pull),
    }


def _those(*given: Kept | None) -> tuple[Kept, ...]:
    return tuple(one for one in given if one is not None)
