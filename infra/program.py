"""Program: the one file that knows every component and wires them. Reads nothing but its settings."""

from __future__ import annotations

from typing import Any

import pulumi
import pulumi_azure_native as azure
import pulumi_docker_build as docker_build
import pulumi_random as random
from pulumi_azure_native import resources

from apps.contracts.names import AzureEnv
from infra.cloud.availability import Availability
from infra.cloud.identity import Identities
from infra.cloud.linked_backend import LinkedBackend
from infra.cloud.network import Network
from infra.cloud.observability import Observability
from infra.cloud.private_endpoint import PrivateEndpoint
from infra.cloud.realtime import Realtime
from infra.cloud.registry import Registry
from infra.cloud.security_group import SecurityGroup
from infra.cloud.shared_registry import SharedRegistry
from infra.cloud.site import Site
from infra.cloud.storage import Storage
from infra.cloud.tunnel_alerts import TunnelAlerts
from infra.cloud.vault import Vault
from infra.cloud.vpn import VpnGateway
from infra.cloud.vpn_connection import VpnConnection
from infra.cloud.webapp import Webapp, WebappArgs
from infra.cloud.webapp_settings import webapp_settings
from infra.cluster.assembly import declare_cluster
from infra.cluster.connection import connect
from infra.declared import Cloud, Told, Vpn, cluster_told, images_told, releases_told, webapp_told
from infra.images import Images
from infra.layers import CloudLayer, ImagesLayer, VpnLayer
from infra.outputs import exports
from infra.readme import readme
from infra.releases.assembly import declare_releases
from infra.scope import Scope
from stacks.naming import Names
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode, SiteSku, VpnSku
from stacks.settings.platform import ImageSource


def build(settings: StackSettings) -> dict[str, pulumi.Input[Any]]:
    """Declare every resource of the stack; returns its outputs, by their exported names."""
    told: Told = {"stack": settings.stack}
    cloud = _cloud(settings) if settings.includes(Layer.CLOUD) else None
    running = settings.includes(Layer.IMAGES) and settings.deploy.images
    images = _images(settings, cloud) if running else None
    if cloud:
        told |= cloud.told()
    if images:
        told |= images_told(images, Names(settings))
    if cloud and images:
        told |= webapp_told(_webapp(cloud, images))
    if cloud and settings.includes(Layer.VPN) and settings.vpn.sku is not VpnSku.NONE:
        told |= _vpn(cloud).told()
    if images and settings.includes(Layer.CLUSTER):
        told |= _cluster(settings, cloud, images)
    return exports({**told, "readme": readme(settings, told)})


def _azure_provider(settings: StackSettings) -> azure.Provider:
    return azure.Provider(
        "azure",
        azure.ProviderArgs(
            subscription_id=settings.azure.subscription_id,
            tenant_id=settings.azure.tenant_id,
            location=settings.azure.location,
            disable_pulumi_partner_id=True,
        ),
    )


def _scope(settings: StackSettings, provider: azure.Provider) -> Scope:
    names = Names(settings)
    groups = f"/subscriptions/{settings.azure.subscription_id}/resourceGroups/"
    group = resources.ResourceGroup.get(
        "resource-group", groups + names.resource_group, pulumi.ResourceOptions(provider=provider)
    )
    # Not group.id: engines before the SDK's own version leave the id of a read unknown in previews, and whatever
    # has it as its scope would be replaced in every preview.
    return Scope(
        settings, names, resource_group_name=group.name, resource_group_id=pulumi.Output.concat(groups, group.name)
    )


def _cloud(settings: StackSettings) -> Cloud:
    provider = _azure_provider(settings)
    scope = _scope(settings, provider)
    layer = CloudLayer(pulumi.ResourceOptions(providers=[provider]))
    within = pulumi.ResourceOptions(parent=layer)
    guard = SecurityGroup("security-group", scope, within)
    network = Network("network", scope, guard.security_group_id, within)
    vault = Vault("vault", scope, network.app_subnet_id, within)
    identities = Identities("identities", scope, within)
    own = settings.registry.mode is RegistryMode.OWN
    registry = Registry("registry", scope, identities.webapp_principal_id, within) if own else None
    storage = Storage(
        "storage",
        scope,
        backend_principal_id=identities.backend_principal_id,
        webapp_principal_id=identities.webapp_principal_id,
        opts=within,
    )
    private = settings.storage.private_endpoint
    endpoint = PrivateEndpoint("private-endpoint", scope, network, storage, within) if private else None
    site = Site("site", scope, within)
    realtime = Realtime(
        "realtime",
        scope,
        origins=site.origins,
        backend_principal_id=identities.backend_principal_id,
        webapp_principal_id=identities.webapp_principal_id,
        opts=within,
    )
    observed = Observability("observability", scope, identities=identities, signalr_id=realtime.service_id, opts=within)
    return Cloud(
        provider, layer, scope, guard, network, vault, identities, registry, storage, endpoint, site, realtime, observed
    )


