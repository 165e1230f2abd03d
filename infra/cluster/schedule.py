"""Schedule: the gateways' weekend, as two CronJobs that scale them (requirements P3.16). Decides no time itself."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import pulumi
from pulumi_kubernetes.batch.v1 import CronJob, CronJobSpecArgs, JobSpecArgs, JobTemplateSpecArgs
from pulumi_kubernetes.core.v1 import ContainerArgs, PodSpecArgs, PodTemplateSpecArgs
from pulumi_kubernetes.meta.v1 import ObjectMetaArgs

from apps.contracts.names import Env
from infra.cluster.broker import gateways
from infra.cluster.environment import Environment
from infra.cluster.mounts import Mount, scratch
from infra.cluster.objects import App
from infra.cluster.pods import of_the_pod, pod_spec
from infra.cluster.resources import Resources
from infra.cluster.scope import ClusterScope
from infra.cluster.security import security_context
from infra.cluster.tokens import for_kubernetes
from infra.component import Component

STOP: Final = "ibkr-friday-scale-down"
START: Final = "ibkr-monday-scale-up"

RESOURCES = Resources(cpu_millis=50, memory_mi=64, cpu_millis_limit=250, memory_mi_limit=128)
LATE_SECONDS = 4 * 3600
"""A node that was off at the time still does it when it is back within half a day's trading."""

ATTEMPTS = 5
"""Over about ten minutes: the API server may be starting itself."""

JOB_SECONDS = 900
GRACE_SECONDS = 10


class Schedule(Component):
    """Two CronJobs in the exchange's time zone. Each runs one container for each gateway that the stack has.

    Scaling twice is scaling once, so a job that failed half way is simply run again; a run that is still going is not
    joined by another. Its service account may patch the scale of these StatefulSets and do nothing else.
    """

    TOKEN = "spy:cluster:Schedule"  # noqa: S105  (a type token)

    def __init__(
        self,
        name: str,
        scope: ClusterScope,
        *,
        image: pulumi.Input[str],
        environment: Environment,
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._scope, self._image, self._environment = scope, image, environment
        self._scaling(STOP, scope.settings.schedule.stop, replicas=0)
        self._scaling(START, scope.settings.schedule.start, replicas=1)
        self.register()

    def _scaling(self, name: str, at: str, *, replicas: int) -> None:
        labels = self._scope.labels(App.SCALER)
        CronJob(
            name,
            metadata=self._scope.metadata(name, app=App.SCALER),
            spec=CronJobSpecArgs(
                schedule=at,
                time_zone=self._scope.settings.schedule.time_zone,
                concurrency_policy="Forbid",
                starting_deadline_seconds=LATE_SECONDS,
                successful_jobs_history_limit=3,
                failed_jobs_history_limit=1,
                job_template=JobTemplateSpecArgs(
                    metadata=ObjectMetaArgs(labels=labels),
                    spec=JobSpecArgs(
                        backoff_limit=ATTEMPTS,
                        active_deadline_seconds=JOB_SECONDS,
                        template=PodTemplateSpecArgs(metadata=ObjectMetaArgs(labels=labels), spec=self._pod(replicas)),
                    ),
                ),
            ),
            opts=self._scope.options(self, *self._environment.objects),
        )

    def _pod(self, replicas: int) -> PodSpecArgs:
        mounts = (scratch(), for_kubernetes())
        return pod_spec(
            App.SCALER,
            [self._container(one.app, replicas, mounts) for one in gateways(self._scope.settings)],
            mounts,
            pull_secrets=self._environment.image_pull_secrets,
            grace_seconds=GRACE_SECONDS,
            restart_policy="Never",  # so that a failed attempt keeps its log until the history forgets it
        )

    def _container(self, gateway: str, replicas: int, mounts: Sequence[Mount]) -> ContainerArgs:
        return ContainerArgs(
            name=gateway,
            image=self._image,
            command=["python3", "-m", "apps.service.scale", gateway, str(replicas)],
            env=[of_the_pod(Env.NAMESPACE, "metadata.namespace")],
            resources=RESOURCES.args,
            security_context=security_context(),
            volume_mounts=[mount.at for mount in mounts],
        )
