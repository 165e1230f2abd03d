"""PrivateEndpoint: the tables inside the virtual network, so that the tunnel has something to carry."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network, privatedns

from infra.cloud.network import Network
from infra.cloud.storage import Storage
from infra.component import Component
from infra.scope import Scope
from stacks.settings import StackSettings

SERVICE = "table"
"""Azure's word for the table service of a storage account, as a group and as its only member."""

ZONE = "privatelink.table.core.windows.net"
FIRST_ADDRESS = 4
"""Offset of the first address in a subnet that Azure leaves to others."""


def private_address(settings: StackSettings) -> str:
    """Address of the tables inside the network: known before the endpoint is made."""
    return str(settings.network.private_endpoint_subnet[FIRST_ADDRESS])


class PrivateEndpoint(Component):
    """Private endpoint of the tables, its DNS zone, the zone's link to the network, and the record's zone group.

    The endpoint has the first free address of its subnet, always: the resolver at home is given that address once
    (requirements P1.06b). Azure fixes it at creation, so another one means another endpoint. The security group of the
    subnet applies to it: home comes in by rule 120, AppSubnet by rule 200. It waits for all subnets and all tables,
    because Azure refuses it while another write to the network or the account is under way.
    """

    TOKEN = "spy:cloud:PrivateEndpoint"  # noqa: S105  (a type token)

    private_endpoint_id: pulumi.Output[str]
    private_address: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        within: Network,
        storage: Storage,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._scope = scope
        self._child = pulumi.ResourceOptions(parent=self)
        address = private_address(scope.settings)
        endpoint = self._endpoint(within, storage, address)
        zone = privatedns.PrivateZone(
            "zone",
            privatedns.PrivateZoneArgs(
                resource_group_name=scope.resource_group_name,
                private_zone_name=ZONE,
                location="Global",
                tags=scope.tags,
            ),
            self._child,
        )
        privatedns.VirtualNetworkLink(
            "link",
            privatedns.VirtualNetworkLinkArgs(
                resource_group_name=scope.resource_group_name,
                private_zone_name=zone.name,
                virtual_network_link_name=scope.names.virtual_network,
                location="Global",
                virtual_network=privatedns.SubResourceArgs(id=within.virtual_network_id),
                registration_enabled=False,
                tags=scope.tags,
            ),
            self._child,
        )
        network.PrivateDnsZoneGroup(
            "zone-group",
            network.PrivateDnsZoneGroupArgs(
                resource_group_name=scope.resource_group_name,
                private_endpoint_name=endpoint.name,
                private_dns_zone_group_name="default",
                private_dns_zone_configs=[network.PrivateDnsZoneConfigArgs(name=SERVICE, private_dns_zone_id=zone.id)],
            ),
            self._child,
        )
        self.private_endpoint_id = endpoint.id
        self.private_address = pulumi.Output.from_input(address)
        self.register()

    def _endpoint(self, within: Network, storage: Storage, address: str) -> network.PrivateEndpoint:
        names = self._scope.names
        return network.PrivateEndpoint(
            "endpoint",
            network.PrivateEndpointArgs(
                resource_group_name=self._scope.resource_group_name,
                private_endpoint_name=names.private_endpoint,
                location=self._scope.location,
                subnet=network.SubnetArgs(id=within.private_endpoint_subnet_id),
                custom_network_interface_name=names.private_endpoint_interface,
                ip_configurations=[
                    network.PrivateEndpointIPConfigurationArgs(
                        name=SERVICE, group_id=SERVICE, member_name=SERVICE, private_ip_address=address
                    )
                ],
                private_link_service_connections=[
                    network.PrivateLinkServiceConnectionArgs(
                        name=SERVICE, private_link_service_id=storage.account_id, group_ids=[SERVICE]
                    )
                ],
                tags=self._scope.tags,
            ),
            pulumi.ResourceOptions(
                parent=self,
                depends_on=[within, storage],
                replace_on_changes=["ipConfigurations"],
                delete_before_replace=True,
            ),
        )
