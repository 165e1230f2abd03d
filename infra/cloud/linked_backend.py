"""LinkedBackend: the web app answering below /api of the Static Web App's own host. Declared with Standard only."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import web

from infra.component import Component
from infra.scope import Scope


class LinkedBackend(Component):
    """Link from a Static Web App of the Standard plan to the web app; the page then needs no other origin."""

    TOKEN = "spy:cloud:LinkedBackend"  # noqa: S105  (a type token)

    link_id: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        site_name: pulumi.Input[str],
        webapp_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        link = web.StaticSiteLinkedBackend(
            "link",
            web.StaticSiteLinkedBackendArgs(
                resource_group_name=scope.resource_group_name,
                name=site_name,
                linked_backend_name="backend",
                backend_resource_id=webapp_id,
                region=scope.location,
            ),
            pulumi.ResourceOptions(parent=self),
        )
        self.link_id = link.id
        self.register()
