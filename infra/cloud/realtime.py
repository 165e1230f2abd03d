"""Realtime: Azure SignalR, which carries the live channel to the browsers. Serverless: servers speak to it by REST."""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_azure_native import authorization, signalrservice

from infra.cloud.roles import Role, assign
from infra.component import Component
from infra.scope import Scope
from stacks.settings.cloud import SignalrSku
from stacks.settings.platform import ClusterIdentity

TIERS = {SignalrSku.FREE: "Free", SignalrSku.STANDARD: "Standard"}


class Realtime(Component):
    """SignalR service in serverless mode, open to the page's own origins and to nobody else's.

    The backend sends through its REST interface and the web app hands out clients' tokens there; both sign in as
    their identities with SignalR REST API Owner. Access keys work only where the setting turns local auth on.
    """

    TOKEN = "spy:cloud:Realtime"  # noqa: S105  (a type token)

    service_id: pulumi.Output[str]
    host: pulumi.Output[str]
    endpoint: pulumi.Output[str]

    negotiated_by_webapp: authorization.RoleAssignment
    """What the web app waits for."""

    def __init__(
        self,
        name: str,
        scope: Scope,
        *,
        origins: Sequence[pulumi.Input[str]],
        backend_principal_id: pulumi.Input[str],
        webapp_principal_id: pulumi.Input[str],
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        service = self._service(scope, origins)
        if scope.settings.cluster.identity is ClusterIdentity.FEDERATED:
            self._granted("sent-by-backend", scope, service, backend_principal_id)
        self.negotiated_by_webapp = self._granted("negotiated-by-webapp", scope, service, webapp_principal_id)
        self.service_id = service.id
        self.host = service.host_name
        self.endpoint = pulumi.Output.concat("https://", service.host_name)
        self.register()

    def _granted(
        self, name: str, scope: Scope, service: signalrservice.SignalR, principal_id: pulumi.Input[str]
    ) -> authorization.RoleAssignment:
        return assign(
            name,
            scope,
            parent=self,
            scope=service.id,
            role=Role.SIGNALR_REST_API_OWNER,
            principal_id=principal_id,
        )

    def _service(self, scope: Scope, origins: Sequence[pulumi.Input[str]]) -> signalrservice.SignalR:
        settings = scope.settings.signalr
        # By keywords, for the reason given in identity.py.
        return signalrservice.SignalR(
            "service",
            resource_group_name=scope.resource_group_name,
            resource_name_=scope.names.signalr,
            location=scope.location,
            kind=signalrservice.ServiceKind.SIGNAL_R,
            sku=signalrservice.ResourceSkuArgs(
                name=settings.sku.value, tier=TIERS[settings.sku], capacity=settings.capacity
            ),
            features=[
                signalrservice.SignalRFeatureArgs(flag="ServiceMode", value="Serverless"),
                signalrservice.SignalRFeatureArgs(flag="EnableConnectivityLogs", value="True"),
            ],
            cors=signalrservice.SignalRCorsSettingsArgs(allowed_origins=list(origins)),
            disable_local_auth=not settings.local_auth,
            disable_aad_auth=False,
            public_network_access="Enabled",
            serverless=signalrservice.ServerlessSettingsArgs(connection_timeout_in_seconds=30),
            tls=signalrservice.SignalRTlsSettingsArgs(client_cert_enabled=False),
            tags=scope.tags,
            opts=pulumi.ResourceOptions(parent=self),
        )
