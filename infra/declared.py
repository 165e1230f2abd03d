"""Declared: the components of a stack by layer, and what each of them tells. Declares nothing itself."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import pulumi
import pulumi_azure_native as azure

from apps.contracts.names import Port
from infra.cloud.identity import Identities
from infra.cloud.network import Network
from infra.cloud.observability import Observability
from infra.cloud.private_endpoint import PrivateEndpoint
from infra.cloud.realtime import Realtime
from infra.cloud.registry import Registry
from infra.cloud.security_group import SecurityGroup
from infra.cloud.site import Site
from infra.cloud.storage import Storage
from infra.cloud.vault import Vault
from infra.cloud.vpn import VpnGateway
from infra.cloud.vpn_connection import VpnConnection
from infra.cloud.webapp import Webapp
from infra.cluster.azure_facts import AzureFacts
from infra.cluster.objects import Service
from infra.images import Images
from infra.layers import CloudLayer
from infra.scope import Scope
from stacks.naming import Names
from stacks.settings import StackSettings

Told = dict[str, pulumi.Input[Any]]
"""Outputs by their names in infra/outputs.py."""


@dataclass(frozen=True)
class Cloud:
    """What the layers after it take from the cloud layer."""

    provider: azure.Provider
    layer: CloudLayer
    scope: Scope
    guard: SecurityGroup
    network: Network
    vault: Vault
    identities: Identities
    registry: Registry | None
    storage: Storage
    endpoint: PrivateEndpoint | None
    site: Site
    realtime: Realtime
    observability: Observability

    def facts(self) -> AzureFacts:
        """What the cluster takes."""
        identities, observability = self.identities, self.observability
        return AzureFacts(
            tenant_id=self.scope.settings.azure.tenant_id,
            tables_endpoint=self.storage.tables_endpoint,
            signalr_endpoint=self.realtime.endpoint,
            insights_connection_string=observability.insights_connection_string,
            detector_client_id=identities.detector_client_id,
            backend_client_id=identities.backend_client_id,
            bot_client_id=identities.bot_client_id,
            log_ingestion_endpoint=observability.log_ingestion_endpoint,
            log_rule_id=observability.log_rule_id,
        )

    def told(self) -> Told:
        """Names and addresses of the cloud layer."""
        settings, network = self.scope.settings, self.network
        told: Told = {
            "resource_group_name": self.scope.resource_group_name,
            "location": self.scope.location,
            "virtual_network_name": network.virtual_network_name,
            "virtual_network_id": network.virtual_network_id,
            "virtual_network_range": str(settings.network.address_space),
            "gateway_subnet_id": network.gateway_subnet_id,
            "app_subnet_id": network.app_subnet_id,
            "container_subnet_id": network.container_subnet_id,
            "private_endpoint_subnet_id": network.private_endpoint_subnet_id,
            "security_group_id": self.guard.security_group_id,
            "vault_name": self.vault.vault_name,
            "vault_uri": self.vault.vault_uri,
            "storage_name": self.storage.account_name,
            "tables_endpoint": self.storage.tables_endpoint,
            "signalr_name": self.scope.names.signalr,
            "signalr_host": self.realtime.host,
            "site_name": self.site.site_name,
            "site_host": self.site.host,
            "site_url": self.site.url,
            "workspace_name": self.observability.workspace_name,
            "log_ingestion_endpoint": self.observability.log_ingestion_endpoint,
            "log_rule_id": self.observability.log_rule_id,
            "budget_name": self.observability.budget_name,
        }
        if self.registry:
            told |= {"registry_name": self.registry.registry_name, "registry_token_name": self.registry.token_name}
        if self.endpoint:
            told["tables_private_address"] = self.endpoint.private_address
        return told


@dataclass(frozen=True)
class Vpn:
    """The gateway and, with an address of the home line, the connection to it."""

    gateway: VpnGateway
    connection: VpnConnection | None

    def told(self) -> Told:
        """Names and addresses of the VPN layer."""
        told: Told = {
            "vpn_gateway_name": self.gateway.gateway_name,
            "vpn_public_address": self.gateway.public_address,
        }
        if self.connection:
            told |= {
                "vpn_connection_name": self.connection.connection_name,
                "vpn_key_secret_name": self.connection.key_secret_name,
            }
        return told


def images_told(images: Images, names: Names) -> Told:
    """References of the images, by digest, and the host they lie on."""
    return {
        "registry_host": names.registry_host,
        "backend_image": images.backend,
        "detector_image": images.detector,
        "trading_bot_image": images.trading_bot,
        "simulator_image": images.simulator,
    }


def webapp_told(webapp: Webapp) -> Told:
    """Name and address of the web app."""
    return {"webapp_name": webapp.webapp_name, "webapp_url": webapp.url}


def cluster_told(names: Names) -> Told:
    """Where the workloads are, and how the backend is reached inside the cluster."""
    return {
        "namespace": names.namespace,
        "backend_in_cluster": f"http://{Service.BACKEND}.{names.namespace}:{Port.BACKEND}",
    }


def releases_told(settings: StackSettings, names: Names) -> Told:
    """Where the monitoring is, in the stack that brings it."""
    if not settings.installs_monitoring:
        return {}
    return {
        "monitoring_namespace": names.monitoring_namespace,
        "grafana_node_port": settings.releases.grafana_node_port,
    }
