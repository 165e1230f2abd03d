"""Need rules: which layer needs which key, and when. Data and the conditions it names; looks for nothing itself."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode, VpnSku
from stacks.settings.platform import ClusterIdentity, GatewayMode, Hub, ImageSource, Store


def _always(_: StackSettings) -> bool:
    return True


@dataclass(frozen=True)
class NeedRule:
    """When a layer needs a key. `condition`: what `when` asks, in words for the reference."""

    key: str
    layer: Layer
    why: str
    condition: str = ""
    when: Callable[[StackSettings], bool] = _always
    refuses: bool = True


def _gateway(settings: StackSettings) -> bool:
    return settings.vpn.sku is not VpnSku.NONE


def _federated(settings: StackSettings) -> bool:
    return settings.includes(Layer.CLUSTER) and settings.cluster.identity is ClusterIdentity.FEDERATED


def reached(settings: StackSettings) -> bool:
    """Whether this run may touch the cluster: a run for an earlier layer says no."""
    return settings.deploy.cluster


def _by_key(settings: StackSettings) -> bool:
    keys = settings.includes(Layer.CLOUD) and settings.cluster.identity is ClusterIdentity.KEYS
    return keys and reached(settings)


def _tables_by_key(settings: StackSettings) -> bool:
    return _by_key(settings) and settings.services.store is Store.TABLES


def _signalr_by_key(settings: StackSettings) -> bool:
    return _by_key(settings) and settings.services.hub is Hub.AZURE


def _webapp(settings: StackSettings) -> bool:
    """Whether the web app is declared: it runs an image."""
    return settings.includes(Layer.IMAGES) and settings.deploy.images


def _pulls_elsewhere(settings: StackSettings) -> bool:
    return _webapp(settings) and settings.registry.mode is RegistryMode.SHARED


def _pinned(settings: StackSettings) -> bool:
    """Whether digests are asked for: not in a stack's first run, when its registry is yet to be made."""
    return settings.images.source is ImageSource.PINNED and settings.deploy.images


def _pinned_in_cluster(settings: StackSettings) -> bool:
    return _pinned(settings) and settings.includes(Layer.CLUSTER)


def _simulated(settings: StackSettings) -> bool:
    return _pinned_in_cluster(settings) and settings.cluster.gateway is GatewayMode.SIMULATOR


def _pulls(settings: StackSettings) -> bool:
    """Whether the cluster pulls from a registry that asks who it is: Azure's does, one on loopback does not."""
    return settings.includes(Layer.CLOUD) and reached(settings)


def _live(settings: StackSettings) -> bool:
    return settings.cluster.gateway is GatewayMode.LIVE_AND_PAPER and reached(settings)


def _paper(settings: StackSettings) -> bool:
    return settings.cluster.gateway is not GatewayMode.SIMULATOR and reached(settings)


def _own_publishers(settings: StackSettings) -> bool:
    return settings.cluster.identity is ClusterIdentity.KEYS and reached(settings)


def _monitoring(settings: StackSettings) -> bool:
    return settings.installs_monitoring and reached(settings)


def _telegram(settings: StackSettings) -> bool:
    return _monitoring(settings) and settings.notifications.telegram_chat != 0


def _mail(settings: StackSettings) -> bool:
    return _monitoring(settings) and bool(settings.notifications.mail_server)


def _forwards(settings: StackSettings) -> bool:
    return settings.forwards_logs and reached(settings)


_DIGEST = "nothing runs without a digest"
_PINNED = "with `images.source` pinned"
_GATEWAYS = "unless `cluster.gateway` is simulator"
_LIVE = "with `cluster.gateway` live-and-paper"
_MONITORING = "with `releases.monitoring`"
_MAIL = "with `notifications.mailServer`"
_FORWARDER = "with `releases.logging` and the layer cloud"

