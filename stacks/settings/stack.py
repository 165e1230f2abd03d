"""StackSettings: everything that makes one stack. Frozen; every key has a default, a type and a description."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field, SecretStr

from stacks.settings.base import Section
from stacks.settings.bootstrap import BootstrapSettings
from stacks.settings.cloud import (
    AlertSettings,
    AzureSettings,
    BudgetSettings,
    LogSettings,
    NetworkSettings,
    OnPremSettings,
    RegistrySettings,
    SignalrSettings,
    SiteSettings,
    StorageSettings,
    TagSettings,
    VaultSettings,
    VpnSettings,
    WebappSettings,
)
from stacks.settings.platform import (
    ClusterSettings,
    DeploySettings,
    ImageSettings,
    ServiceSettings,
)
from stacks.settings.workloads import (
    GatewaySettings,
    NotificationSettings,
    ReleaseSettings,
    ScheduleSettings,
    TuningSettings,
    UpstreamSettings,
    VolumeSettings,
)


class Layer(StrEnum):
    """Parts of a stack in the order of deployment: each depends only on those before it."""

    CLOUD = "cloud"
    IMAGES = "images"
    VPN = "vpn"
    CLUSTER = "cluster"
    RELEASES = "releases"


class NameSettings(Section):
    """Names that replace the derived ones (stacks/naming.py); empty: derived."""

    resource_group: str = Field("", description="Resource group; empty: rg-PROJECT-STACK")
    registry: str = Field("", description="Container registry, 5-50 letters and digits; empty: acrPROJECT")
    storage: str = Field("", description="Storage account, 3-24 lower-case letters and digits; empty: stPROJECTSTACK")
    vault: str = Field("", description="Key Vault, 3-24; empty: kv-PROJECT-SUFFIX")
    webapp: str = Field("", description="Web app, 2-60; empty: app-PROJECT-backend")
    signalr: str = Field("", description="SignalR, 3-63; empty: signalr-PROJECT")
    namespace: str = Field("", description="Kubernetes namespace; empty: PROJECT-bot")
    volumes: str = Field("", description="Stem of the persistent volumes and their host folders; empty: pv")
    storage_class: str = Field("", description="StorageClass of the volumes; empty: local-storage")
    cluster_roles: str = Field("", description="Stem of the ClusterRoles; empty: PROJECT")


class StackSettings(Section):
    """One stack. `stack` is the stack's name and no configuration key."""

    stack: str = Field(exclude=True, pattern="^[a-z][a-z0-9]{0,9}$")
    project_name: str = Field("spy-options", pattern="^[a-z][a-z0-9-]{1,20}$", description="Stem of every name")
    layers: tuple[Layer, ...] = Field(tuple(Layer), description="Layers this stack consists of")
    names: NameSettings = NameSettings()
    azure: AzureSettings = AzureSettings()
    tags: TagSettings = TagSettings()
    network: NetworkSettings = NetworkSettings()
    on_prem: OnPremSettings = OnPremSettings()
    vpn: VpnSettings = VpnSettings()
    registry: RegistrySettings = RegistrySettings()
    images: ImageSettings = ImageSettings()
    storage: StorageSettings = StorageSettings()
    signalr: SignalrSettings = SignalrSettings()
    webapp: WebappSettings = WebappSettings()
    site: SiteSettings = SiteSettings()
    logs: LogSettings = LogSettings()
    alerts: AlertSettings = AlertSettings()
    vault: VaultSettings = VaultSettings()
    budget: BudgetSettings = BudgetSettings()
    services: ServiceSettings = ServiceSettings()
    tuning: TuningSettings = TuningSettings()
    cluster: ClusterSettings = ClusterSettings()
    volumes: VolumeSettings = VolumeSettings()
    gateway: GatewaySettings = GatewaySettings()
    schedule: ScheduleSettings = ScheduleSettings()
    releases: ReleaseSettings = ReleaseSettings()
    notifications: NotificationSettings = NotificationSettings()
    upstream: UpstreamSettings = UpstreamSettings()
    deploy: DeploySettings = DeploySettings()
    bootstrap: BootstrapSettings = BootstrapSettings()

    # Secrets have top-level keys of their own: one secret inside an object would make the whole object secret.
    vpn_psk: SecretStr = Field(SecretStr(""), description="Pre-shared key of the tunnel; empty: made by the program")
    storage_connection_string: SecretStr = Field(
        SecretStr(""), description="Connection string of the tables; only with cluster.identity keys"
    )
    signalr_connection_string: SecretStr = Field(
        SecretStr(""), description="Connection string of SignalR; only with cluster.identity keys"
    )
    registry_password: SecretStr = Field(
        SecretStr(""), description="Password of the registry's token for the cluster, made once outside the program"
    )
    ibkr_username: SecretStr = Field(SecretStr(""), description="User name of the broker's live login, for data")
    ibkr_password: SecretStr = Field(SecretStr(""), description="Its password")
    ibkr_paper_username: SecretStr = Field(SecretStr(""), description="User name of the broker's paper login")
    ibkr_paper_password: SecretStr = Field(SecretStr(""), description="Its password")
    publisher_secret: SecretStr = Field(
        SecretStr(""), description="Secret by which the detector signs in to the backend; with cluster.identity keys"
    )
    logs_secret: SecretStr = Field(SecretStr(""), description="Client secret of the log forwarder's principal")
    grafana_password: SecretStr = Field(SecretStr(""), description="Password of Grafana's admin")
    telegram_token: SecretStr = Field(SecretStr(""), description="Token of the Telegram bot that tells of alerts")
    mail_password: SecretStr = Field(SecretStr(""), description="Password of notifications.mailUser")

    def includes(self, layer: Layer) -> bool:
        """Whether the stack has this layer."""
        return layer in self.layers

    @property
    def installs_monitoring(self) -> bool:
        """Whether this stack brings the cluster's one kube-prometheus-stack."""
        return self.releases.monitoring and self.includes(Layer.RELEASES)

    @property
    def forwards_logs(self) -> bool:
        """Whether the stack brings a log forwarder: there is a workspace to send to, and nobody said no."""
        return self.releases.logging and self.includes(Layer.RELEASES) and self.includes(Layer.CLOUD)
