"""VpnConnection: the home end as Azure sees it, the shared key and the tunnel. Puts no secret into an output."""

from __future__ import annotations

import pulumi
import pulumi_random as random
from pulumi_azure_native import network

from infra.cloud.vault import Vault, vault_secret
from infra.cloud.vpn import VpnGateway
from infra.component import Component
from infra.ipsec import proposal_for
from infra.scope import Scope

KEY_SECRET = "vpn-psk"  # noqa: S105  (the secret's name)
KEY_SPECIALS = "-_.+=:@~^"
"""Special characters of a made key: none needs escaping in swanctl.conf, a shell or YAML."""

DEAD_PEER_SECONDS = 45
"""After this silence Azure takes the home end for dead."""


class VpnConnection(Component):
    """Local network gateway, pre-shared key (kept in the vault) and IPsec connection of one home network.

    Absent without an on-premises address. The key is the secret setting or, when that is empty, made once here; it is
    read from the vault and is no output. A policy is declared only where infra/ipsec.py says that the gateway takes it.
    """

    TOKEN = "spy:cloud:VpnConnection"  # noqa: S105  (a type token)

    connection_id: pulumi.Output[str]
    connection_name: pulumi.Output[str]
    key_secret_name: pulumi.Output[str]

    def __init__(
        self, name: str, scope: Scope, gateway: VpnGateway, vault: Vault, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        self._scope = scope
        policy = proposal_for(scope.settings.vpn).azure_policy()
        key = self._key()
        secret = vault_secret(KEY_SECRET, parent=self, scope=scope, vault_name=vault.vault_name, value=key)
        home = self._home()
        connection = network.VirtualNetworkGatewayConnection(
            "connection",
            network.VirtualNetworkGatewayConnectionArgs(
                resource_group_name=scope.resource_group_name,
                virtual_network_gateway_connection_name=scope.names.vpn_connection,
                location=scope.location,
                connection_type="IPsec",
                connection_protocol="IKEv2",
                connection_mode="Default",
                virtual_network_gateway1=network.VirtualNetworkGatewayArgs(id=gateway.gateway_id),
                local_network_gateway2=network.LocalNetworkGatewayArgs(id=home.id),
                shared_key=key,
                ipsec_policies=[policy] if policy else None,
                use_policy_based_traffic_selectors=False,
                dpd_timeout_seconds=DEAD_PEER_SECONDS,
                enable_bgp=False,
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, additional_secret_outputs=["sharedKey"]),
        )
        self.connection_id = connection.id
        self.connection_name = connection.name
        self.key_secret_name = secret.name
        self.register()

    def _key(self) -> pulumi.Output[str]:
        given = self._scope.settings.vpn_psk.get_secret_value()
        if given:
            return pulumi.Output.secret(given)
        made = random.RandomPassword(
            "key",
            random.RandomPasswordArgs(
                length=32,
                special=True,
                override_special=KEY_SPECIALS,
                min_lower=1,
                min_upper=1,
                min_numeric=1,
                min_special=1,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return pulumi.Output.secret(made.result)

    def _home(self) -> network.LocalNetworkGateway:
        home = self._scope.settings.on_prem
        return network.LocalNetworkGateway(
            "home",
            network.LocalNetworkGatewayInitArgs(
                resource_group_name=self._scope.resource_group_name,
                local_network_gateway_name=self._scope.names.local_network_gateway,
                location=self._scope.location,
                fqdn=home.address if home.address_is_name else None,
                gateway_ip_address=None if home.address_is_name else home.address,
                local_network_address_space=network.AddressSpaceArgs(address_prefixes=[str(home.address_space)]),
                tags=self._scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
