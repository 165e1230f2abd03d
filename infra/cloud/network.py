"""Network: the virtual network and its four subnets, written one after another."""

from __future__ import annotations

from ipaddress import IPv4Network

import pulumi
from pulumi_azure_native import network

from infra.component import Component
from infra.scope import Scope

VAULT_SERVICE = "Microsoft.KeyVault"
"""Service endpoint through which the web app reaches a vault that is closed to the internet."""


class Network(Component):
    """Virtual network with GatewaySubnet, ContainerSubnet, PrivateEndpointSubnet and AppSubnet.

    The security group is on AppSubnet and PrivateEndpointSubnet, never on GatewaySubnet, where Azure forbids it.
    Azure refuses two writes to one network at a time, so each subnet waits for the one before it. AppSubnet is the
    last: whatever uses it comes after all four. Others that write to the network wait for the whole component.
    Routes and outbound rules are Azure's own.
    """

    TOKEN = "spy:cloud:Network"  # noqa: S105  (a type token)

    virtual_network_id: pulumi.Output[str]
    virtual_network_name: pulumi.Output[str]
    gateway_subnet_id: pulumi.Output[str]
    container_subnet_id: pulumi.Output[str]
    private_endpoint_subnet_id: pulumi.Output[str]
    app_subnet_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        security_group_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._scope = scope
        self._guard = network.NetworkSecurityGroupArgs(id=security_group_id)
        self._network = network.VirtualNetwork(
            "virtual-network",
            network.VirtualNetworkInitArgs(
                resource_group_name=scope.resource_group_name,
                virtual_network_name=scope.names.virtual_network,
                location=scope.location,
                address_space=network.AddressSpaceArgs(address_prefixes=[str(scope.settings.network.address_space)]),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        ranges = scope.settings.network
        gateway = self._subnet("GatewaySubnet", ranges.gateway_subnet)
        container = self._subnet(
            "ContainerSubnet",
            ranges.container_subnet,
            after=gateway,
            delegated_to="Microsoft.ContainerInstance/containerGroups",
        )
        endpoints = self._subnet(
            "PrivateEndpointSubnet",
            ranges.private_endpoint_subnet,
            after=container,
            guarded=True,
            endpoint_policies="NetworkSecurityGroupEnabled",
        )
        app = self._subnet(
            "AppSubnet",
            ranges.app_subnet,
            after=endpoints,
            guarded=True,
            delegated_to="Microsoft.Web/serverFarms",
            services=(VAULT_SERVICE,),
        )
        self.virtual_network_id = self._network.id
        self.virtual_network_name = self._network.name
        self.gateway_subnet_id = gateway.id
        self.container_subnet_id = container.id
        self.private_endpoint_subnet_id = endpoints.id
        self.app_subnet_id = app.id
        self.register()

    def _subnet(
        self,
        subnet: str,
        addresses: IPv4Network,
        *,
        after: network.Subnet | None = None,
        guarded: bool = False,
        delegated_to: str | None = None,
        services: tuple[str, ...] = (),
        endpoint_policies: str = "Disabled",
    ) -> network.Subnet:
        return network.Subnet(
            subnet,
            network.SubnetInitArgs(
                resource_group_name=self._scope.resource_group_name,
                virtual_network_name=self._network.name,
                subnet_name=subnet,
                address_prefix=str(addresses),
                network_security_group=self._guard if guarded else None,
                delegations=[network.DelegationArgs(name="delegation", service_name=delegated_to)]
                if delegated_to
                else None,
                service_endpoints=[network.ServiceEndpointPropertiesFormatArgs(service=each) for each in services]
                or None,
                private_endpoint_network_policies=endpoint_policies,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[after] if after else None),
        )
