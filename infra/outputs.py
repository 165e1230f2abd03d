"""Outputs: what a stack tells people, CI and other commands: names and addresses. Never a key, a token or a secret."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


def _of(layer: str, description: str) -> Any:
    """An output that is there when the stack has this layer and what the description says."""
    return Field(None, description=description, json_schema_extra={"layer": layer})


class Outputs(BaseModel):
    """Outputs of a stack as they are exported, in camelCase; None for what the stack does not have.

    Reading ignores outputs it does not know: an older reader meets a newer stack after a rollback.
    """

    model_config = ConfigDict(frozen=True, extra="ignore", alias_generator=to_camel, validate_by_name=True)

    stack: str = Field(description="Name of the stack", json_schema_extra={"layer": "every stack"})
    readme: str = Field(
        description="What stands where and what to do with it, as Markdown", json_schema_extra={"layer": "every stack"}
    )
    resource_group_name: str | None = _of("cloud", "Resource group, made by bootstrap")
    location: str | None = _of("cloud", "Azure region")
    virtual_network_name: str | None = _of("cloud", "Virtual network")
    virtual_network_id: str | None = _of("cloud", "Its id")
    virtual_network_range: str | None = _of("cloud", "Its address space")
    gateway_subnet_id: str | None = _of("cloud", "GatewaySubnet")
    app_subnet_id: str | None = _of("cloud", "AppSubnet, of the web app")
    container_subnet_id: str | None = _of("cloud", "ContainerSubnet")
    private_endpoint_subnet_id: str | None = _of("cloud", "PrivateEndpointSubnet")
    security_group_id: str | None = _of("cloud", "Security group of AppSubnet and PrivateEndpointSubnet")
    vault_name: str | None = _of("cloud", "Key Vault")
    vault_uri: str | None = _of("cloud", "Its address")
    registry_name: str | None = _of("cloud", "Container registry, if it is the stack's own")
    registry_host: str | None = _of("images", "Host that images are pushed to and pulled from")
    registry_token_name: str | None = _of("cloud", "Token by which the cluster pulls; its password is made outside")
    storage_name: str | None = _of("cloud", "Storage account of the tables")
    tables_endpoint: str | None = _of("cloud", "Address of the tables")
    tables_private_address: str | None = _of("cloud", "Address of the private endpoint, if there is one")
    signalr_name: str | None = _of("cloud", "SignalR service")
    signalr_host: str | None = _of("cloud", "Its host")
    site_name: str | None = _of("cloud", "Static Web App that serves the page")
    site_host: str | None = _of("cloud", "Its generated host: where an own domain's CNAME points")
    site_url: str | None = _of("cloud", "Address of the page")
    workspace_name: str | None = _of("cloud", "Log Analytics workspace")
    log_ingestion_endpoint: str | None = _of("cloud", "Address that log forwarders send to")
    log_rule_id: str | None = _of("cloud", "Immutable id of the rule that takes their lines")
    budget_name: str | None = _of("cloud", "Budget of the resource group")
    webapp_name: str | None = _of("images", "Web app, in a stack with cloud")
    webapp_url: str | None = _of("images", "Its address")
    backend_image: str | None = _of("images", "Image by digest")
    detector_image: str | None = _of("images", "Image by digest")
    trading_bot_image: str | None = _of("images", "Image by digest")
    simulator_image: str | None = _of("images", "Image by digest")
    vpn_gateway_name: str | None = _of("vpn", "VPN gateway")
    vpn_public_address: str | None = _of("vpn", "Its public address: the remote end that strongSwan dials")
    vpn_connection_name: str | None = _of("vpn", "Connection to the home network, if there is an address of it")
    vpn_key_secret_name: str | None = _of("vpn", "Name of the pre-shared key in the vault")
    namespace: str | None = _of("cluster", "Namespace of the workloads")
    backend_in_cluster: str | None = _of("cluster", "Address of the backend inside the cluster")
    monitoring_namespace: str | None = _of("releases", "Namespace of the monitoring, in the stack that brings it")
    grafana_node_port: int | None = _of("releases", "Port of Grafana on every node, in the stack that brings it")


def exports(declared: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs under the names they are exported by. Raises KeyError for one that the model does not declare."""
    for name in declared:
        if name not in Outputs.model_fields:
            raise KeyError(f"{name} is no output of infra/outputs.py: declare it there")
    return {to_camel(name): value for name, value in declared.items()}
