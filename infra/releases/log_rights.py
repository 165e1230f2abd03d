"""LogRights: what the forwarder may read in the cluster: pods and namespaces, and of these the stack's alone."""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.rbac.v1 import ClusterRole, PolicyRuleArgs, RoleBinding, RoleRefArgs, SubjectArgs

from infra.cluster.scope import ClusterScope
from infra.component import Component
from stacks.naming import LOG_FORWARDER


class LogRights(Component):
    """A ClusterRole, because it tells of namespaces too, bound in the workloads' namespace only.

    Bound so it reaches that namespace and the pods in it, for their labels; another stack's pods, and Secrets
    anywhere, are out of its reach.
    """

    TOKEN = "spy:releases:LogRights"  # noqa: S105  (a type token)

    def __init__(
        self, name: str, scope: ClusterScope, account_namespace: str, opts: pulumi.ResourceOptions | None = None
    ) -> None:
        super().__init__(name, opts)
        role_name = scope.names.cluster_role(LOG_FORWARDER)
        role = ClusterRole(
            "role",
            metadata=scope.metadata(role_name, app=LOG_FORWARDER, namespace=None),
            rules=[PolicyRuleArgs(api_groups=[""], resources=["pods", "namespaces"], verbs=["get", "list", "watch"])],
            opts=scope.options(self),
        )
        RoleBinding(
            "binding",
            metadata=scope.metadata(LOG_FORWARDER, app=LOG_FORWARDER),
            role_ref=RoleRefArgs(api_group="rbac.authorization.k8s.io", kind="ClusterRole", name=role_name),
            subjects=[SubjectArgs(kind="ServiceAccount", name=LOG_FORWARDER, namespace=account_namespace)],
            opts=scope.options(self, role),
        )
        self.register()
