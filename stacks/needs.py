"""Needs: settings that committed files leave empty and an operation must have. Pure; reads settings only."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr
from pydantic.alias_generators import to_snake

from stacks.keys import all_keys, how_to_set
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode, VpnSku
from stacks.settings.platform import UNRESOLVED, ClusterIdentity, GatewayMode, Hub, ImageSource, Store

SECRET = "<secret>"  # noqa: S105  (what a plan shows in a secret's place)


def is_placeholder(text: str) -> bool:
    """Whether a plan put this in the place of a setting."""
    return text.startswith("<setting:")


@dataclass(frozen=True)
class Need:
    """A setting that is empty and needed before up. `refuses`: up and preview end without it."""

    key: str
    why: str
    layer: Layer
    refuses: bool = True

    @property
    def is_secret(self) -> bool:
        return all_keys()[self.key].is_secret

    @property
    def is_digest(self) -> bool:
        """Whether a digest is what is needed: a plan shows it as unresolved, not as a placeholder."""
        return bool(all_keys()[self.key].default == UNRESOLVED)

    @property
    def sentence(self) -> str:
        """What is missing, who needs it and how it is set."""
        state = UNRESOLVED if self.is_digest else "empty"
        needs = f" and the layer {self.layer} needs it, " if self.refuses else ": "
        return f"{self.key} is {state}{needs}{self.why}: '{how_to_set(self.key)}'"


def _always(_: StackSettings) -> bool:
    return True


@dataclass(frozen=True)
class Rule:
    """When a layer needs a key. `condition`: what `when` asks, in words for the reference."""

    key: str
    layer: Layer
    why: str
    condition: str = ""
    when: Callable[[StackSettings], bool] = _always
    refuses: bool = True


def _gateway(settings: StackSettings) -> bool:
    return settings.vpn.sku is not VpnSku.NONE


def _federated(settings: StackSettings) -> bool:
    return settings.includes(Layer.CLUSTER) and settings.cluster.identity is ClusterIdentity.FEDERATED


def _reached(settings: StackSettings) -> bool:
    """Whether this run may touch the cluster: a run for an earlier layer says no."""
    return settings.deploy.cluster


def _by_key(settings: StackSettings) -> bool:
    keys = settings.includes(Layer.CLOUD) and settings.cluster.identity is ClusterIdentity.KEYS
    return keys and _reached(settings)


def _tables_by_key(settings: StackSettings) -> bool:
    return _by_key(settings) and settings.services.store is Store.TABLES


def _signalr_by_key(settings: StackSettings) -> bool:
    return _by_key(settings) and settings.services.hub is Hub.AZURE


def _webapp(settings: StackSettings) -> bool:
    """Whether the web app is declared: it runs an image."""
    return settings.includes(Layer.IMAGES) and settings.deploy.images


def _pulls_elsewhere(settings: StackSettings) -> bool:
    return _webapp(settings) and settings.registry.mode is RegistryMode.SHARED


def _pinned(settings: StackSettings) -> bool:
    """Whether digests are asked for: not in a stack's first run, when its registry is yet to be made."""
    return settings.images.source is ImageSource.PINNED and settings.deploy.images


def _pinned_in_cluster(settings: StackSettings) -> bool:
    return _pinned(settings) and settings.includes(Layer.CLUSTER)


def _simulated(settings: StackSettings) -> bool:
    return _pinned_in_cluster(settings) and settings.cluster.gateway is GatewayMode.SIMULATOR


_DIGEST = "nothing runs without a digest"
_PINNED = "with `images.source` pinned"

