"""Outputs: what Azure computes for a resource, beside its inputs. By type; realistic, the same in every run."""

from __future__ import annotations

import uuid
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from infra.cloud_model.paths import SUBSCRIPTION

TENANT = "11111111-1111-1111-1111-111111111111"
PUBLIC_ADDRESS = "203.0.113.10"
"""From the documentation range of RFC 5737."""

Outputs = dict[str, Any]


@dataclass(frozen=True)
class New:
    """A resource that was just created: its id, its own name in the cloud and its inputs."""

    id: str
    name: str
    inputs: Outputs


def guid(seed: str) -> str:
    """A GUID that follows from its seed."""
    return str(uuid.uuid5(uuid.NAMESPACE_URL, seed))


def registry(new: New) -> Outputs:
    return {"loginServer": f"{new.name}.azurecr.io", "adminUserEnabled": new.inputs.get("adminUserEnabled", False)}


def identity(new: New) -> Outputs:
    return {"principalId": guid(new.id + "/principal"), "clientId": guid(new.id + "/client"), "tenantId": TENANT}


def storage_account(new: New) -> Outputs:
    hosts = {kind: f"https://{new.name}.{kind}.core.windows.net/" for kind in ("blob", "dfs", "file", "queue", "table")}
    return {
        "primaryEndpoints": {**hosts, "web": f"https://{new.name}.z6.web.core.windows.net/"},
        "primaryLocation": new.inputs.get("location"),
    }


def signalr(new: New) -> Outputs:
    return {
        "hostName": f"{new.name}.service.signalr.net",
        "externalIP": "203.0.113.20",
        "publicPort": 443,
        "serverPort": 443,
        "version": "1.0",
    }


def web_app(new: New) -> Outputs:
    identity_type = (new.inputs.get("identity") or {}).get("type", "")
    return {
        "defaultHostName": f"{new.name}.azurewebsites.net",
        "hostNames": [f"{new.name}.azurewebsites.net"],
        "outboundIpAddresses": "203.0.113.30,203.0.113.31",
        "possibleOutboundIpAddresses": "203.0.113.30,203.0.113.31,203.0.113.32",
        "identity": {
            **(new.inputs.get("identity") or {}),
            **({"principalId": guid(new.id), "tenantId": TENANT} if "SystemAssigned" in identity_type else {}),
        },
    }


def static_site(new: New) -> Outputs:
    return {"defaultHostname": f"{new.name}-{guid(new.id)[:8]}.azurestaticapps.net"}


def workspace(new: New) -> Outputs:
    return {"customerId": guid(new.id + "/customer")}


def application_insights(new: New) -> Outputs:
    key, region = guid(new.id + "/key"), new.inputs.get("location", "westeurope")
    endpoint = f"https://{region}-5.in.applicationinsights.azure.com/"
    return {
        "appId": guid(new.id + "/app"),
        "applicationId": new.name,
        "instrumentationKey": key,
        "connectionString": f"InstrumentationKey={key};IngestionEndpoint={endpoint}",
    }


def collection_endpoint(new: New) -> Outputs:
    region = new.inputs.get("location", "westeurope")
    return {
        "immutableId": f"dce-{guid(new.id).replace('-', '')}",
        "logsIngestion": {"endpoint": f"https://{new.name}-{guid(new.id)[:4]}.{region}-1.ingest.monitor.azure.com"},
    }


def collection_rule(new: New) -> Outputs:
    return {"immutableId": f"dcr-{guid(new.id).replace('-', '')}"}


def vault(new: New) -> Outputs:
    properties = new.inputs.get("properties") or {}
    return {"properties": {**properties, "vaultUri": f"https://{new.name}.vault.azure.net/"}}


def vault_secret(new: New) -> Outputs:
    uri = f"https://{new.inputs.get('vaultName')}.vault.azure.net/secrets/{new.name}"
    versioned = f"{uri}/{guid(new.id).replace('-', '')}"
    properties = {key: value for key, value in (new.inputs.get("properties") or {}).items() if key != "value"}
    return {"properties": {**properties, "secretUri": uri, "secretUriWithVersion": versioned}}


def resource_group(new: New) -> Outputs:
    return {"location": new.inputs.get("location", "westeurope"), "properties": {"provisioningState": "Succeeded"}}


COMPUTED: dict[str, Callable[[New], Outputs]] = {
    "azure-native:applicationinsights:Component": application_insights,
    "azure-native:containerregistry:Registry": registry,
    "azure-native:keyvault:Secret": vault_secret,
    "azure-native:keyvault:Vault": vault,
    "azure-native:managedidentity:UserAssignedIdentity": identity,
    "azure-native:monitor:DataCollectionEndpoint": collection_endpoint,
    "azure-native:monitor:DataCollectionRule": collection_rule,
    "azure-native:network:PublicIPAddress": lambda new: {"ipAddress": PUBLIC_ADDRESS},  # noqa: ARG005
    "azure-native:network:VirtualNetworkGatewayConnection": lambda new: {"connectionStatus": "Unknown"},  # noqa: ARG005
    "azure-native:operationalinsights:Workspace": workspace,
    "azure-native:resources:ResourceGroup": resource_group,
    "azure-native:signalrservice:SignalR": signalr,
    "azure-native:storage:StorageAccount": storage_account,
    "azure-native:web:StaticSite": static_site,
    "azure-native:web:WebApp": web_app,
}
"""What each type computes. An output that is optional in the package's class and absent here stays absent."""

COMMON: dict[str, Callable[[New], Any]] = {
    "azureApiVersion": lambda new: "",  # noqa: ARG005
    "etag": lambda new: f'W/"{guid(new.id)}"',
    "provisioningState": lambda new: "Succeeded",  # noqa: ARG005
    "resourceGroup": lambda new: new.inputs.get("resourceGroupName"),
    "resourceGuid": lambda new: guid(new.id),
    "subscription": lambda new: SUBSCRIPTION,  # noqa: ARG005
}
"""Outputs that mean the same on every type."""
