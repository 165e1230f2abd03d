"""Pods: the pod template of every kind of workload, and its containers. Reads manifests; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.policies.subject import Subject

TEMPLATES = {
    "kubernetes:apps/v1:DaemonSet": "spec.template",
    "kubernetes:apps/v1:Deployment": "spec.template",
    "kubernetes:apps/v1:StatefulSet": "spec.template",
    "kubernetes:batch/v1:CronJob": "spec.jobTemplate.spec.template",
    "kubernetes:batch/v1:Job": "spec.template",
    "kubernetes:core/v1:Pod": "",
}
"""Where each kind keeps its pod template; a pod is one itself."""

WORKLOADS = tuple(TEMPLATES)
SERVING = ("kubernetes:apps/v1:DaemonSet", "kubernetes:apps/v1:Deployment", "kubernetes:apps/v1:StatefulSet")
"""Workloads that run until they are stopped, and so must say how they are."""


def template(one: Subject) -> dict[str, Any]:
    """The pod template of a workload; empty where there is none or it is unknown."""
    path = TEMPLATES[one.type]
    found = one.get(path) if path else one.inputs
    return found if isinstance(found, dict) else {}


def pod(one: Subject) -> dict[str, Any]:
    """The pod specification of a workload."""
    spec = template(one).get("spec")
    return spec if isinstance(spec, dict) else {}


def labels(one: Subject) -> dict[str, Any]:
    """Labels of the workload's pods."""
    found = (template(one).get("metadata") or {}).get("labels")
    return found if isinstance(found, dict) else {}


def containers(one: Subject, *, starting: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    """Containers of a workload by name; `starting` takes in those that run before the others."""
    spec = pod(one)
    groups = ["containers", *(["initContainers"] if starting else [])]
    for group in groups:
        for each in spec.get(group) or []:
            if isinstance(each, dict):
                yield str(each.get("name", "container")), each