RULES = (
    Rule("azure.subscriptionId", Layer.CLOUD, "every id in Azure begins with it"),
    Rule("azure.tenantId", Layer.CLOUD, "the vault and the sign-in of the services name it"),
    Rule(
        "azure.apiAudience",
        Layer.CLOUD,
        "the web app lets in tokens for it and no others",
        "for the web app (`deploy.images`)",
        _webapp,
    ),
    Rule("alerts.contacts", Layer.CLOUD, "budget and alerts are mailed to them"),
    Rule(
        "registry.id",
        Layer.CLOUD,
        "the web app is granted its pulls there",
        "for the web app with `registry.mode` shared",
        _pulls_elsewhere,
    ),
    Rule(
        "cluster.issuer",
        Layer.CLOUD,
        "the cluster's services are trusted by it",
        "with `cluster.identity` federated",
        _federated,
    ),
    Rule("images.backend", Layer.IMAGES, _DIGEST, _PINNED, _pinned),
    Rule("images.detector", Layer.IMAGES, _DIGEST, _PINNED, _pinned_in_cluster),
    Rule("images.tradingBot", Layer.IMAGES, _DIGEST, _PINNED, _pinned_in_cluster),
    Rule("images.simulator", Layer.IMAGES, _DIGEST, f"{_PINNED}, `cluster.gateway` simulator", _simulated),
    Rule(
        "onPrem.address",
        Layer.VPN,
        "without it there is a gateway and no connection",
        "for a connection; goes up without",
        _gateway,
        refuses=False,
    ),
    Rule("cluster.context", Layer.CLUSTER, "it says which cluster of the kubeconfig is meant", when=_reached),
    Rule("cluster.uid", Layer.CLUSTER, "it proves that the cluster is the meant one", when=_reached),
    Rule(
        "storageConnectionString",
        Layer.CLUSTER,
        "with cluster.identity keys the services sign in to the tables by it",
        "with `cluster.identity` keys",
        _tables_by_key,
    ),
    Rule(
        "signalrConnectionString",
        Layer.CLUSTER,
        "with cluster.identity keys the backend signs in to SignalR by it",
        "with `cluster.identity` keys",
        _signalr_by_key,
    ),
)
"""What committed files leave empty, in the order of the layers."""


def value_of(settings: StackSettings, key: str) -> Any:
    """The value under a dotted key."""
    value: Any = settings
    for part in key.split("."):
        value = getattr(value, to_snake(part))
    return value


def _absent(settings: StackSettings, key: str) -> bool:
    value = value_of(settings, key)
    return value == UNRESOLVED or not (value.get_secret_value() if isinstance(value, SecretStr) else value)


def _included(settings: StackSettings) -> Iterator[Rule]:
    for rule in RULES:
        if settings.includes(rule.layer) and rule.when(settings):
            yield rule


def needed(settings: StackSettings) -> list[Need]:
    """What the stack's layers need before up and is empty or unresolved, in the order of the layers."""
    return [
        Need(rule.key, rule.why, rule.layer, rule.refuses)
        for rule in _included(settings)
        if _absent(settings, rule.key)
    ]


def missing(settings: StackSettings) -> list[str]:
    """One sentence for each key that up and preview cannot do without; raise them together by stacks.refusal."""
    return [need.sentence for need in needed(settings) if need.refuses]


def for_plan(settings: StackSettings) -> StackSettings:
    """The settings with a placeholder in each needed place: `<secret>`, or `<setting:KEY>`.

    A plan made from these shows every resource; they are never given to an engine. Digests stay `unresolved`.
    """
    for need in needed(settings):
        if need.is_digest:
            continue
        settings = _replaced(settings, need.key.split("."), _placeholder(settings, need))
    return settings


def _placeholder(settings: StackSettings, need: Need) -> Any:
    if need.is_secret:
        return SecretStr(SECRET)
    text = f"<setting:{need.key}>"
    return (text,) if isinstance(value_of(settings, need.key), tuple) else text


def _replaced(section: Any, path: list[str], value: Any) -> Any:
    """A copy with one value replaced. Not validated: a placeholder fits no pattern."""
    name = to_snake(path[0])
    inner = value if len(path) == 1 else _replaced(getattr(section, name), path[1:], value)
    return section.model_copy(update={name: inner})
