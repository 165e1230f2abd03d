"""Cases for the policies: for each rule a resource that keeps to it and the ways to break it."""

from __future__ import annotations

from copy import deepcopy
from dataclasses import dataclass, replace
from typing import Any

from infra.policies import Subject

DIGEST = "sha256:" + "ab" * 32
REMOVE = object()
"""In a change: the property is not there at all."""

TAGS = {
    "Project": "SPY-Options-Platform",
    "Environment": "prod",
    "ManagedBy": "Pulumi",
    "Owner": "platform",
    "CostCenter": "Trading-Infrastructure",
}
GROUP = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test"
ROLES = "/subscriptions/00000000-0000-0000-0000-000000000000/providers/Microsoft.Authorization/roleDefinitions"

STORAGE = {
    "location": "westeurope",
    "minimumTlsVersion": "TLS1_2",
    "enableHttpsTrafficOnly": True,
    "allowBlobPublicAccess": False,
    "tags": TAGS,
}
VAULT = {
    "tags": TAGS,
    "properties": {"enableRbacAuthorization": True, "enableSoftDelete": True, "enablePurgeProtection": True},
}
WEBAPP = {
    "httpsOnly": True,
    "identity": {"type": "UserAssigned"},
    "siteConfig": {
        "minTlsVersion": "1.2",
        "scmMinTlsVersion": "1.2",
        "ftpsState": "Disabled",
        "acrUseManagedIdentityCreds": True,
        "linuxFxVersion": f"DOCKER|registry.example.org/spy-backend@{DIGEST}",
        "appSettings": [
            {"name": "STORE", "value": "tables"},
            {"name": "VIEWER_TOKEN", "value": "@Microsoft.KeyVault(SecretUri=https://v.vault.azure.net/secrets/t/)"},
            {"name": "AZURE_FEDERATED_TOKEN_FILE", "value": "/var/run/token"},
            {"name": "APPLICATIONINSIGHTS_CONNECTION_STRING", "value": "InstrumentationKey=0;IngestionEndpoint=x"},
        ],
    },
}
SUBNET = {"subnetName": "GatewaySubnet", "addressPrefix": "10.0.0.0/27"}
GATEWAY = {
    "gatewayType": "Vpn",
    "vpnType": "RouteBased",
    "sku": {"name": "Basic", "tier": "Basic"},
    "ipConfigurations": [{"name": "ip", "subnet": {"id": f"{GROUP}/x/subnets/GatewaySubnet"}}],
}
DOOR = {
    "name": "Allow-VPN-IKE",
    "direction": "Inbound",
    "access": "Allow",
    "protocol": "Udp",
    "sourceAddressPrefix": "Internet",
    "destinationPortRange": "500",
}
SIGNALR = {
    "cors": {"allowedOrigins": ["https://page.example.org"]},
    "features": [{"flag": "ServiceMode", "value": "Serverless"}],
}
ASSIGNMENT = {
    "roleDefinitionId": f"{ROLES}/7f951dda-4ed3-4680-a7ca-43fe172d538d",
    "scope": f"{GROUP}/providers/Microsoft.ContainerRegistry/registries/acr",
}
CONTAINER = {
    "name": "bot",
    "image": f"registry.example.org/spy-trading-bot@{DIGEST}",
    "resources": {"requests": {"cpu": "250m", "memory": "256Mi"}, "limits": {"cpu": "500m", "memory": "512Mi"}},
    "securityContext": {
        "runAsNonRoot": True,
        "allowPrivilegeEscalation": False,
        "readOnlyRootFilesystem": True,
        "capabilities": {"drop": ["ALL"]},
    },
    "livenessProbe": {"httpGet": {"path": "/health", "port": 8080}},
    "readinessProbe": {"httpGet": {"path": "/ready", "port": 8080}},
    "env": [
        {"name": "LOG_LEVEL", "value": "INFO"},
        {"name": "IBKR_PASSWORD", "valueFrom": {"secretKeyRef": {"name": "ibkr", "key": "password"}}},
    ],
}
POD = {"metadata": {"labels": {"app": "trading-bot"}}, "spec": {"containers": [CONTAINER]}}
DEPLOYMENT = {"metadata": {"name": "trading-bot"}, "spec": {"replicas": 1, "template": POD}}
CRON_JOB = {"metadata": {"name": "weekend"}, "spec": {"jobTemplate": {"spec": {"template": POD}}}}
BUDGET = {
    "notifications": {
        f"actual-{threshold}": {
            "enabled": True,
            "threshold": threshold,
            "thresholdType": "Actual",
            "contactEmails": ["owner@example.org"],
        }
        for threshold in (80, 90, 100)
    }
}
CONNECTION = {"connectionType": "IPsec"}