def _images(settings: StackSettings, cloud: Cloud | None) -> Images:
    building = settings.images.source is ImageSource.BUILD
    # host is said, because the package would otherwise write this machine's DOCKER_HOST into the stack.
    builders: list[pulumi.ProviderResource] = (
        [docker_build.Provider("docker-build", docker_build.ProviderArgs(host=""))] if building else []
    )
    layer = ImagesLayer(pulumi.ResourceOptions(providers=builders))
    registry = cloud.registry.registry if cloud and cloud.registry else None
    return Images(
        "images",
        settings,
        pushed_after=[registry] if registry else [],
        opts=pulumi.ResourceOptions(parent=layer),
    )


def _webapp(cloud: Cloud, images: Images) -> Webapp:
    """The one resource of the cloud layer that takes something of a later layer: the image's digest."""
    within, identities = pulumi.ResourceOptions(parent=cloud.layer), cloud.identities
    environment = webapp_settings(
        cloud.scope,
        client_id=identities.webapp_client_id,
        tables_endpoint=cloud.storage.tables_endpoint,
        signalr_endpoint=cloud.realtime.endpoint,
        origins=cloud.site.origins,
    )
    webapp = Webapp(
        "webapp",
        cloud.scope,
        WebappArgs(
            image=images.backend,
            identity_id=identities.webapp_id,
            identity_client_id=identities.webapp_client_id,
            identity_principal_id=identities.webapp_principal_id,
            vault_id=cloud.vault.vault_id,
            vault_name=cloud.vault.vault_name,
            subnet_id=cloud.network.app_subnet_id,
            settings=environment,
            secrets={AzureEnv.APPLICATION_INSIGHTS: cloud.observability.insights_connection_string},
            granted=_granted_to_webapp(cloud, within),
        ),
        within,
    )
    _around_webapp(cloud, webapp, within)
    return webapp


def _granted_to_webapp(cloud: Cloud, within: pulumi.ResourceOptions) -> list[pulumi.Resource]:
    """The rights on other resources that the web app cannot start without."""
    principal_id = cloud.identities.webapp_principal_id
    registry = cloud.registry or SharedRegistry("shared-registry", cloud.scope, principal_id, within)
    traces = cloud.observability.insights.written_by_webapp
    return [
        cloud.storage.read_by_webapp,
        cloud.realtime.negotiated_by_webapp,
        registry.pull_by_webapp,
        *([traces] if traces else []),
    ]


def _around_webapp(cloud: Cloud, webapp: Webapp, within: pulumi.ResourceOptions) -> None:
    """What asks the web app: the site that links it, and the probe."""
    if cloud.scope.settings.site.sku is SiteSku.STANDARD:
        site = cloud.site.site_name
        LinkedBackend("linked-backend", cloud.scope, site_name=site, webapp_id=webapp.webapp_id, opts=within)
    Availability(
        "availability",
        cloud.scope,
        webapp=webapp,
        insights=cloud.observability.insights,
        action_group_id=cloud.observability.action_group_id,
        opts=within,
    )


def _cluster(settings: StackSettings, cloud: Cloud | None, images: Images) -> Told:
    """The two layers in Kubernetes; each has a wiring of its own."""
    azure, names = cloud.facts() if cloud else None, Names(settings)
    cluster = declare_cluster(settings, connect(settings), images, azure)
    if not settings.includes(Layer.RELEASES):
        return cluster_told(names)
    declare_releases(cluster, azure)
    return cluster_told(names) | releases_told(settings, names)


def _vpn(cloud: Cloud) -> Vpn:
    settings = cloud.scope.settings
    connects = bool(settings.on_prem.address)
    makes_key = connects and not settings.vpn_psk.get_secret_value()
    makers = [random.Provider("random")] if makes_key else []
    layer = VpnLayer(pulumi.ResourceOptions(providers=[cloud.provider, *makers]))
    within = pulumi.ResourceOptions(parent=layer)
    gateway = VpnGateway("vpn-gateway", cloud.scope, cloud.network, within)
    connection = None
    if connects:
        connection = VpnConnection("vpn-connection", cloud.scope, gateway, cloud.vault, within)
        TunnelAlerts(
            "tunnel-alerts",
            cloud.scope,
            gateway_id=gateway.gateway_id,
            connection_id=connection.connection_id,
            action_group_id=cloud.observability.action_group_id,
            opts=within,
        )
    return Vpn(gateway, connection)
