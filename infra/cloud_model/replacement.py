"""Replacement: which properties cannot change in place. What decides is the provider's schema; here by type."""

from __future__ import annotations

from infra.cloud_model.paths import parameters

NEVER_IN_PLACE = {
    "azure-native:authorization:RoleAssignment": {"principalId", "roleDefinitionId", "principalType"},
    "azure-native:applicationinsights:Component": {"kind"},
    "azure-native:keyvault:Vault": {"properties.tenantId"},
    "azure-native:network:PrivateEndpoint": {"subnet.id"},
    "azure-native:network:PublicIPAddress": {"sku.name", "sku.tier", "zones", "publicIPAllocationMethod"},
    "azure-native:network:VirtualNetworkGateway": {"gatewayType", "vpnType", "vpnGatewayGeneration", "sku.tier"},
    "azure-native:network:VirtualNetworkGatewayConnection": {
        "connectionType",
        "virtualNetworkGateway1.id",
        "localNetworkGateway2.id",
    },
    "azure-native:storage:StorageAccount": {"kind", "isHnsEnabled"},
    "azure-native:web:AppServicePlan": {"kind", "reserved"},
    "azure-native:web:WebApp": {"kind", "reserved"},
    "docker-build:index:Image": set(),
    "random:index/randomPassword:RandomPassword": {"*"},
}
"""By type, what the cloud refuses to change, beside names, scopes and the region. `*`: every property."""

KUBERNETES = {"apiVersion", "kind", "metadata.name", "metadata.namespace"}
IMMUTABLE = {
    "kubernetes:apps/v1:Deployment": {"spec.selector"},
    "kubernetes:apps/v1:DaemonSet": {"spec.selector"},
    "kubernetes:apps/v1:StatefulSet": {
        "spec.podManagementPolicy",
        "spec.revisionHistoryLimit",
        "spec.selector",
        "spec.serviceName",
        "spec.volumeClaimTemplates",
    },
    "kubernetes:batch/v1:Job": {"spec.completions", "spec.parallelism", "spec.selector", "spec.template"},
    "kubernetes:core/v1:PersistentVolume": {"spec.local", "spec.hostPath"},
    "kubernetes:core/v1:PersistentVolumeClaim": {
        "spec.accessModes",
        "spec.selector",
        "spec.storageClassName",
        "spec.volumeName",
    },
    "kubernetes:core/v1:Secret": {"type"},
    "kubernetes:core/v1:Service": {"spec.clusterIP"},
    "kubernetes:rbac.authorization.k8s.io/v1:ClusterRoleBinding": {"roleRef"},
    "kubernetes:rbac.authorization.k8s.io/v1:RoleBinding": {"roleRef"},
    "kubernetes:storage.k8s.io/v1:StorageClass": {"provisioner", "parameters"},
}
"""What the Kubernetes provider replaces an object for, beside its name, namespace and kind (its provider/diff.go).

Contents of ConfigMaps and Secrets are not among it: the program's provider is told to change them in place
(infra/cluster/connection.py). What else the API server keeps fixed, such as the binding mode of a class, the server
refuses to change.
"""


def replacing(token: str) -> frozenset[str]:
    """Property paths whose change replaces a resource of this type; a path covers all below it."""
    if token.startswith("azure-native:"):
        return frozenset(parameters(token)) | {"location"} | NEVER_IN_PLACE.get(token, set())
    if token.startswith("kubernetes:helm.sh/"):
        return frozenset({"name", "namespace"})
    if token.startswith("kubernetes:"):
        return frozenset(KUBERNETES | IMMUTABLE.get(token, set()))
    return frozenset(NEVER_IN_PLACE.get(token, set()))
