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


def labels(scope: ClusterScope, namespace: str, level: str) -> dict[str, str]:
    """Labels of a namespace beside those of every object (requirements P3.02), with its Pod Security level."""
    stack = scope.settings.stack
    return {"name": namespace, "environment": _ENVIRONMENTS.get(stack, stack), **pod_security(level)}


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
                labels=labels(scope, scope.namespace, "restricted"),
            ),
            opts=scope.options(self, protect=True),
        )
        self.register()


_ENVIRONMENTS = {"prod": "production"}
"""Label `environment` where it is not the stack's name (requirements P3.02)."""
