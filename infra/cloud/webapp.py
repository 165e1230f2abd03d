"""Webapp: the App Service plan and the web app that serves readers from the backend's image. Publishers never call it.

What the backend is told is in infra/cloud/webapp_settings.py.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, cast

import pulumi
from pulumi_azure_native import web

from infra.cloud.roles import Role, assign
from infra.cloud.vault import vault_secret
from infra.component import Component
from infra.scope import Scope
from stacks.settings.platform import Hub

HEALTH_PATH = "/health"


TIERS = {
    "B1": "Basic",
    "B2": "Basic",
    "B3": "Basic",
    "S1": "Standard",
    "P0v3": "Premium0V3",
    "P1v3": "PremiumV3",
}
"""Tier of each plan size that the setting allows, as Azure names it."""


@dataclass(frozen=True)
class WebappArgs:
    """What the web app is made from.

    `image` is a reference by digest, `subnet_id` the subnet it reaches private addresses from, `settings` its
    environment, `secrets` the part of it that is kept in the Key Vault (environment key to value), and `granted` the
    role assignments on other resources that it cannot start without: it is created after them.
    """

    image: pulumi.Input[str]
    identity_id: pulumi.Input[str]
    identity_client_id: pulumi.Input[str]
    identity_principal_id: pulumi.Input[str]
    vault_id: pulumi.Input[str]
    vault_name: pulumi.Input[str]
    subnet_id: pulumi.Input[str]
    settings: Mapping[str, pulumi.Input[str]]
    secrets: Mapping[str, pulumi.Input[str]]
    granted: Sequence[pulumi.Resource]


class _App(web.WebApp):
    """A web app that a run may leave out, because its image comes with a later layer.

    For what it leaves out the engine answers with the inputs, in which the identities are a list; the package expects
    the mapping that Azure answers with, and would end the program.
    """

    @property
    @pulumi.getter
    def identity(self) -> pulumi.Output[Any]:
        return cast("pulumi.Output[Any]", pulumi.get(self, "identity"))


class Webapp(Component):
    """Web app on a Linux plan: https only, signed in as its own identity, without publishing passwords.

    It reaches the tables' private endpoint, the home network and the vault (a service endpoint) through AppSubnet, and
    everything else directly. Its image, its tables, SignalR and its Key Vault references all go by the one identity,
    whose rights exist before it does: an App Service that starts without them stays broken until it is restarted.
    """

    TOKEN = "spy:cloud:Webapp"  # noqa: S105  (a type token)

    webapp_id: pulumi.Output[str]
    webapp_name: pulumi.Output[str]
    host: pulumi.Output[str]
    url: pulumi.Output[str]
    plan_id: pulumi.Output[str]

    def __init__(self, name: str, scope: Scope, args: WebappArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope, self._args = scope, args
        plan = self._plan()
        secrets = assign(
            "secrets-by-webapp",
            scope,
            parent=self,
            scope=args.vault_id,
            role=Role.KEY_VAULT_SECRETS_USER,
            principal_id=args.identity_principal_id,
        )
        webapp = _App(
            "webapp",
            web.WebAppArgs(
                resource_group_name=scope.resource_group_name,
                name=scope.names.webapp,
                location=scope.location,
                kind="app,linux,container",
                reserved=True,
                server_farm_id=plan.id,
                identity=web.ManagedServiceIdentityArgs(
                    type=web.ManagedServiceIdentityType.USER_ASSIGNED, user_assigned_identities=[args.identity_id]
                ),
                key_vault_reference_identity=args.identity_id,
                virtual_network_subnet_id=args.subnet_id,
                outbound_vnet_routing=web.OutboundVnetRoutingArgs(all_traffic=False, application_traffic=False),
                https_only=True,
                client_affinity_enabled=False,
                ssh_enabled=False,
                public_network_access="Enabled",
                site_config=self._configuration(),
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[secrets, *args.granted]),
        )
        self._refuse_passwords(webapp)
        self.webapp_id = webapp.id
        self.webapp_name = webapp.name
        self.host = webapp.default_host_name
        # Not concat, which ends the program on the None of a web app that waits for the images' layer.
        self.url = pulumi.Output.format("https://{}", webapp.default_host_name)
        self.plan_id = plan.id
        self.register()

    def _plan(self) -> web.AppServicePlan:
        scope = self._scope
        sku = scope.settings.webapp.sku
        return web.AppServicePlan(
            "plan",
            web.AppServicePlanArgs(
                resource_group_name=scope.resource_group_name,
                name=scope.names.app_service_plan,
                location=scope.location,
                kind="linux",
                reserved=True,
                sku=web.SkuDescriptionArgs(name=sku, tier=TIERS[sku], capacity=1),
                zone_redundant=False,
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )

    def _configuration(self) -> web.SiteConfigArgs:
        args = self._args
        return web.SiteConfigArgs(
            linux_fx_version=pulumi.Output.concat("DOCKER|", args.image),
            acr_use_managed_identity_creds=True,
            acr_user_managed_identity_id=args.identity_client_id,
            always_on=True,
            health_check_path=HEALTH_PATH,
            http20_enabled=True,
            min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
            scm_min_tls_version=web.SupportedTlsVersions.SUPPORTED_TLS_VERSIONS_1_2,
            ftps_state=web.FtpsState.DISABLED,
            remote_debugging_enabled=False,
            web_sockets_enabled=self._scope.settings.services.hub is Hub.EMBEDDED,
            app_settings=[
                web.NameValuePairArgs(name=key, value=value)
                for key, value in sorted({**args.settings, **self._references()}.items())
            ],
        )

    def _references(self) -> dict[str, pulumi.Output[str]]:
        """Settings that App Service fetches from the vault as the web app's identity; unversioned, so they follow."""
        references: dict[str, pulumi.Output[str]] = {}
        vault = self._args.vault_name
        for key, value in self._args.secrets.items():
            name = key.lower().replace("_", "-")
            kept = vault_secret(name, parent=self, scope=self._scope, vault_name=vault, value=value)
            references[key] = pulumi.Output.concat(
                "@Microsoft.KeyVault(VaultName=", vault, ";SecretName=", kept.name, ")"
            )
        return references

    def _refuse_passwords(self, webapp: web.WebApp) -> None:
        """Turn publishing by password off, both kinds, one after another: App Service refuses two changes at once."""
        ftp = web.WebAppFtpAllowed(
            "ftp-password",
            web.WebAppFtpAllowedArgs(
                resource_group_name=self._scope.resource_group_name, name=webapp.name, allow=False
            ),
            pulumi.ResourceOptions(parent=self),
        )
        web.WebAppScmAllowed(
            "scm-password",
            web.WebAppScmAllowedArgs(
                resource_group_name=self._scope.resource_group_name, name=webapp.name, allow=False
            ),
            pulumi.ResourceOptions(parent=self, depends_on=[ftp]),
        )
