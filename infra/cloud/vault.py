"""Vault: the Key Vault of a stack, who may read it and from where; and one secret in it. Never lists or reads one."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import keyvault

from infra.cloud.roles import Role, assign
from infra.component import Component
from infra.scope import Scope


class Vault(Component):
    """Key Vault, standard, rights by role assignment, closed to the internet.

    Who gets in is decided twice. By role: the operators of the setting here, the web app's identity where it is made.
    By place: from AppSubnet, through its service endpoint, because App Service's Key Vault references come from there
    and are not among the Azure services that `bypass` lets in (so nothing is let past: bypass None); and from the home
    line when its address is a number. Writing secrets as this program does goes through Azure's management, which the
    firewall does not concern, so a deployment needs no door. Operators elsewhere come in by `vault.addresses`.

    Purge protection is said when it is on and left out when not: Azure refuses an explicit false.
    """

    TOKEN = "spy:cloud:Vault"  # noqa: S105  (a type token)

    vault_id: pulumi.Output[str]
    vault_name: pulumi.Output[str]
    vault_uri: pulumi.Output[str]

    def __init__(
        self, name: str, scope: Scope, app_subnet_id: pulumi.Input[str], opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        settings = scope.settings.vault
        vault = keyvault.Vault(
            "vault",
            keyvault.VaultArgs(
                resource_group_name=scope.resource_group_name,
                vault_name=scope.names.vault,
                location=scope.location,
                properties=keyvault.VaultPropertiesArgs(
                    sku=keyvault.SkuArgs(family="A", name=keyvault.SkuName.STANDARD),
                    tenant_id=scope.settings.azure.tenant_id,
                    enable_rbac_authorization=True,
                    enable_soft_delete=True,
                    soft_delete_retention_in_days=settings.soft_delete_days,
                    enable_purge_protection=True if settings.purge_protection else None,
                    enabled_for_deployment=False,
                    enabled_for_disk_encryption=False,
                    enabled_for_template_deployment=False,
                    public_network_access="Enabled",
                    network_acls=_doors(scope, app_subnet_id),
                ),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, protect=True, retain_on_delete=True),
        )
        for kind, principal_ids in (("User", settings.operators), ("Group", settings.operator_groups)):
            for principal_id in principal_ids:
                assign(
                    f"operator-{principal_id}",
                    scope,
                    parent=self,
                    scope=vault.id,
                    role=Role.KEY_VAULT_ADMINISTRATOR,
                    principal_id=principal_id,
                    principal_type=kind,
                )
        self.vault_id = vault.id
        self.vault_name = vault.name
        self.vault_uri = pulumi.Output.concat("https://", vault.name, ".vault.azure.net/")
        self.register()


def _doors(scope: Scope, app_subnet_id: pulumi.Input[str]) -> keyvault.NetworkRuleSetArgs:
    home = scope.settings.on_prem
    lines = [f"{home.address}/32"] if home.address and not home.address_is_name else []
    ranges = dict.fromkeys([*lines, *map(str, scope.settings.vault.addresses)])
    return keyvault.NetworkRuleSetArgs(
        default_action="Deny",
        bypass="None",
        ip_rules=[keyvault.IPRuleArgs(value=value) for value in ranges],
        virtual_network_rules=[
            keyvault.VirtualNetworkRuleArgs(id=app_subnet_id, ignore_missing_vnet_service_endpoint=False)
        ],
    )


def vault_secret(
    name: str,
    *,
    parent: pulumi.Resource,
    scope: Scope,
    vault_name: pulumi.Input[str],
    value: pulumi.Input[str],
) -> keyvault.Secret:
    """One secret, written through Azure's management.

    Protected and retained: a deleted secret keeps its name for the soft-delete days and cannot be written again in
    them, and deleting it needs a right in the vault and a way through its firewall, neither of which a deployment has.
    """
    return keyvault.Secret(
        name,
        keyvault.SecretArgs(
            resource_group_name=scope.resource_group_name,
            vault_name=vault_name,
            secret_name=name,
            properties=keyvault.SecretPropertiesArgs(
                value=pulumi.Output.secret(value),
                content_type="text/plain",
                attributes=keyvault.SecretAttributesArgs(enabled=True),
            ),
            tags=scope.tags,
        ),
        pulumi.ResourceOptions(parent=parent, protect=True, retain_on_delete=True),
    )
