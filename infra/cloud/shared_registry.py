"""Shared registry: the web app's right to pull from a registry that another stack made. Declares no registry."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization

from infra.cloud.roles import Role, assign
from infra.component import Component
from infra.scope import Scope


class SharedRegistry(Component):
    """What this stack adds to another's registry, with `registry.mode: shared`: AcrPull for its web app.

    The grant belongs to the stack whose web app pulls, so that it goes when the web app does. Whoever deploys needs the
    right to grant on that registry. The cluster's token is the other stack's, which all clusters that pull there share.
    """

    TOKEN = "spy:cloud:SharedRegistry"  # noqa: S105  (a type token)

    registry_id: pulumi.Output[str]

    pull_by_webapp: authorization.RoleAssignment
    """What the web app waits for."""

    def __init__(
        self,
        name: str,
        scope: Scope,
        webapp_principal_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self.registry_id = pulumi.Output.from_input(scope.settings.registry.id)
        self.pull_by_webapp = assign(
            "pull-by-webapp",
            scope,
            parent=self,
            scope=self.registry_id,
            role=Role.ACR_PULL,
            principal_id=webapp_principal_id,
        )
        self.register()
