"""Settings of the Azure half: network, VPN, registry, storage, realtime, web app, logs, alerts, vault, budget."""

from __future__ import annotations

from datetime import date
from enum import StrEnum
from ipaddress import IPv4Network

from pydantic import Field

from stacks.settings.base import Section


class VpnSku(StrEnum):
    """Gateway SKUs the program knows. Basic takes no custom IPsec policy and cannot be changed to another in place."""

    NONE = "none"
    BASIC = "Basic"
    VPN_GW1_AZ = "VpnGw1AZ"


class RegistryMode(StrEnum):
    """Whose registry holds the images: one declared by this stack, or another stack's."""

    OWN = "own"
    SHARED = "shared"


class SiteSku(StrEnum):
    """Static Web App plans; only Standard takes a linked backend."""

    FREE = "Free"
    STANDARD = "Standard"


class SignalrSku(StrEnum):
    """Free: 20 connections and 20,000 messages a day. Standard: 1,000 connections a unit, 1 M messages a day."""

    FREE = "Free_F1"
    STANDARD = "Standard_S1"


class AzureSettings(Section):
    """Where in Azure, and as what people sign in. The three ids are personal and stay empty in committed files."""

    subscription_id: str = Field("", description="Azure subscription id (a GUID); needed before up of the cloud layer")
    tenant_id: str = Field("", description="Entra tenant id (a GUID); needed before up of the cloud layer")
    api_audience: str = Field(
        "",
        description="Client id (a GUID) of the app registration that the page's tokens are for; needed before up of "
        "the cloud layer with the web app",
    )
    location: str = Field("westeurope", pattern="^[a-z0-9]+$", description="Azure region of every resource")
    site_location: str = Field(
        "westeurope",
        pattern="^(centralus|eastasia|eastus2|westeurope|westus2)$",
        description="Region of the Static Web App: centralus, eastasia, eastus2, westeurope or westus2",
    )


class TagSettings(Section):
    """Tags on every taggable resource, beside Project, Environment and ManagedBy."""

    owner: str = Field("platform", description="Tag Owner")
    cost_center: str = Field("Trading-Infrastructure", description="Tag CostCenter")


class NetworkSettings(Section):
    """The virtual network and its four subnets."""

    address_space: IPv4Network = Field(IPv4Network("10.0.0.0/16"), description="Address space of the virtual network")
    gateway_subnet: IPv4Network = Field(IPv4Network("10.0.0.0/27"), description="GatewaySubnet, /27 or larger")
    app_subnet: IPv4Network = Field(IPv4Network("10.0.1.0/24"), description="AppSubnet, delegated to the App Service")
    container_subnet: IPv4Network = Field(
        IPv4Network("10.0.2.0/24"), description="ContainerSubnet, delegated to Container Instances"
    )
    private_endpoint_subnet: IPv4Network = Field(
        IPv4Network("10.0.3.0/27"), description="PrivateEndpointSubnet, not delegated"
    )


class OnPremSettings(Section):
    """The network at home."""

    address: str = Field("", description="Public IPv4 address or DNS name of the home line; empty: no VPN connection")
    address_space: IPv4Network = Field(IPv4Network("192.168.1.0/24"), description="Home network reached by the tunnel")

    @property
    def address_is_name(self) -> bool:
        """Whether the address is a DNS name. What a plan puts for an absent setting counts as a number."""
        return any(letter.isalpha() for letter in self.address) and not self.address.startswith("<")


class VpnSettings(Section):
    """Site-to-site gateway. The pre-shared key is the secret vpnPsk."""

    sku: VpnSku = Field(VpnSku.NONE, description="none, Basic (dev/test grade: modp1024 only) or VpnGw1AZ")
    custom_policy: bool = Field(
        default=False, description="Declare the IPsec policy of infra/ipsec.py instead of Azure's default offers"
    )


