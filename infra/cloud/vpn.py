"""VpnGateway: Azure's end of the tunnel to the home network. The connection itself is vpn_connection.py."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network

from infra.cloud.network import Network
from infra.component import Component
from infra.scope import Scope
from stacks.settings.cloud import VpnSku

PATIENCE = pulumi.CustomTimeouts(create="90m", update="90m", delete="90m")
"""Azure takes 30 to 45 minutes for a gateway, and sometimes more."""

GENERATION = {VpnSku.BASIC: None, VpnSku.VPN_GW1_AZ: "Generation1"}
"""A Basic gateway has no generation to choose."""


class VpnGateway(Component):
    """Route-based gateway with one static address. Protected; absent when the SKU is none.

    Its purpose is the private endpoint of the tables: the home network reaches the store through the tunnel. The SKU
    of a gateway cannot be changed in place, so a change is planned as the replacement that it is, which protection
    refuses. The gateway waits for all four subnets, because its creation locks the virtual network.
    """

    TOKEN = "spy:cloud:VpnGateway"  # noqa: S105  (a type token)

    gateway_id: pulumi.Output[str]
    gateway_name: pulumi.Output[str]
    public_address: pulumi.Output[str | None]

    def __init__(self, name: str, scope: Scope, within: Network, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        sku = scope.settings.vpn.sku
        address = network.PublicIPAddress(
            "public-address",
            network.PublicIPAddressInitArgs(
                resource_group_name=scope.resource_group_name,
                public_ip_address_name=scope.names.vpn_public_address,
                location=scope.location,
                sku=network.PublicIPAddressSkuArgs(name="Standard", tier="Regional"),
                public_ip_allocation_method="Static",
                public_ip_address_version="IPv4",
                zones=["1", "2", "3"],
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        gateway = network.VirtualNetworkGateway(
            "gateway",
            network.VirtualNetworkGatewayInitArgs(
                resource_group_name=scope.resource_group_name,
                virtual_network_gateway_name=scope.names.vpn_gateway,
                location=scope.location,
                gateway_type="Vpn",
                vpn_type="RouteBased",
                sku=network.VirtualNetworkGatewaySkuArgs(name=sku.value, tier=sku.value),
                vpn_gateway_generation=GENERATION[sku],
                active_active=False,
                enable_bgp=False,
                ip_configurations=[
                    network.VirtualNetworkGatewayIPConfigurationArgs(
                        name="vnetGatewayConfig",
                        private_ip_allocation_method="Dynamic",
                        subnet=network.SubResourceArgs(id=within.gateway_subnet_id),
                        public_ip_address=network.SubResourceArgs(id=address.id),
                    )
                ],
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(
                parent=self,
                protect=True,
                custom_timeouts=PATIENCE,
                replace_on_changes=["sku"],
                delete_before_replace=True,
                depends_on=[within],
            ),
        )
        self.gateway_id = gateway.id
        self.gateway_name = gateway.name
        self.public_address = address.ip_address
        self.register()
