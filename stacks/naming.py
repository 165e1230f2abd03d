"""Names: what every resource of a stack is called. Pure; the only place that builds a resource's name."""

from __future__ import annotations

from dataclasses import dataclass

from stacks.settings import StackSettings

PLAIN_STACK = "prod"
"""The stack whose names bear no suffix."""

LOG_FORWARDER = "log-forwarder"
"""Its pods, its rights, and the folder on the node where it keeps lines that are not sent yet."""

VOLUMES = ("database", "logs", "cache")
"""What the local volumes are for; pvc-VOLUME claims pv-VOLUME."""

CLUSTER_ROLES = (LOG_FORWARDER,)
"""Rights beyond the namespace: reading pods for their logs' labels."""


@dataclass(frozen=True)
class Names:
    """Names of one stack (requirements C2).

    prod has the plain names; any other stack appends `-STACK` (without hyphen where none is allowed) to names that must
    be unique beyond the resource group: registry, storage, vault, web app, SignalR, namespace, volumes, connection.
    """

    settings: StackSettings

    @property
    def _project(self) -> str:
        return self.settings.project_name

    @property
    def _squeezed(self) -> str:
        return self._project.replace("-", "")

    def _unique(self, name: str, joint: str = "-") -> str:
        stack = self.settings.stack
        return name if stack == PLAIN_STACK else f"{name}{joint}{stack}"

    @property
    def resource_group(self) -> str:
        return self.settings.names.resource_group or f"rg-{self._project}-{self.settings.stack}"

    @property
    def virtual_network(self) -> str:
        return f"vnet-{self._project}"

    @property
    def network_security_group(self) -> str:
        return f"nsg-{self._project}"

    @property
    def vpn_public_address(self) -> str:
        return "pip-vpn-gateway"

    @property
    def vpn_gateway(self) -> str:
        return f"vpn-gateway-{self._project}"

    @property
    def local_network_gateway(self) -> str:
        return "lng-onprem-spy"

    @property
    def vpn_connection(self) -> str:
        return self._unique("conn-onprem-spy")

    @property
    def private_endpoint(self) -> str:
        return f"pep-{self._project}-tables"

    @property
    def private_endpoint_interface(self) -> str:
        return f"nic-{self.private_endpoint}"

    @property
    def registry(self) -> str:
        return self.settings.names.registry or self._unique(f"acr{self._squeezed}", "")

    @property
    def registry_host(self) -> str:
        """Host of the images' registry: known without the cloud, so that a preview knows every image reference."""
        return self.settings.registry.host or f"{self.registry}.azurecr.io"

    @property
    def registry_scope_map(self) -> str:
        """What the cluster's token may do in the registry."""
        return f"{self._project}-pull"

    @property
    def registry_token(self) -> str:
        """The token the cluster pulls with."""
        return f"{self._project}-cluster"

    @property
    def app_service_plan(self) -> str:
        return f"asp-{self._project}"

    @property
    def webapp(self) -> str:
        return self.settings.names.webapp or self._unique(f"app-{self._project}-backend")

    @property
    def webapp_host(self) -> str:
        """Host of the web app: follows from its name, so that the web app can be told its own address."""
        return f"{self.webapp}.azurewebsites.net"

    @property
    def signalr(self) -> str:
        return self.settings.names.signalr or self._unique(f"signalr-{self._project}")

    @property
    def storage(self) -> str:
        return self.settings.names.storage or f"st{self._squeezed}{self.settings.stack}"

    @property
    def workspace(self) -> str:
        return f"log-{self._project}"

    @property
    def application_insights(self) -> str:
        return f"appi-{self._project}"

    @property
    def data_collection_endpoint(self) -> str:
        return f"dce-{self._project}"

    @property
    def data_collection_rule(self) -> str:
        return f"dcr-{self._project}"

    @property
    def action_group(self) -> str:
        return f"ag-{self._project}"

    @property
    def availability_test(self) -> str:
        return f"webtest-{self._project}"

    def alert(self, what: str) -> str:
        """An alert by what it tells, e.g. webapp-down."""
        return f"alert-{self._project}-{what}"

    @property
    def budget(self) -> str:
        return f"budget-{self._project}"

    @property
    def vault(self) -> str:
        return self.settings.names.vault or self._unique(f"kv-{self._project}-{self.settings.vault.suffix}")

    @property
    def state_resource_group(self) -> str:
        """Group of what bootstrap makes beside the stack: the deploying identity has no rights over it."""
        return self.settings.bootstrap.resource_group or f"rg-{self._project}-{self.settings.stack}-state"

    @property
    def state_account(self) -> str:
        return self.settings.bootstrap.state_account or f"st{self._squeezed}{self.settings.stack}state"

    @property
    def secrets_vault(self) -> str:
        """Key Vault whose key encrypts the stack's secrets; the platform's own is `vault`."""
        return self.settings.bootstrap.vault or self._unique(f"kvs-{self._project}-{self.settings.vault.suffix}")

    @property
    def issuer_account(self) -> str:
        """Storage account that publishes the cluster's issuer documents."""
        return self.settings.bootstrap.issuer_account or f"st{self._squeezed}{self.settings.stack}oidc"

    def application(self, role: str) -> str:
        """Entra application: api, page or log-forwarder. Entra has no groups, so the stack is always in it."""
        return f"{self._project}-{self.settings.stack}-{role}"

    @property
    def site(self) -> str:
        return f"stapp-{self._project}"

    def identity(self, role: str) -> str:
        """Managed identity: of a service (webapp, detector, backend, bot), or of GitHub's runs (deploy, preview)."""
        return f"id-{self._project}-{role}"

    @property
    def namespace(self) -> str:
        return self.settings.names.namespace or self._unique(f"{self._project}-bot")

    @property
    def monitoring_namespace(self) -> str:
        """Namespace of the monitoring that a cluster has once, whichever stack installs it."""
        return "monitoring"

    @property
    def log_namespace(self) -> str:
        """Namespace of the log forwarder: the monitoring's where this stack installs that, else one of its own."""
        own = self._unique(f"{self._project}-logs")
        return self.monitoring_namespace if self.settings.installs_monitoring else own

    @property
    def storage_class(self) -> str:
        return self.settings.names.storage_class or self._unique("local-storage")

    def persistent_volume(self, volume: str) -> str:
        """A volume of VOLUMES. Its claim is in the stack's namespace and needs no suffix."""
        stem = self.settings.names.volumes
        return f"{stem}-{volume}" if stem else self._unique(f"pv-{volume}")

    def host_folder(self, volume: str) -> str:
        """Folder on the node that holds a volume of VOLUMES."""
        stem = self.settings.names.volumes
        return f"{self.settings.cluster.volume_root}/{f'{stem}-{volume}' if stem else self._unique(volume)}"

    def cluster_role(self, role: str) -> str:
        """A ClusterRole and its binding, of CLUSTER_ROLES."""
        stem = self.settings.names.cluster_roles
        return f"{stem}-{role}" if stem else self._unique(f"{self._project}-{role}")
