"""SecurityGroup: the inbound rules of AppSubnet and PrivateEndpointSubnet. Outbound stays with Azure's defaults."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import network

from infra.component import Component
from infra.scope import Scope


def rule(
    name: str,
    priority: int,
    *,
    protocol: str = "*",
    port: str = "*",
    source: str = "*",
    destination: str = "*",
    access: str = "Allow",
) -> network.SecurityRuleArgs:
    """One inbound rule, every property said."""
    return network.SecurityRuleArgs(
        name=name,
        priority=priority,
        direction="Inbound",
        access=access,
        protocol=protocol,
        source_address_prefix=source,
        source_port_range="*",
        destination_address_prefix=destination,
        destination_port_range=port,
    )


class SecurityGroup(Component):
    """Network security group with the five rules of requirements P1.07."""

    TOKEN = "spy:cloud:SecurityGroup"  # noqa: S105  (a type token)

    security_group_id: pulumi.Output[str]

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        home, cloud = str(scope.settings.on_prem.address_space), str(scope.settings.network.address_space)
        group = network.NetworkSecurityGroup(
            "network-security-group",
            network.NetworkSecurityGroupInitArgs(
                resource_group_name=scope.resource_group_name,
                network_security_group_name=scope.names.network_security_group,
                location=scope.location,
                security_rules=[
                    rule("Allow-VPN-IKE", 100, protocol="Udp", port="500", source="Internet"),
                    rule("Allow-VPN-NAT-T", 110, protocol="Udp", port="4500", source="Internet"),
                    rule("Allow-VPN-Traffic", 120, source=home, destination=cloud),
                    rule("Allow-HTTPS", 200, protocol="Tcp", port="443", source="VirtualNetwork"),
                    rule("Deny-All-Inbound", 4096, access="Deny"),
                ],
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.security_group_id = group.id
        self.register()
