"""Schema: what the provider packages say about a resource type. Derived from their classes, cached, never written here.

Uses pulumi's own reader of these classes (`pulumi._types`), which the SDK itself uses to translate names.
"""

from __future__ import annotations

import collections.abc
import importlib
import inspect
import types
import typing
from dataclasses import dataclass
from enum import Enum
from functools import cache
from typing import Any

from pulumi import Output, _types

PACKAGES = {
    "azure-native": "pulumi_azure_native",
    "kubernetes": "pulumi_kubernetes",
    "docker-build": "pulumi_docker_build",
    "random": "pulumi_random",
}
GROUP_FOLDERS = {"rbac.authorization": "rbac", "helm": "helm"}
"""Python folders of Kubernetes API groups whose name is not the group's first label."""


@dataclass(frozen=True)
class Shape:
    """Properties of an args class by their names on the wire, and which of them its constructor demands."""

    properties: dict[str, Any]
    required: frozenset[str]


@cache
def resource_class(token: str) -> type | None:
    """The package's class of a resource type; None for a type without one (custom resources, providers, components)."""
    package, module, name = [*token.split(":"), "", ""][:3]
    if package not in PACKAGES:
        return None
    try:
        home = importlib.import_module(".".join([PACKAGES[package], *_folders(package, module)]))
        found = getattr(home, name)
    except (ImportError, AttributeError):
        return None
    return found if isinstance(found, type) else None


def _folders(package: str, module: str) -> list[str]:
    if package in {"random", "docker-build"}:
        return []
    if package == "azure-native":
        return [module]
    group, _, version = module.partition("/")
    group = group.removesuffix(".k8s.io").removesuffix(".sh")
    return [GROUP_FOLDERS.get(group, group), version]


@cache
def args_class(token: str) -> type | None:
    """The class of the resource's own arguments: `...InitArgs` where `...Args` is a nested type of the same name."""
    resource = resource_class(token)
    if resource is None:
        return None
    home = importlib.import_module(resource.__module__)
    found = [getattr(home, name) for name in home.__all__ if name.endswith("Args")]
    return found[0] if found else None


@cache
def shape(args: type) -> Shape:
    """Properties and required properties of an args class."""
    names: dict[str, str] = _types.input_type_py_to_pulumi_names(args)
    parameters = inspect.signature(args.__init__).parameters.values()  # type: ignore[misc]
    demanded = [one.name for one in parameters if one.default is one.empty and one.name in names]
    return Shape(_types.input_type_types(args), frozenset(names[name] for name in demanded))


@cache
def outputs_of(token: str) -> dict[str, Any]:
    """Types of a resource's outputs, by their names on the wire; empty for a type without a class."""
    resource = resource_class(token)
    return {} if resource is None else dict(_types.resource_types(resource))


@cache
def optional_outputs(token: str) -> frozenset[str]:
    """Outputs that the provider may leave out."""
    resource = resource_class(token)
    if resource is None:
        return frozenset()
    names: dict[str, str] = _types.resource_py_to_pulumi_names(resource)
    hints = {python: _returned(resource, python) for python in names}
    return frozenset(names[python] for python, hint in hints.items() if "Optional[" in hint)


def _returned(resource: type, attribute: str) -> str:
    getter = inspect.getattr_static(resource, attribute)
    return str(getter.fget.__annotations__.get("return", "")) if isinstance(getter, property) else ""


@cache
def is_taggable(token: str) -> bool:
    """Whether the type takes tags, by its args class."""
    args = args_class(token)
    return args is not None and "tags" in shape(args).properties


@cache
def alternatives(hint: Any) -> tuple[Any, ...]:
    """The types a value may have: unions flattened, without None, awaitables and outputs."""
    if typing.get_origin(hint) in (typing.Union, types.UnionType):
        return tuple(one for part in typing.get_args(hint) for one in alternatives(part))
    if hint is type(None) or typing.get_origin(hint) in (collections.abc.Awaitable, Output):
        return ()
    return (hint,)


def is_enum(hint: Any) -> bool:
    """Whether a type is an enumeration of the package."""
    return isinstance(hint, type) and issubclass(hint, Enum)


def is_args(hint: Any) -> bool:
    """Whether a type is a nested args class."""
    return isinstance(hint, type) and bool(_types.is_input_type(hint))
