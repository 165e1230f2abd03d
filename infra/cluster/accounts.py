"""Accounts: who each workload is to the API server, and the least that it may ask of it. Most may ask nothing.

No account mounts a token by itself: a pod that needs one projects it. Images are pulled with the pods' own
`imagePullSecrets`, and who a service is to Azure follows from the same account (infra/cloud/identity.py).
"""

from __future__ import annotations

from collections.abc import Sequence

import pulumi
from pulumi_kubernetes.core.v1 import ServiceAccount
from pulumi_kubernetes.rbac.v1 import PolicyRuleArgs, Role, RoleBinding, RoleRefArgs, SubjectArgs

from apps.contracts.names import lease_name
from infra.cluster.broker import gateways, is_simulated
from infra.cluster.objects import App
from infra.cluster.scope import ClusterScope
from infra.component import Component
from stacks.settings import StackSettings

RBAC = "rbac.authorization.k8s.io"


def weekend(settings: StackSettings) -> bool:
    """Whether there is something to scale, and somebody said when."""
    return settings.schedule.enabled and bool(gateways(settings))


def workloads(settings: StackSettings) -> tuple[str, ...]:
    """Names of the stack's workloads: each has an account of the same name."""
    return (
        App.DETECTOR,
        App.BACKEND,
        App.BOT,
        *(gateway.app for gateway in gateways(settings)),
        *((App.SIMULATOR,) if is_simulated(settings) else ()),
        *((App.SCALER,) if weekend(settings) else ()),
    )


def lease_rules(settings: StackSettings) -> list[PolicyRuleArgs]:
    """One Lease a symbol: read and taken by name. A name cannot be told before there is one: any Lease may be made."""
    names = [lease_name(symbol) for symbol in settings.services.symbols]
    group, kind = ["coordination.k8s.io"], ["leases"]
    return [
        PolicyRuleArgs(api_groups=group, resources=kind, verbs=["get", "update"], resource_names=names),
        PolicyRuleArgs(api_groups=group, resources=kind, verbs=["create"]),
    ]


def scale_rules(settings: StackSettings) -> list[PolicyRuleArgs]:
    """How many of each gateway run, and nothing else about them."""
    names = [gateway.app for gateway in gateways(settings)]
    return [
        PolicyRuleArgs(api_groups=["apps"], resources=["statefulsets/scale"], verbs=["patch"], resource_names=names)
    ]


class Accounts(Component):
    """A ServiceAccount for each workload, and a Role for the two that talk to the API server."""

    TOKEN = "spy:cluster:Accounts"  # noqa: S105  (a type token)

    of: dict[str, list[pulumi.Resource]]
    """By workload: its account, and with rights their binding. What its pods wait for."""

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope, settings = scope, scope.settings
        self.of = {app: [self._account(app)] for app in workloads(settings)}
        self._allow(App.DETECTOR, lease_rules(settings))
        if App.SCALER in self.of:
            self._allow(App.SCALER, scale_rules(settings))
        self.register()

    def _account(self, app: str) -> ServiceAccount:
        return ServiceAccount(
            app,
            metadata=self._scope.metadata(app, app=app),
            automount_service_account_token=False,
            opts=self._scope.options(self),
        )

    def _allow(self, app: str, rules: Sequence[PolicyRuleArgs]) -> None:
        """Give the account of a workload a Role of its own name."""
        scope, account = self._scope, self.of[app][0]
        role = Role(f"{app}-rights", metadata=scope.metadata(app, app=app), rules=rules, opts=scope.options(self))
        binding = RoleBinding(
            f"{app}-binding",
            metadata=scope.metadata(app, app=app),
            role_ref=RoleRefArgs(api_group=RBAC, kind="Role", name=app),
            subjects=[SubjectArgs(kind="ServiceAccount", name=app, namespace=scope.namespace)],
            opts=scope.options(self, role, account),
        )
        self.of[app].append(binding)
