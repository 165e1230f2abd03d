"""Program: the one file that knows every component and wires them. Reads nothing but its settings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure
import pulumi_random as random
from pulumi_azure_native import resources

from infra.cloud.network import Network
from infra.cloud.security_group import SecurityGroup
from infra.cloud.vault import Vault
from infra.cloud.vpn import VpnGateway
from infra.cloud.vpn_connection import VpnConnection
from infra.layers import CloudLayer, VpnLayer
from infra.scope import Scope
from stacks.naming import Names
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import VpnSku


@dataclass(frozen=True)
class Cloud:
    """What the layers after it take from the cloud layer."""

    provider: azure.Provider
    scope: Scope
    network: Network
    vault: Vault


def build(settings: StackSettings) -> dict[str, pulumi.Input[Any]]:
    """Declare every resource of the stack; returns its outputs, by their exported names."""
    outputs: dict[str, pulumi.Input[Any]] = {}
    if settings.includes(Layer.CLOUD):
        cloud = _cloud(settings)
        outputs |= _cloud_outputs(cloud)
        if settings.includes(Layer.VPN) and settings.vpn.sku is not VpnSku.NONE:
            outputs |= _vpn(cloud)
    return outputs


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


def _cloud(settings: StackSettings) -> Cloud:
    provider = _azure_provider(settings)
    scope = _scope(settings, provider)
    layer = CloudLayer(pulumi.ResourceOptions(providers=[provider]))
    within = pulumi.ResourceOptions(parent=layer)
    guard = SecurityGroup("security-group", scope, within)
    network = Network("network", scope, guard.security_group_id, within)
    vault = Vault("vault", scope, network.app_subnet_id, within)
    return Cloud(provider, scope, network, vault)


def _cloud_outputs(cloud: Cloud) -> dict[str, pulumi.Input[Any]]:
    network = cloud.network
    return {
        "virtualNetworkId": network.virtual_network_id,
        "gatewaySubnetId": network.gateway_subnet_id,
        "containerSubnetId": network.container_subnet_id,
        "privateEndpointSubnetId": network.private_endpoint_subnet_id,
        "appSubnetId": network.app_subnet_id,
        "vaultName": cloud.vault.vault_name,
        "vaultUri": cloud.vault.vault_uri,
    }


def _vpn(cloud: Cloud) -> dict[str, pulumi.Input[Any]]:
    layer = VpnLayer(pulumi.ResourceOptions(providers=[cloud.provider, random.Provider("random")]))
    within = pulumi.ResourceOptions(parent=layer)
    gateway = VpnGateway("vpn-gateway", cloud.scope, cloud.network, within)
    outputs: dict[str, pulumi.Input[Any]] = {"vpnPublicAddress": gateway.public_address}
    if cloud.scope.settings.on_prem.address:
        connection = VpnConnection("vpn-connection", cloud.scope, gateway, cloud.vault, within)
        outputs |= {"vpnConnectionName": connection.connection_name, "vpnKeySecretName": connection.key_secret_name}
    return outputs
