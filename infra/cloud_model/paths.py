"""Paths: the resource ids of Azure, by type. The parameters of a path are input properties of the type."""

from __future__ import annotations

import string
from hashlib import sha256
from typing import Any

SUBSCRIPTION = "00000000-0000-0000-0000-000000000000"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/{{resourceGroupName}}"

NETWORK = "Microsoft.Network"
REGISTRY = "Microsoft.ContainerRegistry/registries/{registryName}"
IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities/{resourceName}"
STORAGE = "Microsoft.Storage/storageAccounts/{accountName}"
SITE = "Microsoft.Web/sites/{name}"
STATIC = "Microsoft.Web/staticSites/{name}"
WORKSPACE = "Microsoft.OperationalInsights/workspaces/{workspaceName}"
VAULT = "Microsoft.KeyVault/vaults/{vaultName}"

IN_GROUP = {
    "applicationinsights:Component": "Microsoft.Insights/components/{resourceName}",
    "applicationinsights:WebTest": "Microsoft.Insights/webtests/{webTestName}",
    "applicationinsights:Workbook": "Microsoft.Insights/workbooks/{resourceName}",
    "authorization:ManagementLockAtResourceGroupLevel": "Microsoft.Authorization/locks/{lockName}",
    "containerregistry:Registry": REGISTRY,
    "containerregistry:ScopeMap": f"{REGISTRY}/scopeMaps/{{scopeMapName}}",
    "containerregistry:Token": f"{REGISTRY}/tokens/{{tokenName}}",
    "keyvault:Secret": f"{VAULT}/secrets/{{secretName}}",
    "keyvault:Vault": VAULT,
    "managedidentity:FederatedIdentityCredential": (
        f"{IDENTITY}/federatedIdentityCredentials/{{federatedIdentityCredentialResourceName}}"
    ),
    "managedidentity:UserAssignedIdentity": IDENTITY,
    "monitor:ActionGroup": "Microsoft.Insights/actionGroups/{actionGroupName}",
    "monitor:ActivityLogAlert": "Microsoft.Insights/activityLogAlerts/{activityLogAlertName}",
    "monitor:DataCollectionEndpoint": "Microsoft.Insights/dataCollectionEndpoints/{dataCollectionEndpointName}",
    "monitor:DataCollectionRule": "Microsoft.Insights/dataCollectionRules/{dataCollectionRuleName}",
    "monitor:MetricAlert": "Microsoft.Insights/metricAlerts/{ruleName}",
    "monitor:ScheduledQueryRule": "Microsoft.Insights/scheduledQueryRules/{ruleName}",
    "network:LocalNetworkGateway": f"{NETWORK}/localNetworkGateways/{{localNetworkGatewayName}}",
    "network:NetworkSecurityGroup": f"{NETWORK}/networkSecurityGroups/{{networkSecurityGroupName}}",
    "network:PrivateDnsZoneGroup": (
        f"{NETWORK}/privateEndpoints/{{privateEndpointName}}/privateDnsZoneGroups/{{privateDnsZoneGroupName}}"
    ),
    "network:PrivateEndpoint": f"{NETWORK}/privateEndpoints/{{privateEndpointName}}",
    "network:PublicIPAddress": f"{NETWORK}/publicIPAddresses/{{publicIpAddressName}}",
    "network:Subnet": f"{NETWORK}/virtualNetworks/{{virtualNetworkName}}/subnets/{{subnetName}}",
    "network:VirtualNetwork": f"{NETWORK}/virtualNetworks/{{virtualNetworkName}}",
    "network:VirtualNetworkGateway": f"{NETWORK}/virtualNetworkGateways/{{virtualNetworkGatewayName}}",
    "network:VirtualNetworkGatewayConnection": f"{NETWORK}/connections/{{virtualNetworkGatewayConnectionName}}",
    "operationalinsights:Table": f"{WORKSPACE}/tables/{{tableName}}",
    "operationalinsights:Workspace": WORKSPACE,
    "privatedns:PrivateZone": f"{NETWORK}/privateDnsZones/{{privateZoneName}}",
    "privatedns:VirtualNetworkLink": (
        f"{NETWORK}/privateDnsZones/{{privateZoneName}}/virtualNetworkLinks/{{virtualNetworkLinkName}}"
    ),
    "signalrservice:SignalR": "Microsoft.SignalRService/signalR/{resourceName}",
    "storage:BlobContainer": f"{STORAGE}/blobServices/default/containers/{{containerName}}",
    "storage:BlobServiceProperties": f"{STORAGE}/blobServices/{{blobServicesName}}",
    "storage:ManagementPolicy": f"{STORAGE}/managementPolicies/{{managementPolicyName}}",
    "storage:StorageAccount": STORAGE,
    "storage:Table": f"{STORAGE}/tableServices/default/tables/{{tableName}}",
    "web:AppServicePlan": "Microsoft.Web/serverfarms/{name}",
    "web:StaticSite": STATIC,
    "web:StaticSiteCustomDomain": f"{STATIC}/customDomains/{{domainName}}",
    "web:StaticSiteLinkedBackend": f"{STATIC}/linkedBackends/{{linkedBackendName}}",
    "web:WebApp": SITE,
    "web:WebAppFtpAllowed": f"{SITE}/basicPublishingCredentialsPolicies/ftp",
    "web:WebAppScmAllowed": f"{SITE}/basicPublishingCredentialsPolicies/scm",
    "web:WebAppSwiftVirtualNetworkConnection": f"{SITE}/networkConfig/virtualNetwork",
}
PATHS = {
    **{f"azure-native:{type_}": f"{GROUP}/providers/{path}" for type_, path in IN_GROUP.items()},
    "azure-native:authorization:ManagementLockByScope": "{scope}/providers/Microsoft.Authorization/locks/{lockName}",
    "azure-native:authorization:RoleAssignment": (
        "{scope}/providers/Microsoft.Authorization/roleAssignments/{roleAssignmentName}"
    ),
    "azure-native:consumption:Budget": "{scope}/providers/Microsoft.Consumption/budgets/{budgetName}",
    "azure-native:costmanagement:Budget": "{scope}/providers/Microsoft.CostManagement/budgets/{budgetName}",
    "azure-native:monitor:DataCollectionRuleAssociation": (
        "{resourceUri}/providers/Microsoft.Insights/dataCollectionRuleAssociations/{associationName}"
    ),
    "azure-native:monitor:DiagnosticSetting": "{resourceUri}/providers/Microsoft.Insights/diagnosticSettings/{name}",
    "azure-native:resources:ResourceGroup": GROUP,
}
"""Every Azure type the program may use, with its path. A new type needs a line here."""


def parameters(token: str) -> tuple[str, ...]:
    """Input properties that make up the id, in the order of the path; empty for an unlisted type."""
    path = PATHS.get(token, "")
    return tuple(field for _, field, _, _ in string.Formatter().parse(path) if field)


def identifier(token: str, name: str, inputs: dict[str, Any]) -> str:
    """Id of an Azure resource. A name that the inputs leave out follows from the logical name, as the provider does.

    Raises KeyError for a type without a path.
    """
    if token not in PATHS:
        raise KeyError(f"{token} has no path: add it to infra/cloud_model/paths.py")
    filled = {key: str(inputs.get(key) or generated(token, name)) for key in parameters(token)}
    return PATHS[token].format(**filled)


def generated(token: str, name: str) -> str:
    """A name as the providers make up: the logical name and eight digits, here the same in every run."""
    return name + sha256(f"{token} {name}".encode()).hexdigest()[:8]