@dataclass(frozen=True)
class Case:
    """A resource that keeps to a rule, and changes (dotted path, value) each of which breaks it."""

    rule: str
    type: str
    inputs: dict[str, Any]
    broken_by: tuple[tuple[str, Any], ...]

    @property
    def good(self) -> Subject:
        """The resource that keeps to the rule."""
        return Subject(self.type, "one", deepcopy(self.inputs), protect=True)

    @property
    def bad(self) -> list[Subject]:
        """One resource for each way to break the rule."""
        return [changed(self.good, path, value) for path, value in self.broken_by]


def changed(one: Subject, path: str, value: Any) -> Subject:
    """The resource with one property changed, added or removed; `@protect` is the option."""
    if path == "@protect":
        return replace(one, protect=value)
    inputs = deepcopy(one.inputs)
    *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
    place: Any = inputs
    for part in parents:
        place = place[part] if isinstance(part, int) else place.setdefault(part, {})
    if value is REMOVE:
        del place[last]
    else:
        place[last] = value
    return replace(one, inputs=inputs)


AZURE, K8S = "azure-native:", "kubernetes:"
FIRST = "spec.template.spec.containers.0"
FIRST_OF_CRON_JOB = "spec.jobTemplate.spec.template.spec.containers.0"

CASES = (
    Case(
        "tags",
        f"{AZURE}storage:StorageAccount",
        STORAGE,
        (("tags", REMOVE), ("tags.Owner", REMOVE), ("tags.CostCenter", ""), ("tags.ManagedBy", "hand")),
    ),
    Case("region", f"{AZURE}storage:StorageAccount", STORAGE, (("location", "brazilsouth"),)),
    Case(
        "public-address-standard",
        f"{AZURE}network:PublicIPAddress",
        {"sku": {"name": "Standard"}, "publicIPAllocationMethod": "Static"},
        (("sku.name", "Basic"), ("sku", REMOVE), ("publicIPAllocationMethod", "Dynamic")),
    ),
    Case("gateway-subnet-name", f"{AZURE}network:Subnet", SUBNET, (("subnetName", "gatewaysubnet"),)),
    Case("gateway-subnet-size", f"{AZURE}network:Subnet", SUBNET, (("addressPrefix", "10.0.0.0/28"),)),
    Case(
        "gateway-subnet-bare",
        f"{AZURE}network:Subnet",
        SUBNET,
        (
            ("networkSecurityGroup", {"id": "x"}),
            ("networkSecurityGroup", {"id": "04da6b54-80e4-46f7-96ec-b56ff0331ba9"}),
            ("routeTable", {"id": "x"}),
            ("delegations", [{"name": "x"}]),
        ),
    ),
    Case(
        "gateway-in-gateway-subnet",
        f"{AZURE}network:VirtualNetworkGateway",
        GATEWAY,
        (
            ("gatewayType", "ExpressRoute"),
            ("vpnType", REMOVE),
            ("sku.tier", "VpnGw1AZ"),
            ("ipConfigurations.0.subnet.id", f"{GROUP}/x/subnets/AppSubnet"),
        ),
    ),
    Case(
        "no-open-door",
        f"{AZURE}network:NetworkSecurityGroup",
        {"securityRules": [DOOR]},
        (
            ("securityRules.0.destinationPortRange", "22"),
            ("securityRules.0.destinationPortRange", "*"),
            ("securityRules.0.protocol", "Tcp"),
            ("securityRules", [{**DOOR, "sourceAddressPrefix": "*", "destinationPortRanges": ["500", "80"]}]),
        ),
    ),
    Case(
        "registry-no-admin",
        f"{AZURE}containerregistry:Registry",
        {"adminUserEnabled": False},
        (("adminUserEnabled", True), ("adminUserEnabled", REMOVE)),
    ),
    Case("registry-no-anonymous", f"{AZURE}containerregistry:Registry", {}, (("anonymousPullEnabled", True),)),
    Case(
        "signalr-exact-origins",
        f"{AZURE}signalrservice:SignalR",
        SIGNALR,
        (
            ("cors.allowedOrigins", ["*"]),
            ("cors.allowedOrigins", ["https://page.example.org", "https://*.example.org"]),
            ("cors.allowedOrigins", []),
            ("cors", REMOVE),
        ),
    ),
    Case(
        "signalr-serverless",
        f"{AZURE}signalrservice:SignalR",
        SIGNALR,
        (("features", REMOVE), ("features.0.value", "Default")),
    ),
    Case(
        "narrow-roles",
        f"{AZURE}authorization:RoleAssignment",
        ASSIGNMENT,
        (
            ("roleDefinitionId", f"{ROLES}/b24988ac-6180-42a0-ab88-20f7382dd24c"),
            ("roleDefinitionId", f"{ROLES}/8e3af657-a8ff-443c-a75c-2fe8c4bcb635"),
            ("scope", GROUP),
            ("scope", "/subscriptions/00000000-0000-0000-0000-000000000000"),
        ),
    ),
    Case(
        "storage-tls",
        f"{AZURE}storage:StorageAccount",
        STORAGE,
        (("minimumTlsVersion", "TLS1_0"), ("minimumTlsVersion", REMOVE)),
    ),
    Case(
        "storage-https",
        f"{AZURE}storage:StorageAccount",
        STORAGE,
        (("enableHttpsTrafficOnly", False), ("enableHttpsTrafficOnly", REMOVE)),
    ),
    Case(
        "no-public-blob",
        f"{AZURE}storage:StorageAccount",
        STORAGE,
        (("allowBlobPublicAccess", True), ("allowBlobPublicAccess", REMOVE)),
    ),
    Case(
        "no-public-blob",
        f"{AZURE}storage:BlobContainer",
        {"publicAccess": "None"},
        (("publicAccess", "Blob"), ("publicAccess", "Container")),
    ),
    *(
        Case("protected", f"{AZURE}{type_}", {}, (("@protect", False),))
        for type_ in (
            "containerregistry:Registry",
            "keyvault:Secret",
            "keyvault:Vault",
            "network:VirtualNetworkGateway",
            "operationalinsights:Table",
            "operationalinsights:Workspace",
            "storage:StorageAccount",
            "storage:Table",
        )
    ),
    Case(
        "vault-rbac",
        f"{AZURE}keyvault:Vault",
        VAULT,
        (
            ("properties.enableRbacAuthorization", False),
            ("properties.enableRbacAuthorization", REMOVE),
            ("properties.accessPolicies", [{"objectId": "x"}]),
        ),
    ),
    Case("vault-soft-delete", f"{AZURE}keyvault:Vault", VAULT, (("properties.enableSoftDelete", False),)),
    Case(
        "vault-purge-protection",
        f"{AZURE}keyvault:Vault",
        VAULT,
        (("properties.enablePurgeProtection", REMOVE), ("properties.enablePurgeProtection", False)),
    ),
    Case(
        "vault-purge-protection",
        f"{AZURE}keyvault:Vault",
        {"tags": {**TAGS, "Environment": "dev"}, "properties": {}},
        (("properties.enablePurgeProtection", False),),
    ),
    Case(
        "logs-capped",
        f"{AZURE}operationalinsights:Workspace",
        {"workspaceCapping": {"dailyQuotaGb": 0.2}},
        (("workspaceCapping", REMOVE), ("workspaceCapping.dailyQuotaGb", -1)),
    ),
    Case("webapp-https", f"{AZURE}web:WebApp", WEBAPP, (("httpsOnly", False), ("httpsOnly", REMOVE))),
    Case(
        "webapp-tls",
        f"{AZURE}web:WebApp",
        WEBAPP,
        (
            ("siteConfig.minTlsVersion", "1.0"),
            ("siteConfig.minTlsVersion", REMOVE),
            ("siteConfig.scmMinTlsVersion", "1.1"),
        ),
    ),
    Case(
        "webapp-no-ftp",
        f"{AZURE}web:WebApp",
        WEBAPP,
        (("siteConfig.ftpsState", "FtpsOnly"), ("siteConfig.ftpsState", REMOVE)),
    ),
    *(
        Case("webapp-no-passwords", f"{AZURE}web:{type_}", {"allow": False}, (("allow", True), ("allow", REMOVE)))
        for type_ in ("WebAppFtpAllowed", "WebAppScmAllowed")
    ),
    Case(
        "webapp-identity",
        f"{AZURE}web:WebApp",
        WEBAPP,
        (("identity", REMOVE), ("identity.type", "None"), ("siteConfig.acrUseManagedIdentityCreds", False)),
    ),
    Case(
        "webapp-image-by-digest",
        f"{AZURE}web:WebApp",
        WEBAPP,
        (("siteConfig.linuxFxVersion", "DOCKER|registry.example.org/spy-backend:v1.0"),),
    ),
    Case(
        "webapp-no-secret",
        f"{AZURE}web:WebApp",
        WEBAPP,
        (
            ("siteConfig.appSettings.0", {"name": "AZURE_STORAGE_CONNECTION_STRING", "value": "UseDevelopment"}),
            ("siteConfig.appSettings.0", {"name": "STORE", "value": "AccountName=a;AccountKey=" + "Zm9v" * 10}),
            ("siteConfig.connectionStrings", [{"name": "DB_PASSWORD", "connectionString": "x"}]),
        ),
    ),
    Case(
        "container-resources",
        f"{K8S}apps/v1:Deployment",
        DEPLOYMENT,
        (
            (f"{FIRST}.resources", REMOVE),
            (f"{FIRST}.resources.limits", REMOVE),
            (f"{FIRST}.resources.requests.memory", REMOVE),
            ("spec.template.spec.initContainers", [{**CONTAINER, "resources": {}}]),
        ),
    ),
    Case(
        "container-non-root",
        f"{K8S}apps/v1:Deployment",
        DEPLOYMENT,
        (
            (f"{FIRST}.securityContext", REMOVE),
            (f"{FIRST}.securityContext.runAsNonRoot", False),
            (f"{FIRST}.securityContext.runAsUser", 0),
            (f"{FIRST}.securityContext.allowPrivilegeEscalation", REMOVE),
            (f"{FIRST}.securityContext.privileged", True),
            (f"{FIRST}.securityContext.capabilities.drop", ["NET_RAW"]),
        ),
    ),
    Case(
        "container-non-root",
        f"{K8S}apps/v1:DaemonSet",
        DEPLOYMENT,
        ((f"{FIRST}.securityContext.runAsUser", 0),),
    ),
    Case(
        "container-non-root",
        f"{K8S}batch/v1:CronJob",
        CRON_JOB,
        ((f"{FIRST_OF_CRON_JOB}.securityContext.runAsNonRoot", REMOVE),),
    ),
    Case(
        "container-read-only",
        f"{K8S}apps/v1:StatefulSet",
        DEPLOYMENT,
        (
            (f"{FIRST}.securityContext.readOnlyRootFilesystem", REMOVE),
            (f"{FIRST}.securityContext.readOnlyRootFilesystem", False),
        ),
    ),
    Case(
        "container-probes",
        f"{K8S}apps/v1:StatefulSet",
        DEPLOYMENT,
        (
            (f"{FIRST}.livenessProbe", REMOVE),
            (f"{FIRST}.readinessProbe", REMOVE),
            (f"{FIRST}.livenessProbe", {"exec": {"command": ["cat", "/etc/hostname"]}}),
        ),
    ),
    Case(
        "container-image-by-digest",
        f"{K8S}apps/v1:DaemonSet",
        DEPLOYMENT,
        (
            (f"{FIRST}.image", "registry.example.org/spy-trading-bot:v1.0"),
            (f"{FIRST}.image", "registry.example.org/spy-trading-bot@sha256:abc"),
            (f"{FIRST}.image", REMOVE),
        ),
    ),
    Case(
        "no-host-namespaces",
        f"{K8S}core/v1:Pod",
        POD,
        (("spec.hostNetwork", True), ("spec.hostPID", True), ("spec.hostIPC", True)),
    ),
    Case("at-most-one", f"{K8S}apps/v1:Deployment", DEPLOYMENT, (("spec.replicas", 2),)),
    Case(
        "at-most-one",
        f"{K8S}apps/v1:StatefulSet",
        {"metadata": {"name": "ibkr-gateway-paper"}, "spec": {"replicas": 0, "template": {}}},
        (("spec.replicas", 2),),
    ),
    Case(
        "config-map-no-secret",
        f"{K8S}core/v1:ConfigMap",
        {"data": {"LOG_LEVEL": "INFO", "AZURE_FEDERATED_TOKEN_FILE": "/var/run/token", "TOKEN_SECONDS": "900"}},
        (
            ("data.IBKR_PASSWORD", "x"),
            ("data.publisher-client-secret", "x"),
            ("data.config", "Endpoint=https://x;AccessKey=" + "Zm9v" * 10),
            ("data.key", "-----BEGIN PRIVATE KEY-----"),
        ),
    ),
    Case(
        "container-no-secret",
        f"{K8S}apps/v1:Deployment",
        DEPLOYMENT,
        ((f"{FIRST}.env.0", {"name": "IBKR_PASSWORD", "value": "x"}),),
    ),
)

