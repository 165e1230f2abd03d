"""Workload parts: what runs in a stack's cluster, declared by itself, and its pods as the cluster would get them."""

from __future__ import annotations

from functools import cache
from typing import Any

import pulumi

from infra.cluster.accounts import Accounts
from infra.cluster.config import ServiceConfig
from infra.cluster.credentials import ServiceSecrets
from infra.cluster.environments import environments
from infra.cluster.scope import ClusterScope
from infra.cluster.volumes import Volumes
from infra.cluster.workloads import Ground, declare_workloads
from infra.images import Images
from infra.plan import Mode, Plan
from stacks.settings import StackSettings
from tests.infra.cluster_parts import azure_facts, cluster_part, manifest
from tests.infra.recording import settings_of

DEPLOYMENT = "apps/v1:Deployment"
STATEFUL_SET = "apps/v1:StatefulSet"
CRON_JOB = "batch/v1:CronJob"
SERVICE = "core/v1:Service"
BUDGET = "policy/v1:PodDisruptionBudget"
KINDS = (DEPLOYMENT, STATEFUL_SET, CRON_JOB)


def workloads(stack: str | StackSettings) -> Plan:
    """All workloads of a stack, with what they stand on."""
    return _workloads(settings_of(stack))


@cache
def _workloads(settings: StackSettings) -> Plan:
    def build(scope: ClusterScope, within: pulumi.ResourceOptions) -> None:
        azure = azure_facts(settings)
        read = environments(
            settings, ServiceConfig("config", scope, within), ServiceSecrets("credentials", scope, azure, within)
        )
        images = Images("images", settings, opts=within)
        accounts, volumes = Accounts("accounts", scope, within), Volumes("volumes", scope, within)
        declare_workloads(Ground(scope, images, azure, read, accounts, volumes), within)

    return cluster_part(build, settings, mode=Mode.UPDATE)


def changed(stack: str, **sections: Any) -> StackSettings:
    """A committed stack's settings with some keys of some sections changed: `changed("prod", cluster={"nodes": 3})`."""
    given = settings_of(stack).model_dump(by_alias=True)
    for section, values in sections.items():
        given[section] = {**given[section], **values} if isinstance(values, dict) else values
    return StackSettings.model_validate({**given, "stack": stack})


def template(plan: Plan, kind: str, name: str) -> dict[str, Any]:
    """The pod template of a workload."""
    spec: dict[str, Any] = manifest(plan, kind, name)["spec"]
    if kind == CRON_JOB:
        spec = spec["jobTemplate"]["spec"]
    found: dict[str, Any] = spec["template"]
    return found


def pod(plan: Plan, kind: str, name: str) -> dict[str, Any]:
    """The pod specification of a workload."""
    found: dict[str, Any] = template(plan, kind, name)["spec"]
    return found


def container(plan: Plan, kind: str, name: str) -> dict[str, Any]:
    """The one container of a workload."""
    (found,) = pod(plan, kind, name)["containers"]
    return dict(found)


def variables(of: dict[str, Any]) -> dict[str, Any]:
    """Variables of a container that are written out, by name."""
    return {one["name"]: one["value"] for one in of["env"] if "value" in one}


def read_by(of: dict[str, Any]) -> list[str]:
    """ConfigMaps and Secrets of a container's envFrom, in their order."""
    return [(one.get("configMapRef") or one["secretRef"])["name"] for one in of.get("envFrom", [])]


def tokens(plan: Plan, kind: str, name: str) -> list[str]:
    """Audiences of the tokens that a pod mounts; "" is the API server's."""
    sources = [
        one for volume in pod(plan, kind, name)["volumes"] for one in volume.get("projected", {}).get("sources", [])
    ]
    return [one["serviceAccountToken"].get("audience", "") for one in sources if "serviceAccountToken" in one]
