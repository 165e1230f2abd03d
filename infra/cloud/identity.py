"""Identity: who the services are to Azure. One managed identity a service; no secret belongs to any of them."""

from __future__ import annotations

import pulumi
from pulumi_azure_native import managedidentity

from infra.component import Component
from infra.scope import Scope
from stacks.settings.platform import ClusterIdentity

SERVICE_ACCOUNTS = {"detector": "detector", "backend": "backend", "bot": "trading-bot"}
"""Kubernetes service account of each service that runs in the cluster and signs in to Azure."""

AUDIENCE = "api://AzureADTokenExchange"
"""What a projected service-account token must be made out to for Entra to take it."""


class Identities(Component):
    """User-assigned identities of web app, detector, backend and bot.

    With `cluster.identity: federated` and the issuer's address known, the three in the cluster sign in with their
    projected service-account tokens. Azure refuses concurrent writes of federated credentials, so each waits for the
    one before it. Without an issuer (before `spy cluster identity` published it) the identities stand ready.
    """

    TOKEN = "spy:cloud:Identities"  # noqa: S105  (a type token)

    webapp_id: pulumi.Output[str]
    webapp_client_id: pulumi.Output[str]
    webapp_principal_id: pulumi.Output[str]
    detector_client_id: pulumi.Output[str]
    detector_principal_id: pulumi.Output[str]
    backend_client_id: pulumi.Output[str]
    backend_principal_id: pulumi.Output[str]
    bot_client_id: pulumi.Output[str]
    bot_principal_id: pulumi.Output[str]

    def __init__(self, name: str, scope: Scope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope = scope
        webapp, detector, backend, bot = (self._identity(role) for role in ("webapp", "detector", "backend", "bot"))
        cluster = scope.settings.cluster
        if cluster.identity is ClusterIdentity.FEDERATED and cluster.issuer:
            self._federate({"detector": detector, "backend": backend, "bot": bot})
        self.webapp_id = webapp.id
        self.webapp_client_id = webapp.client_id
        self.webapp_principal_id = webapp.principal_id
        self.detector_client_id = detector.client_id
        self.detector_principal_id = detector.principal_id
        self.backend_client_id = backend.client_id
        self.backend_principal_id = backend.principal_id
        self.bot_client_id = bot.client_id
        self.bot_principal_id = bot.principal_id
        self.register()

    def _identity(self, role: str) -> managedidentity.UserAssignedIdentity:
        # By keywords: the args class has a `resource_name`, which the constructor takes for the logical name and fails.
        return managedidentity.UserAssignedIdentity(
            role,
            resource_group_name=self._scope.resource_group_name,
            resource_name_=self._scope.names.identity(role),
            location=self._scope.location,
            tags=self._scope.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )

    def _federate(self, identities: dict[str, managedidentity.UserAssignedIdentity]) -> None:
        before: list[pulumi.Resource] = []
        for role, identity in identities.items():
            account = f"system:serviceaccount:{self._scope.names.namespace}:{SERVICE_ACCOUNTS[role]}"
            credential = managedidentity.FederatedIdentityCredential(
                f"{role}-in-cluster",
                resource_group_name=self._scope.resource_group_name,
                resource_name_=identity.name,
                federated_identity_credential_resource_name="kubernetes",
                issuer=self._scope.settings.cluster.issuer,
                subject=account,
                audiences=[AUDIENCE],
                opts=pulumi.ResourceOptions(parent=self, depends_on=before),
            )
            before = [credential]
