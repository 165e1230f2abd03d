"""Program needs: what the program's resource types ask of a subscription and of who looks at them. Pure data.

A test holds TYPES and the recorded plans together; providers and actions follow from the types' paths.
"""

from __future__ import annotations

from infra.cloud_model.paths import PATHS

TYPES = (
    "applicationinsights:Component",
    "applicationinsights:WebTest",
    "applicationinsights:Workbook",
    "authorization:RoleAssignment",
    "consumption:Budget",
    "containerregistry:Registry",
    "containerregistry:ScopeMap",
    "containerregistry:Token",
    "keyvault:Secret",
    "keyvault:Vault",
    "managedidentity:FederatedIdentityCredential",
    "managedidentity:UserAssignedIdentity",
    "monitor:ActionGroup",
    "monitor:ActivityLogAlert",
    "monitor:DataCollectionEndpoint",
    "monitor:DataCollectionRule",
    "monitor:MetricAlert",
    "monitor:ScheduledQueryRule",
    "network:LocalNetworkGateway",
    "network:NetworkSecurityGroup",
    "network:PrivateDnsZoneGroup",
    "network:PrivateEndpoint",
    "network:PublicIPAddress",
    "network:Subnet",
    "network:VirtualNetwork",
    "network:VirtualNetworkGateway",
    "network:VirtualNetworkGatewayConnection",
    "operationalinsights:Table",
    "operationalinsights:Workspace",
    "privatedns:PrivateZone",
    "privatedns:VirtualNetworkLink",
    "resources:ResourceGroup",
    "signalrservice:SignalR",
    "storage:StorageAccount",
    "storage:Table",
    "web:AppServicePlan",
    "web:StaticSite",
    "web:StaticSiteLinkedBackend",
    "web:WebApp",
    "web:WebAppFtpAllowed",
    "web:WebAppScmAllowed",
)
"""Every Azure type that the program of any stack declares or reads."""

READ_BESIDE = {"web:WebApp": ("Microsoft.Web/sites/config/read",)}
"""What the provider reads of a type beside the resource: a web app's own answer leaves its site configuration out."""

OWN = frozenset({"Microsoft.KeyVault", "Microsoft.ManagedIdentity", "Microsoft.Storage"})
"""Resource providers of what bootstrap itself makes."""

EVERYWHERE = frozenset({"Microsoft.Authorization", "Microsoft.Consumption", "Microsoft.Resources"})
"""Part of Azure's management: in every subscription, never registered."""


def resource_providers() -> list[str]:
    """Namespaces that must be registered, sorted."""
    asked = {_segments(type_)[0] for type_ in TYPES}
    return sorted((asked | OWN) - EVERYWHERE)


def read_actions() -> list[str]:
    """What a preview that compares with Azure does, and nothing more, sorted."""
    actions = {"/".join([*_segments(type_), "read"]) for type_ in TYPES}
    return sorted(actions.union(*READ_BESIDE.values()))


def _segments(type_: str) -> list[str]:
    """Namespace and type of a resource as its actions are called; names, and the `default` of a service, left out."""
    path = PATHS[f"azure-native:{type_}"]
    if "/providers/" not in path:
        return ["Microsoft.Resources", "subscriptions", "resourceGroups"]
    parts = path.rpartition("/providers/")[2].split("/")
    return [part for part in parts if not part.startswith("{") and part != "default"]
