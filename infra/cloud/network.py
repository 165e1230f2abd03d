"""Network: the virtual network and its four subnets, written one after another."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network

from infra.component import Component
from infra.scope import Scope


class Network(Component):
    """Virtual network with GatewaySubnet, AppSubnet, ContainerSubnet and PrivateEndpointSubnet.

    The security group is on AppSubnet and PrivateEndpointSubnet, never on GatewaySubnet, where Azure forbids it.
    Concurrent writes of subnets of one network are refused by Azure, so each waits for the one before it.
    """

    TOKEN = "spy:cloud:Network"  # noqa: S105  (a type token)

    virtual_network_id: pulumi.Output[str]
    gateway_subnet_id: pulumi.Output[str]
    app_subnet_id: pulumi.Output[str]
    private_endpoint_subnet_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        security_group_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._scope = scope
        self._guarded = network.NetworkSecurityGroupArgs(id=security_group_id)
        settings = scope.settings.network
        self._network = network.VirtualNetwork(
            "virtual-network",
            network.VirtualNetworkInitArgs(
                resource_group_name=scope.resource_group_name,
                virtual_network_name=scope.names.virtual_network,
                location=scope.location,
                address_space=network.AddressSpaceArgs(address_prefixes=[str(settings.address_space)]),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        gateway = self._subnet("GatewaySubnet", settings.gateway_subnet, after=None)
        app = self._subnet("AppSubnet", settings.app_subnet, after=gateway, delegation="Microsoft.Web/serverFarms")
        container = self._subnet(
            "ContainerSubnet",
            settings.container_subnet,
            after=app,
            delegation="Microsoft.ContainerInstance/containerGroups",
        )
        endpoints = self._subnet("PrivateEndpointSubnet", settings.private_endpoint_subnet, after=container)
        self.virtual_network_id = self._network.id
        self.gateway_subnet_id = gateway.id
        self.app_subnet_id = app.id
        self.private_endpoint_subnet_id = endpoints.id
        self.register()

    def _subnet(
        self, subnet: str, addresses: object, *, after: network.Subnet | None, delegation: str | None = None
    ) -> network.Subnet:
        guarded = subnet in {"AppSubnet", "PrivateEndpointSubnet"}
        endpoints = subnet == "PrivateEndpointSubnet"
        return network.Subnet(
            subnet,
            network.SubnetInitArgs(
                resource_group_name=self._scope.resource_group_name,
                virtual_network_name=self._network.name,
                subnet_name=subnet,
                address_prefix=str(addresses),
                network_security_group=self._guarded if guarded else None,
                delegations=[network.DelegationArgs(name="delegation", service_name=delegation)]
                if delegation
                else None,
                private_endpoint_network_policies="NetworkSecurityGroupEnabled" if endpoints else "Disabled",
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[after] if after else None),
        )
