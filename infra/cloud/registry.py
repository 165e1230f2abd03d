"""Registry: where the stack's images lie, and who may pull them. Without admin user, without anonymous pull."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import authorization, containerregistry

from infra.cloud.roles import Role, assign
from infra.component import Component
from infra.images import REPOSITORIES
from infra.scope import Scope


class Registry(Component):
    """Container registry, Basic, with two ways to pull.

    The web app pulls as its identity (AcrPull). The cluster pulls with a token whose scope map reads the platform's
    repositories, by name, and nothing else; the token's password is made once by Azure's management after the first
    deployment and comes back as a secret setting, because no provider can make it and the program lists no keys.

    Declared only with `registry.mode: own`. A shared registry belongs to another stack: infra/cloud/shared_registry.py.
    """

    TOKEN = "spy:cloud:Registry"  # noqa: S105  (a type token)

    registry_id: pulumi.Output[str]
    registry_name: pulumi.Output[str]
    host: pulumi.Output[str]
    token_name: pulumi.Output[str]

    registry: containerregistry.Registry
    """What a push waits for."""

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
        registry = containerregistry.Registry(
            "registry",
            containerregistry.RegistryArgs(
                resource_group_name=scope.resource_group_name,
                registry_name=scope.names.registry,
                location=scope.location,
                sku=containerregistry.SkuArgs(name=containerregistry.SkuName.BASIC),
                admin_user_enabled=False,
                anonymous_pull_enabled=False,
                public_network_access=containerregistry.PublicNetworkAccess.ENABLED,
                tags=scope.tags,
            ),
            pulumi.ResourceOptions(parent=self, protect=True),
        )
        self.registry = registry
        self.pull_by_webapp = assign(
            "pull-by-webapp",
            scope,
            parent=self,
            scope=registry.id,
            role=Role.ACR_PULL,
            principal_id=webapp_principal_id,
        )
        self.registry_id = registry.id
        self.registry_name = registry.name
        self.host = registry.login_server
        self.token_name = self._token(scope).name
        self.register()

    def _token(self, scope: Scope) -> containerregistry.Token:
        """The cluster's token, without its password."""
        scope_map = containerregistry.ScopeMap(
            "scope-map",
            containerregistry.ScopeMapArgs(
                resource_group_name=scope.resource_group_name,
                registry_name=self.registry.name,
                scope_map_name=scope.names.registry_scope_map,
                description="Pull the platform's images",
                actions=[
                    f"repositories/{repository}/{action}/read"
                    for repository in sorted(REPOSITORIES.values())
                    for action in ("content", "metadata")
                ],
            ),
            pulumi.ResourceOptions(parent=self),
        )
        return containerregistry.Token(
            "token",
            containerregistry.TokenArgs(
                resource_group_name=scope.resource_group_name,
                registry_name=self.registry.name,
                token_name=scope.names.registry_token,
                scope_map_id=scope_map.id,
                status=containerregistry.TokenStatus.ENABLED,
            ),
            # The passwords are made outside; a refresh that finds them must not take them away again.
            pulumi.ResourceOptions(parent=self, ignore_changes=["credentials"]),
        )
