"""Config: what the services in the cluster are told, as ConfigMaps. Holds no secret, and no value of the cloud.

`bot-config` is what more than one service reads, and what the requirements want in it (P3.04); a change of it makes the
pods of all of them anew. Each service has a map of its own for the rest.
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMap

from apps.contracts.enums import Source
from apps.contracts.names import Env, Port
from infra.cloud.webapp_settings import entra_sign_in
from infra.cluster.broker import for_data, for_orders, is_simulated
from infra.cluster.content_hash import content_hash
from infra.cluster.environment import Kept
from infra.cluster.mounts import CACHE, DATA, LOGS
from infra.cluster.objects import Config, Service
from infra.cluster.scope import ClusterScope
from infra.component import Component
from stacks.settings import StackSettings
from stacks.settings.platform import ClusterIdentity, Store

Values = dict[str, str]

EVERYWHERE = "0.0.0.0"  # noqa: S104  (inside its pod; who may reach the pod is said by the network policies)
STRATEGY = "anomaly-arbitrage"
DATA_CLIENT, BOT_CLIENT = 1, 100
"""Client ids at the gateways (C6); a further symbol's detector has the next after the first's."""

LOOPBACK = "127.0.0.0/8"
DATABASE_SHARE = 0.75
"""Of the cache volume: what SQLite's file may take, its log beside it and nothing that enforces the volume's size."""


def shared_values(settings: StackSettings) -> Values:
    """bot-config: for detector, backend and bot."""
    tuning, broker = settings.tuning, for_data(settings)
    values = {
        Env.LOG_LEVEL: tuning.log_level.value,
        Env.BIND_HOST: EVERYWHERE,
        Env.SYMBOL: settings.services.symbols[0],
        Env.SOURCE: (Source.SIMULATED if is_simulated(settings) else Source.LIVE).value,
        Env.STRATEGY_TYPE: STRATEGY,
        Env.MAX_POSITIONS: str(tuning.max_positions),
        Env.ANOMALY_THRESHOLD: _number(tuning.anomaly_threshold),
        Env.SCAN_INTERVAL_SECONDS: _number(tuning.scan_interval_seconds),
        Env.STRIKES_RANGE_PERCENT: _number(tuning.strikes_range_percent),
        Env.IBKR_HOST: broker.host,
        Env.IBKR_PORT: str(broker.port),
        Env.IBKR_CLIENT_ID: str(DATA_CLIENT),
        Env.BACKEND_URL: f"http://{Service.BACKEND}:{Port.BACKEND}",
    }
    if is_simulated(settings):
        values[Env.SIMULATOR_CONTROL_URL] = f"http://{Service.SIMULATOR}:{Port.SIMULATOR_CONTROL}"
    return values


def detector_values(settings: StackSettings) -> Values:
    """detector-config. The lines are one symbol's, with those that stay free: several detectors share a login."""
    services = settings.services
    return {
        Env.DETECTOR_PORT: str(Port.DETECTOR),
        Env.DATA_DIR: DATA,
        Env.LEADERSHIP: "lease",
        Env.DATA_LINES: str(services.lines_per_symbol + services.reserved_lines),
        Env.RESERVED_LINES: str(services.reserved_lines),
    }


def backend_values(settings: StackSettings) -> Values:
    """backend-config. The page comes from the backend itself, so no other origin may call it: CORS_ORIGINS stays empty.

    Publishers sign in as the cluster's identity says: by Entra's tokens, or by a secret at the backend's own issuer.
    """
    services = settings.services
    values = {
        Env.BACKEND_PORT: str(Port.BACKEND),
        Env.DATA_DIR: CACHE,
        Env.STORE: services.store.value,
        Env.HUB: services.hub.value,
        Env.METRICS_NETWORKS: f"{settings.cluster.pod_range},{LOOPBACK}",
    }
    if services.store is Store.SQLITE:
        values[Env.STORE_BYTES_MAX] = str(int(settings.volumes.cache_gi * 2**30 * DATABASE_SHARE))
    if settings.cluster.identity is ClusterIdentity.FEDERATED:
        return values | entra_sign_in(settings)
    return values | local_sign_in(settings)


def local_sign_in(settings: StackSettings) -> Values:
    """The backend's own issuer. With simulated quotes whoever forwards its port to a machine's loopback gets a token.

    That takes rights in the cluster, and no other pod but the detector's and Prometheus' may ask. Quotes of an exchange
    are one person's: then nobody gets a token so, and people sign in where there is Entra.
    """
    return {Env.LOGIN: "local"} | ({Env.PUBLISHED_ON_LOOPBACK: "true"} if is_simulated(settings) else {})


def bot_values(settings: StackSettings) -> Values:
    """trading-bot-config."""
    broker = for_orders(settings)
    return {
        Env.BOT_PORT: str(Port.BOT),
        Env.MODE: "paper",
        Env.BOT_IBKR_HOST: broker.host,
        Env.BOT_IBKR_PORT: str(broker.port),
        Env.BOT_IBKR_CLIENT_ID: str(BOT_CLIENT),
        Env.SPOOL_DIR: f"{DATA}/spool",
        Env.JOURNAL_DIR: f"{LOGS}/bot",
    }


def _number(value: float) -> str:
    """As a person writes it: 2, not 2.0."""
    return f"{value:g}"


class ServiceConfig(Component):
    """The four ConfigMaps, each under the fixed name by which pods refer to it."""

    TOKEN = "spy:cluster:ServiceConfig"  # noqa: S105  (a type token)

    shared: Kept
    detector: Kept
    backend: Kept
    bot: Kept

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope = scope
        self.shared = self._map(Config.SHARED, shared_values(scope.settings))
        self.detector = self._map(Config.DETECTOR, detector_values(scope.settings))
        self.backend = self._map(Config.BACKEND, backend_values(scope.settings))
        self.bot = self._map(Config.BOT, bot_values(scope.settings))
        self.register()

    def _map(self, name: str, values: Values) -> Kept:
        made = ConfigMap(name, metadata=self._scope.metadata(name), data=values, opts=self._scope.options(self))
        return Kept(name, content_hash(values), made)
