"""Composition checks: layers that need one another, and choices that need a layer or a partner."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stacks.checks.words import HOST, HOST_FORM, given
from stacks.naming import PLAIN_STACK, Names
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode, SignalrSku
from stacks.settings.platform import ClusterIdentity, Hub, ImageSource, Store

_NEEDS = {
    Layer.CLOUD: Layer.IMAGES,
    Layer.VPN: Layer.CLOUD,
    Layer.CLUSTER: Layer.IMAGES,
    Layer.RELEASES: Layer.CLUSTER,
}
"""Which other layer each cannot be without; the web app of `cloud` runs an image."""

_SIGNALR_UNITS = (1, 2, 5, 10, 20, 50, 100)
_FREE_MESSAGES = 20_000
_ACR = ".azurecr.io"
_REGISTRY_ID = re.compile(
    r"/subscriptions/(?P<subscription>[^/]+)/resourceGroups/[^/]+/providers"
    r"/Microsoft\.ContainerRegistry/registries/(?P<name>[A-Za-z0-9]+)"
)


def alone(settings: StackSettings) -> Iterator[str]:
    """Parts that do not go together."""
    if not settings.layers:
        yield "layers is empty, and up would delete all that the stack has: name the layers it consists of"
    for layer, needed in _NEEDS.items():
        if settings.includes(layer) and not settings.includes(needed):
            yield f"layers has {layer} and lacks {needed}: add {needed} or leave out {layer}"
    if len(set(settings.layers)) != len(settings.layers):
        yield "layers names a layer twice: name each once"
    yield from _registry(settings)
    yield from _images(settings)
    yield from _signalr(settings)
    if settings.includes(Layer.CLUSTER):
        yield from _identity(settings)


def _registry(settings: StackSettings) -> Iterator[str]:
    registry = settings.registry
    if registry.mode is RegistryMode.SHARED and not registry.host:
        yield f"registry.mode is shared and registry.host is empty: set registry.host to {HOST} of the shared registry"
    if registry.host and not re.fullmatch(HOST_FORM, registry.host):
        yield f"registry.host {registry.host!r} is no host: give {HOST} in small letters, without scheme and path"
    yield from _registry_id(settings)
    if registry.mode is RegistryMode.OWN:
        own = Names(settings.model_copy(update={"registry": registry.model_copy(update={"host": ""})})).registry_host
        if registry.host not in {"", own}:
            yield (
                f"registry.host is {registry.host} and registry.mode own makes {own}: leave registry.host empty or set "
                "registry.mode to shared"
            )
        if settings.includes(Layer.IMAGES) and not settings.includes(Layer.CLOUD):
            yield "registry.mode is own and the layer cloud, which makes it, is left out: set registry.mode to shared"


def _registry_id(settings: StackSettings) -> Iterator[str]:
    """The shared registry's id: only the form that Azure answers, and in this stack's reach."""
    registry, subscription = settings.registry, settings.azure.subscription_id
    if not given(registry.id):
        return
    if registry.mode is RegistryMode.OWN:
        yield "registry.id is set and registry.mode is own: leave registry.id empty or set registry.mode to shared"
    elif not (found := _REGISTRY_ID.fullmatch(registry.id)):
        yield f"registry.id {registry.id!r} is no id of a registry: give what 'az acr show -n NAME --query id' prints"
    elif given(subscription) and found["subscription"].lower() != subscription.lower():
        yield (
            f"registry.id is in the subscription {found['subscription']} and azure.subscriptionId is {subscription}: "
            "share a registry of the same subscription or set registry.mode to own"
        )
    elif registry.host.endswith(_ACR) and not _is_host_of(registry.host, found["name"]):
        yield f"registry.id names {found['name']} and registry.host is {registry.host}: give both of one registry"


def _is_host_of(host: str, name: str) -> bool:
    """Whether a host is this registry's. Azure may add a hyphen and a hash to the name."""
    return host.split(".", maxsplit=1)[0].partition("-")[0] == name.lower()


def _images(settings: StackSettings) -> Iterator[str]:
    if settings.stack == PLAIN_STACK and settings.images.source is ImageSource.BUILD:
        yield "images.source is build and prod never builds: set it to pinned and take the digests that dev has run"


def _signalr(settings: StackSettings) -> Iterator[str]:
    signalr = settings.signalr
    if signalr.sku is SignalrSku.FREE:
        if signalr.capacity != 1:
            yield (
                f"signalr.capacity is {signalr.capacity} and Free_F1 has one unit: set it to 1 or signalr.sku to "
                "Standard_S1"
            )
        if signalr.message_quota_per_day > _FREE_MESSAGES:
            yield (
                f"signalr.messageQuotaPerDay is {signalr.message_quota_per_day} and Free_F1 sends {_FREE_MESSAGES} a "
                "day: set it lower or signalr.sku to Standard_S1"
            )
    elif signalr.capacity not in _SIGNALR_UNITS:
        units = ", ".join(map(str, _SIGNALR_UNITS))
        yield f"signalr.capacity is {signalr.capacity} and Standard_S1 has {units} units: choose one of these"


def _identity(settings: StackSettings) -> Iterator[str]:
    """How the cluster's services sign in, against the doors that are open in Azure."""
    keys = settings.cluster.identity is ClusterIdentity.KEYS
    cloud = settings.includes(Layer.CLOUD)
    uses = (
        ("services.store", settings.services.store, Store.TABLES, "storage.sharedKey", settings.storage.shared_key),
        ("services.hub", settings.services.hub, Hub.AZURE, "signalr.localAuth", settings.signalr.local_auth),
    )
    for key, value, azure, door_key, door in uses:
        if value is azure and not cloud:
            other = "sqlite" if azure is Store.TABLES else "embedded"
            yield f"{key} is {value} and the layer cloud, which makes it, is left out: set {key} to {other}"
        if cloud and keys and value is azure and not door:
            yield f"cluster.identity is keys and {door_key} is false, so that no key is let in: set {door_key} to true"
        if cloud and not keys and door:
            yield (
                f"{door_key} is true and cluster.identity federated needs no key: set {door_key} to false or "
                "cluster.identity to keys"
            )
