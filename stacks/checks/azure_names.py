"""Name checks: lengths and characters that each kind of resource takes, and names that two stacks cannot both have.

Source: Azure's naming rules by resource provider; Kubernetes' object names (RFC 1123).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import combinations

from stacks.checks.words import both
from stacks.naming import CLUSTER_ROLES, VOLUMES, Names
from stacks.settings import Layer, StackSettings
from stacks.settings.cloud import RegistryMode, VpnSku


@dataclass(frozen=True)
class NameRule:
    """What names of one kind may be: a pattern, the words for it, a length."""

    kind: str
    pattern: str
    words: str
    shortest: int
    longest: int

    def fits(self, name: str) -> bool:
        """Whether a resource of this kind may be called so."""
        return self.shortest <= len(name) <= self.longest and re.fullmatch(self.pattern, name) is not None


_DOTTED = r"[A-Za-z0-9]([A-Za-z0-9_.-]*[A-Za-z0-9_])?"
_HYPHENED = r"[A-Za-z0-9]([A-Za-z0-9-]*[A-Za-z0-9])?"
_LABEL = r"[a-z0-9]([a-z0-9-]*[a-z0-9])?"
_DOTTED_WORDS = "letters, digits, '_', '.' and '-', a letter or digit first, no '.' or '-' last"
_HYPHENED_WORDS = "letters, digits and '-', no '-' at either end"
_LABEL_WORDS = "lower-case letters, digits and '-', no '-' at either end"

RESOURCE_GROUP = NameRule(
    "resource group", r"[\w().-]*[\w()-]", "letters, digits, '_', '(', ')', '.' and '-', no '.' last", 1, 90
)
NETWORK = NameRule("virtual network", _DOTTED, _DOTTED_WORDS, 2, 64)
NETWORK_PART = NameRule("network resource", _DOTTED, _DOTTED_WORDS, 1, 80)
REGISTRY = NameRule("container registry", r"[A-Za-z0-9]+", "letters and digits only", 5, 50)
STORAGE = NameRule("storage account", r"[a-z0-9]+", "lower-case letters and digits only", 3, 24)
VAULT = NameRule(
    "Key Vault",
    r"[A-Za-z](-?[A-Za-z0-9])*",
    "letters, digits and single '-', a letter first, no '-' last",
    3,
    24,
)
WEBAPP = NameRule("web app", _HYPHENED, _HYPHENED_WORDS, 2, 60)
PLAN = NameRule("App Service plan", r"[A-Za-z0-9-]+", "letters, digits and '-'", 1, 60)
SITE = NameRule("Static Web App", _HYPHENED, _HYPHENED_WORDS, 2, 60)
SIGNALR = NameRule("SignalR", r"[A-Za-z]([A-Za-z0-9-]*[A-Za-z0-9])?", f"{_HYPHENED_WORDS}, a letter first", 3, 63)
WORKSPACE = NameRule("Log Analytics workspace", _HYPHENED, _HYPHENED_WORDS, 4, 63)
INSIGHTS = NameRule("Application Insights", r"[^%&\\?/]*[^%&\\?/ .]", "anything but '%', '&', '\\', '?', '/'", 1, 260)
IDENTITY = NameRule("managed identity", r"[A-Za-z0-9][A-Za-z0-9_-]*", "letters, digits, '_' and '-'", 3, 128)
REGISTRY_PART = NameRule("registry token or scope map", r"[A-Za-z0-9_-]+", "letters, digits, '_' and '-'", 5, 50)
ENDPOINT = NameRule("data collection endpoint", _HYPHENED, _HYPHENED_WORDS, 3, 44)
COLLECTION = NameRule("data collection rule", _HYPHENED, _HYPHENED_WORDS, 3, 64)
MONITOR = NameRule("monitor resource", _HYPHENED, _HYPHENED_WORDS, 1, 260)
BUDGET = NameRule("budget", r"[A-Za-z0-9_-]+", "letters, digits, '_' and '-'", 1, 63)
LABEL = NameRule(
    "Kubernetes namespace", rf"(?!(kube-.*|default)$){_LABEL}", f"{_LABEL_WORDS}, none of Kubernetes' own", 1, 63
)
OBJECT = NameRule("Kubernetes object", rf"{_LABEL}(\.{_LABEL})*", f"{_LABEL_WORDS}, and '.' between such", 1, 253)

IDENTITY_ROLES = ("webapp", "detector", "backend", "bot", "deploy", "preview")


def ruled(settings: StackSettings) -> Iterator[tuple[str, str, NameRule]]:
    """Every name of the stack: the key to change it by, the name, the rule."""
    names = Names(settings)
    if settings.includes(Layer.CLOUD):
        yield from _overridable(settings, names)
        yield from _bootstrapped(names)
        yield from (("projectName", name, rule) for name, rule in _derived(names))
    if settings.includes(Layer.VPN) and settings.vpn.sku is not VpnSku.NONE:
        for name in (names.vpn_gateway, names.vpn_public_address, names.local_network_gateway, names.vpn_connection):
            yield "projectName", name, NETWORK_PART
    if settings.includes(Layer.CLUSTER):
        yield "names.namespace", names.namespace, LABEL
        yield "names.storageClass", names.storage_class, OBJECT
        yield from (("names.volumes", names.persistent_volume(volume), OBJECT) for volume in VOLUMES)
        yield from (("names.clusterRoles", names.cluster_role(role), OBJECT) for role in CLUSTER_ROLES)


def _overridable(settings: StackSettings, names: Names) -> Iterator[tuple[str, str, NameRule]]:
    """Names that must be unique beyond the resource group, each with a setting of its own."""
    yield "names.resourceGroup", names.resource_group, RESOURCE_GROUP
    yield "names.storage", names.storage, STORAGE
    yield "names.vault", names.vault, VAULT
    yield "names.webapp", names.webapp, WEBAPP
    yield "names.signalr", names.signalr, SIGNALR
    if settings.registry.mode is RegistryMode.OWN:
        yield "names.registry", names.registry, REGISTRY


def _bootstrapped(names: Names) -> Iterator[tuple[str, str, NameRule]]:
    """Names of what `spy bootstrap` makes."""
    yield "bootstrap.resourceGroup", names.state_resource_group, RESOURCE_GROUP
    yield "bootstrap.stateAccount", names.state_account, STORAGE
    yield "bootstrap.vault", names.secrets_vault, VAULT
    yield "bootstrap.issuerAccount", names.issuer_account, STORAGE


def _derived(names: Names) -> Iterator[tuple[str, NameRule]]:
    """Names inside the resource group."""
    yield names.virtual_network, NETWORK
    yield names.network_security_group, NETWORK_PART
    yield names.private_endpoint, NETWORK
    yield names.private_endpoint_interface, NETWORK_PART
    yield names.registry_scope_map, REGISTRY_PART
    yield names.registry_token, REGISTRY_PART
    yield names.app_service_plan, PLAN
    yield names.site, SITE
    yield names.workspace, WORKSPACE
    yield names.application_insights, INSIGHTS
    yield names.data_collection_endpoint, ENDPOINT
    yield names.data_collection_rule, COLLECTION
    yield names.action_group, MONITOR
    yield names.availability_test, MONITOR
    yield names.budget, BUDGET
    yield from ((names.identity(role), IDENTITY) for role in IDENTITY_ROLES)


UNIQUE = frozenset(
    {
        "bootstrap.resourceGroup",
        "bootstrap.stateAccount",
        "bootstrap.vault",
        "bootstrap.issuerAccount",
        "names.resourceGroup",
        "names.registry",
        "names.storage",
        "names.vault",
        "names.webapp",
        "names.signalr",
    }
)
"""Keys of names that two stacks cannot both have."""


def alone(settings: StackSettings) -> Iterator[str]:
    """Names that Azure or Kubernetes would refuse, most of them after minutes of deployment."""
    for key, name, rule in ruled(settings):
        if not rule.fits(name):
            yield (
                f"{rule.kind} {name!r} has {len(name)} characters and must have {rule.shortest} to {rule.longest}, "
                f"{rule.words}: set {key}"
            )


def together(stacks: Sequence[StackSettings]) -> Iterator[str]:
    """Names that are unique in all of Azure, or in a subscription, may belong to one stack only."""
    for one, other in combinations(stacks, 2):
        theirs = _unique_names(other)
        for key, name in _unique_names(one).items():
            if theirs.get(key) == name:
                yield f"{both(one, other)} both have {key} {name!r}: give one of them another"


def _unique_names(settings: StackSettings) -> dict[str, str]:
    return {key: name.lower() for key, name, _ in ruled(settings) if key in UNIQUE}