RULES = (
    NeedRule("azure.subscriptionId", Layer.CLOUD, "every id in Azure begins with it"),
    NeedRule("azure.tenantId", Layer.CLOUD, "the vault and the sign-in of the services name it"),
    NeedRule(
        "azure.apiAudience",
        Layer.CLOUD,
        "the web app lets in tokens for it and no others",
        "for the web app (`deploy.images`)",
        _webapp,
    ),
    NeedRule("alerts.contacts", Layer.CLOUD, "budget and alerts are mailed to them"),
    NeedRule(
        "registry.id",
        Layer.CLOUD,
        "the web app is granted its pulls there",
        "for the web app with `registry.mode` shared",
        _pulls_elsewhere,
    ),
    NeedRule(
        "cluster.issuer",
        Layer.CLOUD,
        "the cluster's services are trusted by it",
        "with `cluster.identity` federated",
        _federated,
    ),
    NeedRule("images.backend", Layer.IMAGES, _DIGEST, _PINNED, _pinned),
    NeedRule("images.detector", Layer.IMAGES, _DIGEST, _PINNED, _pinned_in_cluster),
    NeedRule("images.tradingBot", Layer.IMAGES, _DIGEST, _PINNED, _pinned_in_cluster),
    NeedRule("images.simulator", Layer.IMAGES, _DIGEST, f"{_PINNED}, `cluster.gateway` simulator", _simulated),
    NeedRule(
        "onPrem.address",
        Layer.VPN,
        "without it there is a gateway and no connection",
        "for a connection; goes up without",
        _gateway,
        refuses=False,
    ),
    NeedRule("cluster.context", Layer.CLUSTER, "it says which cluster of the kubeconfig is meant", when=reached),
    NeedRule("cluster.uid", Layer.CLUSTER, "it proves that the cluster is the meant one", when=reached),
    NeedRule(
        "storageConnectionString",
        Layer.CLUSTER,
        "with cluster.identity keys the services sign in to the tables by it",
        "with `cluster.identity` keys",
        _tables_by_key,
    ),
    NeedRule(
        "signalrConnectionString",
        Layer.CLUSTER,
        "with cluster.identity keys the backend signs in to SignalR by it",
        "with `cluster.identity` keys",
        _signalr_by_key,
    ),
    NeedRule("registryPassword", Layer.CLUSTER, "the cluster pulls the images with it", "with the layer cloud", _pulls),
    NeedRule("upstream.github", Layer.CLUSTER, "the gateways' image lies there", _GATEWAYS, _paper),
    NeedRule("ibkrUsername", Layer.CLUSTER, "market data comes by this login", _LIVE, _live),
    NeedRule("ibkrPassword", Layer.CLUSTER, "market data comes by this login", _LIVE, _live),
    NeedRule("ibkrPaperUsername", Layer.CLUSTER, "the bot trades on this login", _GATEWAYS, _paper),
    NeedRule("ibkrPaperPassword", Layer.CLUSTER, "the bot trades on this login", _GATEWAYS, _paper),
    NeedRule(
        "publisherSecret",
        Layer.CLUSTER,
        "the detector signs in to the backend by it",
        "with `cluster.identity` keys",
        _own_publishers,
    ),
    NeedRule("upstream.charts", Layer.RELEASES, "the monitoring's chart is fetched there", _MONITORING, _monitoring),
    NeedRule("grafanaPassword", Layer.RELEASES, "the dashboards are behind it", _MONITORING, _monitoring),
    NeedRule(
        "telegramToken", Layer.RELEASES, "alerts are told by this bot", "with `notifications.telegramChat`", _telegram
    ),
    NeedRule("notifications.mailUser", Layer.RELEASES, "alerts are mailed as this user", _MAIL, _mail),
    NeedRule("mailPassword", Layer.RELEASES, "alerts are mailed with it", _MAIL, _mail),
    NeedRule("logs.forwarderId", Layer.RELEASES, "the log forwarder signs in as it", _FORWARDER, _forwards),
    NeedRule("logsSecret", Layer.RELEASES, "the log forwarder signs in with it", _FORWARDER, _forwards),
)
"""What committed files leave empty, in the order of the layers."""
