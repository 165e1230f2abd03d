"""Resolver: tells the cluster's CoreDNS the private address of the tables. Changes no name but that one.

k3s reads the ConfigMap `coredns-custom` beside its own and never writes it. Every stack on the cluster, and a person,
may have an entry there: so this is a patch with a file of the stack's own in it, not the object. It makes the object
where there is none, and of two that say different things under one file name the API server refuses the second.
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import ConfigMapPatch
from pulumi_kubernetes.meta.v1 import ObjectMetaPatchArgs

from infra.cloud.private_endpoint import private_address
from infra.cloud.storage import reached_privately
from infra.cluster.connection import SYSTEM
from infra.cluster.scope import ClusterScope
from infra.component import Component
from stacks.naming import Names
from stacks.settings import Layer, StackSettings

CUSTOM = "coredns-custom"
TABLES = "table.core.windows.net"


def resolves(settings: StackSettings) -> bool:
    """Whether pods must be told: there is an endpoint and a tunnel to it. Without both the public door is open."""
    return settings.includes(Layer.CLOUD) and reached_privately(settings)


def server_block(name: str, address: str) -> str:
    """A CoreDNS server of its own for one name; the block that overrides go into has a `hosts` already."""
    return f"{name}:53 {{\n  errors\n  hosts {{\n    {address} {name}\n  }}\n}}\n"


class Resolver(Component):
    """The stack's file in `coredns-custom`; CoreDNS reads it within two minutes."""

    TOKEN = "spy:cluster:Resolver"  # noqa: S105  (a type token)

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        names, settings = scope.names, scope.settings
        ConfigMapPatch(
            CUSTOM,
            metadata=ObjectMetaPatchArgs(name=CUSTOM, namespace=SYSTEM),
            data={server_file(names): server_block(f"{names.storage}.{TABLES}", private_address(settings))},
            opts=scope.options(self),
        )
        self.register()


def server_file(names: Names) -> str:
    """Key in the ConfigMap, one for each account: what ends in `.server` is read as servers of their own."""
    return f"{names.storage}.server"
