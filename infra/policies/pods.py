"""Pods: the pod template of every kind of workload, and its containers. Reads manifests; judges nothing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.policies.subject import Subject, entries, look

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


def template(one: Subject) -> Any:
    """The pod template of a workload; None where there is none."""
    path = TEMPLATES[one.type]
    return one.get(path) if path else one.inputs


def pod(one: Subject, path: str) -> Any:
    """What is under a dotted path of the workload's pod specification."""
    return look(template(one), f"spec.{path}")


def label(one: Subject, name: str) -> Any:
    """A label of the workload's pods."""
    return look(template(one), f"metadata.labels.{name}")


def containers(one: Subject, *, starting: bool = True) -> Iterator[tuple[str, dict[str, Any]]]:
    """Containers of a workload by name; `starting` takes in those that run before the others."""
    for group in ("containers", *(["initContainers"] if starting else [])):
        for each in entries(pod(one, group)):
            yield str(each.get("name", "container")), each