STACK_CASES: tuple[tuple[str, tuple[Subject, ...], tuple[tuple[Subject, ...], ...]], ...] = (
    (
        "budget",
        (Subject(f"{AZURE}consumption:Budget", "budget", BUDGET),),
        (
            (Subject(f"{AZURE}storage:StorageAccount", "account", STORAGE),),
            *(
                (changed(Subject(f"{AZURE}costmanagement:Budget", "budget", BUDGET), path, value),)
                for path, value in (
                    ("notifications", REMOVE),
                    ("notifications.actual-90", REMOVE),
                    ("notifications.actual-80.enabled", False),
                    ("notifications.actual-100.contactEmails", []),
                    ("notifications.actual-100.thresholdType", "Forecasted"),
                )
            ),
        ),
    ),
    (
        "gateway-has-subnet",
        (
            Subject(f"{AZURE}network:VirtualNetworkGateway", "gateway", GATEWAY),
            Subject(f"{AZURE}network:Subnet", "subnet", SUBNET),
        ),
        (
            (
                Subject(f"{AZURE}network:VirtualNetworkGateway", "gateway", GATEWAY),
                Subject(f"{AZURE}network:Subnet", "subnet", {"subnetName": "AppSubnet"}),
            ),
        ),
    ),
    (
        "basic-gateway-no-policy",
        (
            Subject(f"{AZURE}network:VirtualNetworkGateway", "gateway", GATEWAY),
            Subject(f"{AZURE}network:VirtualNetworkGatewayConnection", "connection", CONNECTION),
        ),
        (
            (
                Subject(f"{AZURE}network:VirtualNetworkGateway", "gateway", GATEWAY),
                Subject(
                    f"{AZURE}network:VirtualNetworkGatewayConnection",
                    "connection",
                    {"ipsecPolicies": [{"dhGroup": 14}]},
                ),
            ),
        ),
    ),
)
"""By rule: resources of a stack that keeps to it, and stacks that break it."""