class RegistrySettings(Section):
    """Container registry: this stack's own, or another stack's."""

    mode: RegistryMode = Field(RegistryMode.OWN, description="own: declared here; shared: see registry.host and .id")
    host: str = Field("", description="Registry host, HOST[:PORT]; empty: follows from its name")
    id: str = Field("", description="Resource id of the shared registry, in which the web app is granted its pulls")


class StorageSettings(Section):
    """Storage account of the tables."""

    sku: str = Field(
        "Standard_LRS",
        pattern="^Standard_(LRS|ZRS|GRS|RAGRS|GZRS|RAGZRS)$",
        description="Replication of the storage account: Standard_LRS, _ZRS, _GRS, _RAGRS, _GZRS or _RAGZRS",
    )
    shared_key: bool = Field(default=False, description="Allow account keys; only with cluster.identity keys")
    private_endpoint: bool = Field(default=False, description="Private endpoint for tables, with its DNS zone")


class SignalrSettings(Section):
    """Azure SignalR in serverless mode."""

    sku: SignalrSku = Field(SignalrSku.FREE, description="Free_F1 or Standard_S1 (49 USD a unit)")
    capacity: int = Field(1, ge=1, le=100, description="Units")
    local_auth: bool = Field(default=False, description="Allow access keys; only with cluster.identity keys")
    message_quota_per_day: int = Field(20_000, ge=1, description="Messages a day before the alert; 20,000 on Free_F1")


class WebappSettings(Section):
    """App Service plan and web app."""

    sku: str = Field(
        "B1", pattern="^(B1|B2|B3|S1|P0v3|P1v3)$", description="App Service plan, Linux: B1, B2, B3, S1, P0v3 or P1v3"
    )


class SiteSettings(Section):
    """Static Web App of the dashboard."""

    sku: SiteSku = Field(SiteSku.FREE, description="Free, or Standard (9 USD) with the web app as linked backend")
    custom_domain: str = Field("", description="Own domain of the dashboard; empty: the generated host")


class LogSettings(Section):
    """Log Analytics workspace and Application Insights."""

    retention_days: int = Field(30, ge=30, le=730, description="Retention of the workspace, days")
    daily_cap_gb: float = Field(0.2, gt=0, le=100, description="Daily ingestion cap of the workspace, GB")
    sampling_percent: float = Field(100.0, gt=0, le=100, description="Sampling of Application Insights, per cent")
    publishers: tuple[str, ...] = Field(
        (), description="Principal ids (GUIDs) of log forwarders that may write, beside the services' identities"
    )
    forwarder_id: str = Field("", description="Client id of the cluster's log forwarder; needed with releases.logging")
    forwarder_expires: str = Field("", description="Day its secret ends, YYYY-MM-DD; written by spy bootstrap")


class AlertSettings(Section):
    """Who is told, and how often the page is probed."""

    contacts: tuple[str, ...] = Field((), description="E-mail addresses of action group and budget; needed before up")
    availability_minutes: int = Field(15, ge=5, le=15, description="Minutes between availability probes: 5, 10 or 15")


class VaultSettings(Section):
    """Key Vault."""

    suffix: str = Field(
        "0dte", pattern="^[a-z0-9]{4}$", description="Four letters or digits, for a name that nobody has"
    )
    soft_delete_days: int = Field(7, ge=7, le=90, description="Days to recover what was deleted; fixed at creation")
    purge_protection: bool = Field(default=False, description="Refuse purging; once on it can never be turned off")
    operators: tuple[str, ...] = Field((), description="Object ids (GUIDs) of persons who administer the Key Vault")
    operator_groups: tuple[str, ...] = Field((), description="Object ids (GUIDs) of groups that administer it")
    addresses: tuple[IPv4Network, ...] = Field(
        (), description="Public addresses that operators reach it from, beside the home line's"
    )


class BudgetSettings(Section):
    """Monthly budget of the resource group."""

    amount: int = Field(30, ge=1, le=100_000, description="Monthly budget, USD; not below the declared cost")
    start_date: date = Field(date(2026, 11, 1), description="First month, on its first day; never changed")
