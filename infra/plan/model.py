"""Plan: everything the program of one stack told the engine. Data only."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

STACK_TYPE = "pulumi:pulumi:Stack"
PROVIDER_TYPES = "pulumi:providers:"
OWN_TYPES = "spy:"
LAYER_TYPES = "spy:layer:"


class Mode(StrEnum):
    """What the program learns about what is not yet there."""

    PREVIEW = "preview"
    """Nothing: outputs that the cloud computes are unknown, as in the engine's preview of an empty stack."""
    UPDATE = "update"
    """The values of infra/cloud_model, as in an update."""
    SYMBOLIC = "symbolic"
    """Their names, e.g. `<network/virtual-network.id>`: what the golden plan prints."""


@dataclass(frozen=True)
class Registration:
    """One resource as it was registered. Property names as on the wire; URNs whole; lists of URNs sorted."""

    urn: str
    type: str
    name: str
    parent: str
    custom: bool
    inputs: dict[str, Any]
    provider: str = ""
    providers: dict[str, str] = field(default_factory=dict)
    protect: bool = False
    retain_on_delete: bool = False
    deleted_with: str = ""
    delete_before_replace: bool | None = None
    ignore_changes: tuple[str, ...] = ()
    replace_on_changes: tuple[str, ...] = ()
    additional_secret_outputs: tuple[str, ...] = ()
    aliases: tuple[str, ...] = ()
    dependencies: tuple[str, ...] = ()
    property_dependencies: dict[str, tuple[str, ...]] = field(default_factory=dict)
    custom_timeouts: dict[str, str] = field(default_factory=dict)
    import_id: str = ""

    @property
    def is_provider(self) -> bool:
        """Whether this is an explicit provider."""
        return self.type.startswith(PROVIDER_TYPES)

    @property
    def is_layer(self) -> bool:
        """Whether this is the component of a layer."""
        return self.type.startswith(LAYER_TYPES)


@dataclass(frozen=True)
class Read:
    """One resource that exists already and is only read."""

    urn: str
    type: str
    name: str
    parent: str
    id: str
    provider: str = ""
    dependencies: tuple[str, ...] = ()


@dataclass(frozen=True)
class Invocation:
    """One call of a provider function."""

    token: str
    args: dict[str, Any]


@dataclass(frozen=True)
class Plan:
    """What the program of a stack registered, in whatever order: all mappings are by URN, sorted."""

    stack: str
    resources: dict[str, Registration]
    reads: dict[str, Read]
    invocations: tuple[Invocation, ...]
    component_outputs: dict[str, dict[str, Any]]
    outputs: dict[str, Any]

    def ancestors(self, urn: str) -> list[Registration]:
        """Parents of a resource, nearest first, without the stack."""
        found: list[Registration] = []
        parent = (self.resources.get(urn) or self.reads[urn]).parent
        while parent in self.resources and self.resources[parent].type != STACK_TYPE:
            found.append(self.resources[parent])
            parent = self.resources[parent].parent
        return found

    def layer(self, urn: str) -> str:
        """Name of the layer a resource belongs to; "" for what is directly under the stack."""
        if urn in self.resources and self.resources[urn].is_layer:
            return self.resources[urn].name
        return next((one.name for one in self.ancestors(urn) if one.is_layer), "")

    def of_type(self, type_: str) -> list[Registration]:
        """Resources of one type, by URN."""
        return [one for one in self.resources.values() if one.type == type_]

    def named(self, type_: str, name: str) -> Registration:
        """The one resource of this type and logical name. Raises LookupError when there is none or more than one."""
        found = [one for one in self.of_type(type_) if one.name == name]
        if len(found) != 1:
            raise LookupError(f"{len(found)} resources {type_} are called {name} in {self.stack}")
        return found[0]

    def path(self, urn: str) -> str:
        """Names of the components above a resource, below its layer, and its own: `network/virtual-network`."""
        own = (self.resources.get(urn) or self.reads[urn]).name
        above = [one.name for one in self.ancestors(urn) if not one.is_layer]
        return "/".join([*reversed(above), own])
