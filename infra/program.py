"""Program: the one file that knows every component and wires them. Reads nothing but its settings."""

from __future__ import annotations

import pulumi
import pulumi_azure_native as azure
from pulumi_azure_native import resources

from infra.cloud.network import Network
from infra.cloud.security_group import SecurityGroup
from infra.layers import CloudLayer
from infra.scope import Scope
from stacks.naming import Names
from stacks.settings import Layer, StackSettings


def build(settings: StackSettings) -> dict[str, pulumi.Input[object]]:
    """Declare every resource of the stack; returns its outputs, by their exported names."""
    if settings.includes(Layer.CLOUD):
        _cloud(settings)
    return {}


def _azure_provider(settings: StackSettings) -> azure.Provider:
    return azure.Provider(
        "azure",
        azure.ProviderArgs(
            subscription_id=settings.azure.subscription_id,
            tenant_id=settings.azure.tenant_id,
            location=settings.azure.location,
            disable_pulumi_partner_id=True,
        ),
    )


def _scope(settings: StackSettings, provider: azure.Provider) -> Scope:
    names = Names(settings)
    group = resources.ResourceGroup.get(
        "resource-group",
        f"/subscriptions/{settings.azure.subscription_id}/resourceGroups/{names.resource_group}",
        pulumi.ResourceOptions(provider=provider),
    )
    return Scope(settings, names, resource_group_name=group.name, resource_group_id=group.id)


def _cloud(settings: StackSettings) -> None:
    provider = _azure_provider(settings)
    scope = _scope(settings, provider)
    layer = CloudLayer(pulumi.ResourceOptions(providers=[provider]))
    within = pulumi.ResourceOptions(parent=layer)
    guard = SecurityGroup("security-group", scope, within)
    Network("network", scope, guard.security_group_id, within)
