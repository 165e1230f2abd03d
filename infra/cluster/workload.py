"""Workload: the one shape of our services' Deployments. What differs from service to service is data."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pulumi
from pulumi_kubernetes.apps.v1 import (
    Deployment,
    DeploymentSpecArgs,
    DeploymentStrategyArgs,
    RollingUpdateDeploymentArgs,
)
from pulumi_kubernetes.core.v1 import (
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    LifecycleArgs,
    LifecycleHandlerArgs,
    PodTemplateSpecArgs,
    SleepActionArgs,
)
from pulumi_kubernetes.meta.v1 import LabelSelectorArgs, ObjectMetaArgs

from infra.cluster.environment import Environment
from infra.cluster.mounts import Mount, scratch
from infra.cluster.objects import APP_LABEL
from infra.cluster.pods import own_names, pod_spec
from infra.cluster.probes import HttpProbes
from infra.cluster.resources import Resources
from infra.cluster.scope import ClusterScope
from infra.cluster.security import security_context

HISTORY = 5
"""Earlier versions whose ReplicaSets stay, to look at and to go back to."""

PROGRESS_SECONDS = 300
"""A rollout that gets no further for this long is said to have failed. The image has to come over a home line."""


@dataclass(frozen=True)
class Workload:
    """One Deployment. Its service account bears the name of `app`; its container too."""

    app: str
    image: pulumi.Input[str]
    replicas: int
    ports: dict[str, int]
    """By name."""
    probes: HttpProbes
    resources: Resources
    environment: Environment = field(default_factory=Environment)
    variables: Sequence[EnvVarArgs] = ()
    """Beside pod name and namespace; they win over what the environment holds under the same key."""
    mounts: Sequence[Mount] = ()
    """Beside /tmp."""
    name: str = ""
    """Where it is not `app`: of several Deployments of one service."""
    labels: dict[str, str] = field(default_factory=dict)
    """What tells them apart."""
    one_at_a_time: bool = False
    """The old pod ends before the new one starts: both would write the same file, or trade on the same account."""
    drain_seconds: int = 0
    """How long a pod that is to end goes on answering, until no Service leads to it any more."""
    replicas_set_elsewhere: bool = False
    """Whoever else scales it is not overruled by the next update."""


def deployment(scope: ClusterScope, parent: pulumi.Resource, one: Workload) -> None:
    """Declare it. It waits for what its pods read: without it they would not start."""
    name = one.name or one.app
    Deployment(
        name,
        metadata=scope.metadata(name, app=one.app),
        spec=DeploymentSpecArgs(
            replicas=one.replicas,
            revision_history_limit=HISTORY,
            progress_deadline_seconds=PROGRESS_SECONDS,
            strategy=_strategy(one),
            selector=LabelSelectorArgs(match_labels=_selected(one)),
            template=_template(scope, one),
        ),
        opts=scope.options(
            parent,
            *one.environment.objects,
            ignore_changes=["spec.replicas"] if one.replicas_set_elsewhere else (),
        ),
    )


def _selected(one: Workload) -> dict[str, str]:
    return {APP_LABEL: one.app, **one.labels}


def _strategy(one: Workload) -> DeploymentStrategyArgs:
    if one.one_at_a_time:
        return DeploymentStrategyArgs(type="Recreate")
    return DeploymentStrategyArgs(
        type="RollingUpdate", rolling_update=RollingUpdateDeploymentArgs(max_surge=1, max_unavailable=0)
    )


def _template(scope: ClusterScope, one: Workload) -> PodTemplateSpecArgs:
    mounts = [scratch(), *one.mounts]
    return PodTemplateSpecArgs(
        metadata=ObjectMetaArgs(
            labels={**scope.labels(one.app), **one.labels}, annotations=one.environment.hashes or None
        ),
        spec=pod_spec(
            one.app,
            [_container(one, mounts)],
            mounts,
            pull_secrets=one.environment.image_pull_secrets,
            spread_over=_selected(one),
        ),
    )


def _container(one: Workload, mounts: Sequence[Mount]) -> ContainerArgs:
    return ContainerArgs(
        name=one.app,
        image=one.image,
        ports=[ContainerPortArgs(name=name, container_port=port) for name, port in one.ports.items()],
        env_from=one.environment.sources or None,
        env=[*own_names(), *one.variables],
        resources=one.resources.args,
        startup_probe=one.probes.startup,
        liveness_probe=one.probes.liveness,
        readiness_probe=one.probes.readiness,
        lifecycle=_draining(one.drain_seconds),
        security_context=security_context(),
        volume_mounts=[mount.at for mount in mounts],
    )


def _draining(seconds: int) -> LifecycleArgs | None:
    """The kubelet's own pause before SIGTERM: the image needs no shell and no `sleep` for it."""
    if not seconds:
        return None
    return LifecycleArgs(pre_stop=LifecycleHandlerArgs(sleep=SleepActionArgs(seconds=seconds)))
