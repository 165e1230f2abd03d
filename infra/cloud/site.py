"""Site: the Static Web App that serves the page, and the origins it has. Knows nothing of who deploys the page."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import web

from infra.component import Component
from infra.scope import Scope


class Site(Component):
    """Static Web App, Free or Standard, with the owner's domain if there is one.

    A domain is proved by its CNAME record, which must point at the generated host before the setting is given: the
    other way, a TXT record, waits for a token that one only learns once the waiting is over. So a first deployment
    has no domain, its output `siteHost` says where the CNAME points, and the next one takes `site.customDomain`.
    """

    TOKEN = "spy:cloud:Site"  # noqa: S105  (a type token)

    site_name: pulumi.Output[str]
    host: pulumi.Output[str]
    url: pulumi.Output[str]

    origins: list[pulumi.Input[str]]
    """What browsers call this page's origin: the generated host and, if set, the owner's domain."""

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        settings, domain = scope.settings.site, scope.settings.site.custom_domain
        site = web.StaticSite(
            "site",
            web.StaticSiteArgs(
                resource_group_name=scope.resource_group_name,
                name=scope.names.site,
                location=scope.settings.azure.site_location,
                sku=web.SkuDescriptionArgs(name=settings.sku.value, tier=settings.sku.value),
                allow_config_file_updates=True,
                staging_environment_policy=web.StagingEnvironmentPolicy.DISABLED,
                public_network_access="Enabled",
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        generated = pulumi.Output.concat("https://", site.default_hostname)
        self.origins = [generated]
        if domain:
            web.StaticSiteCustomDomain(
                "domain",
                web.StaticSiteCustomDomainArgs(
                    resource_group_name=scope.resource_group_name,
                    name=site.name,
                    domain_name=domain,
                    validation_method="cname-delegation",
                ),
                pulumi.ResourceOptions(parent=self),
            )
            self.origins.append(f"https://{domain}")
        self.site_name = site.name
        self.host = site.default_hostname
        self.url = pulumi.Output.from_input(f"https://{domain}") if domain else generated
        self.register()
