"""Namespaces: where the stack's objects are, and how safe the pods in each must be."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import Namespace

from infra.cluster.scope import ClusterScope
from infra.component import Component

ENFORCE = "pod-security.kubernetes.io/"


def pod_security(level: str) -> dict[str, str]:
    """Labels that enforce, warn of and audit a Pod Security level."""
    return {f"{ENFORCE}{mode}": level for mode in ("enforce", "warn", "audit")}


class Namespaces(Component):
    """The namespace of the workloads, `restricted` by Pod Security.

    It is protected: with it everything in it would go, the volumes' claims included.
    """

    TOKEN = "spy:cluster:Namespaces"  # noqa: S105  (a type token)

    workloads: Namespace
    """What everything in it waits for."""

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self.workloads = Namespace(
            "workloads",
            metadata=scope.metadata(
                scope.namespace,
                namespace=None,
                labels={
                    "name": scope.namespace,
                    "environment": _ENVIRONMENTS.get(scope.settings.stack, scope.settings.stack),
                    **pod_security("restricted"),
                },
            ),
            opts=scope.options(self, protect=True),
        )
        self.register()


_ENVIRONMENTS = {"prod": "production"}
"""Label `environment` where it is not the stack's name (requirements P3.02)."""
