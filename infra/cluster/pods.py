"""Pods: what every pod of the platform has in common, whatever makes it. Pure; declares nothing."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    LocalObjectReferenceArgs,
    ObjectFieldSelectorArgs,
    PodSpecArgs,
    TopologySpreadConstraintArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs

from apps.contracts.names import Env
from infra.cluster.mounts import Mount
from infra.cluster.security import pod_security_context

GRACE_SECONDS = 30
"""From SIGTERM to SIGKILL; the services have drained and let go within 25."""


def pod_spec(
    account: str,
    containers: Sequence[ContainerArgs],
    mounts: Iterable[Mount] = (),
    *,
    pull_secrets: Sequence[LocalObjectReferenceArgs] = (),
    grace_seconds: int = GRACE_SECONDS,
    restart_policy: str | None = None,
    spread_over: dict[str, str] | None = None,
) -> PodSpecArgs:
    """A pod of one service account, restricted, with only the tokens and volumes it mounts.

    `spread_over`: labels of the pods that are to lie on different nodes where there are several; never a reason not to
    start one.
    """
    return PodSpecArgs(
        service_account_name=account,
        automount_service_account_token=False,
        # No SERVICE_HOST variables: a Service may be called like one of our keys, and pods would know of others.
        enable_service_links=False,
        security_context=pod_security_context(),
        containers=list(containers),
        volumes=[one.volume for one in mounts] or None,
        image_pull_secrets=list(pull_secrets) or None,
        termination_grace_period_seconds=grace_seconds,
        restart_policy=restart_policy,
        topology_spread_constraints=[_spread(spread_over)] if spread_over else None,
    )


def of_the_pod(name: str, path: str) -> EnvVarArgs:
    """A variable that holds a field of the pod."""
    return EnvVarArgs(name=name, value_from=EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path=path)))


def own_names() -> list[EnvVarArgs]:
    """Who and where a pod is, for its log lines and its Lease."""
    return [of_the_pod(Env.POD_NAME, "metadata.name"), of_the_pod(Env.NAMESPACE, "metadata.namespace")]


def _spread(labels: dict[str, str]) -> TopologySpreadConstraintArgs:
    return TopologySpreadConstraintArgs(
        max_skew=1,
        topology_key="kubernetes.io/hostname",
        when_unsatisfiable="ScheduleAnyway",
        label_selector=LabelSelectorArgs(match_labels=labels),
    )
