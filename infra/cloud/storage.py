"""Storage: the account of the tables, every table of the contract, and who may write or read them."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, storage

from apps.contracts.names import TABLES
from infra.cloud.roles import Role, assign
from infra.component import Component
from infra.scope import Scope
from stacks.settings import StackSettings
from stacks.settings.cloud import VpnSku
from stacks.settings.platform import ClusterIdentity


def reached_privately(settings: StackSettings) -> bool:
    """Whether the tables' public door can be shut: the web app and the home line both come by the private endpoint.

    The web app reaches it through its subnet, the home line through the tunnel; with an endpoint but no gateway, or no
    home address to connect it to, the home line has no other way than the public one, which then stays open to Entra
    tokens.
    """
    has_tunnel = settings.vpn.sku is not VpnSku.NONE and bool(settings.on_prem.address)
    return settings.storage.private_endpoint and has_tunnel


class Storage(Component):
    """Storage account with the tables; protected and retained, because what they hold outlives the stack.

    The backend of the cluster writes. The web app, which serves readers only, may only read. Detector and bot reach
    the tables through the backend and get nothing here. Tables are made through Azure's management, so neither shut
    keys nor a shut public door keeps the program from making them.
    """

    TOKEN = "spy:cloud:Storage"  # noqa: S105  (a type token)

    account_id: pulumi.Output[str]
    account_name: pulumi.Output[str]
    tables_endpoint: pulumi.Output[str]

    read_by_webapp: authorization.RoleAssignment
    """What the web app waits for."""

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        backend_principal_id: pulumi.Input[str],
        webapp_principal_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        account = self._account(scope)
        for table in TABLES:
            storage.Table(
                table,
                storage.TableArgs(
                    resource_group_name=scope.resource_group_name, account_name=account.name, table_name=table
                ),
                # Protected like the account: a destroy that spares protected resources must spare the rows too.
                pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
            )
        if scope.settings.cluster.identity is ClusterIdentity.FEDERATED:
            assign(
                "written-by-backend",
                scope,
                parent=self,
                scope=account.id,
                role=Role.STORAGE_TABLE_DATA_CONTRIBUTOR,
                principal_id=backend_principal_id,
            )
        self.read_by_webapp = assign(
            "read-by-webapp",
            scope,
            parent=self,
            scope=account.id,
            role=Role.STORAGE_TABLE_DATA_READER,
            principal_id=webapp_principal_id,
        )
        self.account_id = account.id
        self.account_name = account.name
        self.tables_endpoint = account.primary_endpoints.table
        self.register()

    def _account(self, scope: Scope) -> storage.StorageAccount:
        settings, shut = scope.settings.storage, reached_privately(scope.settings)
        return storage.StorageAccount(
            "account",
            storage.StorageAccountArgs(
                resource_group_name=scope.resource_group_name,
                account_name=scope.names.storage,
                location=scope.location,
                kind=storage.Kind.STORAGE_V2,
                sku=storage.SkuArgs(name=settings.sku),
                minimum_tls_version=storage.MinimumTlsVersion.TLS1_2,
                enable_https_traffic_only=True,
                allow_blob_public_access=False,
                allow_cross_tenant_replication=False,
                allow_shared_key_access=settings.shared_key,
                default_to_o_auth_authentication=True,
                is_local_user_enabled=False,
                public_network_access=storage.PublicNetworkAccess.DISABLED
                if shut
                else storage.PublicNetworkAccess.ENABLED,
                network_rule_set=storage.NetworkRuleSetArgs(
                    bypass=storage.Bypass.NONE,
                    default_action=storage.DefaultAction.DENY if shut else storage.DefaultAction.ALLOW,
                ),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )
