"""Billed: the resources of a stack that cost money, by its settings. A test holds it against the recorded plan."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode, VpnSku

Resource = tuple[str, dict[str, Any]]


def billed(settings: StackSettings) -> Iterator[Resource]:
    """Type and the inputs that prices ask for, by their names on the wire."""
    if not settings.includes(Layer.CLOUD):
        return
    yield from _stored(settings)
    yield from _observed(settings)
    if settings.includes(Layer.IMAGES):
        yield from _served(settings)
    if settings.includes(Layer.VPN) and settings.vpn.sku is not VpnSku.NONE:
        yield from _tunnelled(settings)


def _stored(settings: StackSettings) -> Iterator[Resource]:
    yield "azure-native:storage:StorageAccount", {"sku": {"name": settings.storage.sku}}
    yield "azure-native:keyvault:Vault", {}
    if settings.registry.mode is RegistryMode.OWN:
        yield "azure-native:containerregistry:Registry", {"sku": {"name": "Basic"}}
    if settings.storage.private_endpoint:
        yield "azure-native:network:PrivateEndpoint", {}
        yield "azure-native:privatedns:PrivateZone", {}


def _observed(settings: StackSettings) -> Iterator[Resource]:
    realtime = {"name": settings.signalr.sku.value, "capacity": settings.signalr.capacity}
    yield "azure-native:signalrservice:SignalR", {"sku": realtime}
    yield "azure-native:web:StaticSite", {"sku": {"name": settings.site.sku.value}}
    yield (
        "azure-native:operationalinsights:Workspace",
        {
            "workspaceCapping": {"dailyQuotaGb": settings.logs.daily_cap_gb},
            "retentionInDays": settings.logs.retention_days,
        },
    )
    yield "azure-native:monitor:MetricAlert", {}  # SignalR's quota
    yield "azure-native:monitor:ScheduledQueryRule", {"evaluationFrequency": "PT15M"}  # ingestion stopped


def _served(settings: StackSettings) -> Iterator[Resource]:
    yield "azure-native:web:AppServicePlan", {"sku": {"name": settings.webapp.sku, "capacity": 1}}
    yield "azure-native:web:WebApp", {}
    probed = {"frequency": settings.alerts.availability_minutes * 60, "locations": [{}]}
    yield "azure-native:applicationinsights:WebTest", probed
    yield "azure-native:monitor:MetricAlert", {}  # web app down


def _tunnelled(settings: StackSettings) -> Iterator[Resource]:
    yield "azure-native:network:VirtualNetworkGateway", {"sku": {"name": settings.vpn.sku.value}}
    yield "azure-native:network:PublicIPAddress", {}
    if settings.on_prem.address:
        yield "azure-native:monitor:MetricAlert", {}  # tunnel down
