"""Stacks for tests of network, vault and VPN: a prod with a gateway and a home line, and what a test changes."""

from __future__ import annotations

from typing import Any

import pulumi

from infra.cloud.network import Network
from infra.cloud.vault import Vault
from infra.cloud.vpn import VpnGateway
from infra.cloud.vpn_connection import VpnConnection
from infra.plan import Plan
from infra.scope import Scope
from stacks.settings import StackSettings
from tests.infra.recording import recorded_part

AZURE = {
    "subscriptionId": "00000000-0000-0000-0000-000000000001",
    "tenantId": "00000000-0000-0000-0000-000000000002",
}
HOME = "203.0.113.7"
"""From the documentation range of RFC 5737."""

OTHER_RANGES = {
    "addressSpace": "172.20.0.0/16",
    "gatewaySubnet": "172.20.255.0/26",
    "appSubnet": "172.20.1.0/26",
    "containerSubnet": "172.20.2.0/28",
    "privateEndpointSubnet": "172.20.3.64/27",
}


def prod(**changed: Any) -> StackSettings:
    """Settings of a prod without cluster: Basic gateway, home line by address, private endpoint."""
    settings: dict[str, Any] = {
        "stack": "prod",
        "layers": ["cloud", "images", "vpn"],
        "azure": AZURE,
        "vpn": {"sku": "Basic"},
        "onPrem": {"address": HOME},
        "storage": {"privateEndpoint": True},
    }
    return StackSettings.model_validate({**settings, **changed})


def tunnel(**changed: Any) -> Plan:
    """Only network, vault, gateway and connection of such a prod: a tenth of the time of the whole program."""

    def build(scope: Scope, within: pulumi.ResourceOptions) -> None:
        network = Network("network", scope, "a-security-group", within)
        vault = Vault("vault", scope, network.app_subnet_id, within)
        gateway = VpnGateway("vpn-gateway", scope, network, within)
        VpnConnection("vpn-connection", scope, gateway, vault, within)

    return recorded_part(build, prod(**changed))
