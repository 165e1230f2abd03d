"""Stages: what kwok says of the nodes and pods of a control plane that runs no container. Pure.

A pod becomes Ready at once, unless one of its images bears the marker of a broken one: then its container waits to be
pulled for ever, as a kubelet would say. A Job's pod completes, and a deleted pod is gone.
"""

from __future__ import annotations

from typing import Any

BROKEN = "broken"
"""An image that holds this word never starts."""
BROKEN_DIGEST = "sha256:" + "bad0" * 16
"""Nor does one of this digest."""

BROKEN_IMAGES = f'.spec.containers.[] | select(.image | test("{BROKEN}|{BROKEN_DIGEST}")) | .image'

NODE = """
conditions:
{{ $now := Now }}
{{ range NodeConditions }}
- type: {{ .type | Quote }}
  status: {{ .status | Quote }}
  reason: {{ .reason | Quote }}
  message: {{ .message | Quote }}
  lastHeartbeatTime: {{ $now | Quote }}
  lastTransitionTime: {{ $now | Quote }}
{{ end }}
addresses:
- type: InternalIP
  address: {{ NodeIP | Quote }}
phase: Running
"""

CONDITIONS = """
{{ $now := Now }}
startTime: {{ $now | Quote }}
hostIP: {{ NodeIPWith .spec.nodeName | Quote }}
conditions:
- { type: Initialized, status: "True", lastTransitionTime: {{ $now | Quote }} }
- { type: ContainersReady, status: "STATUS", lastTransitionTime: {{ $now | Quote }} }
- { type: Ready, status: "STATUS", lastTransitionTime: {{ $now | Quote }} }
"""

INIT_CONTAINERS = """
initContainerStatuses:
{{ range .spec.initContainers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  restartCount: 0
  {{ if eq .restartPolicy "Always" }}
  started: true
  state: { running: { startedAt: {{ $now | Quote }} } }
  {{ else }}
  state:
    terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} }
  {{ end }}
{{ end }}
"""

READY = (
    CONDITIONS.replace("STATUS", "True")
    + INIT_CONTAINERS
    + """
{{ $meta := .metadata }}
podIP: {{ PodIPWith .spec.nodeName (or .spec.hostNetwork false) $meta.uid $meta.name $meta.namespace | Quote }}
phase: Running
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: true
  started: true
  restartCount: 0
  state: { running: { startedAt: {{ $now | Quote }} } }
{{ end }}
"""
)

UNPULLABLE = (
    CONDITIONS.replace("STATUS", "False")
    + """
phase: Pending
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state: { waiting: { reason: ImagePullBackOff, message: "Back-off pulling image" } }
{{ end }}
"""
)

COMPLETE = """
{{ $now := Now }}
phase: Succeeded
conditions:
- { type: Ready, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }} }
- { type: ContainersReady, status: "False", reason: PodCompleted, lastTransitionTime: {{ $now | Quote }} }
containerStatuses:
{{ range .spec.containers }}
- name: {{ .name | Quote }}
  image: {{ .image | Quote }}
  imageID: ""
  ready: false
  started: false
  restartCount: 0
  state:
    terminated: { exitCode: 0, reason: Completed, startedAt: {{ $now | Quote }}, finishedAt: {{ $now | Quote }} }
{{ end }}
"""


def stages() -> list[dict[str, Any]]:
    """Every stage, as kwok's --config file holds them."""
    living = {"key": ".metadata.deletionTimestamp", "operator": "DoesNotExist"}
    unseen = {"key": ".status.startTime", "operator": "DoesNotExist"}
    not_ready = {"key": '.status.conditions.[] | select(.type == "Ready") | .status', "operator": "NotIn"}
    running = {"key": ".status.phase", "operator": "In", "values": ["Running"]}
    of_a_job = {"key": ".metadata.ownerReferences.[].kind", "operator": "In", "values": ["Job"]}
    return [
        _stage("node-ready", "Node", [{**not_ready, "values": ["True"]}], {"statusTemplate": NODE}),
        _stage(
            "pod-ready",
            "Pod",
            [living, unseen, {"key": BROKEN_IMAGES, "operator": "DoesNotExist"}],
            {"statusTemplate": READY},
        ),
        _stage(
            "pod-unpullable",
            "Pod",
            [living, unseen, {"key": BROKEN_IMAGES, "operator": "Exists"}],
            {"statusTemplate": UNPULLABLE},
        ),
        _stage("pod-complete", "Pod", [living, running, of_a_job], {"statusTemplate": COMPLETE}),
        _stage("pod-gone", "Pod", [{**living, "operator": "Exists"}], {"finalizers": {"empty": True}, "delete": True}),
    ]


def _stage(name: str, kind: str, when: list[dict[str, Any]], then: dict[str, Any]) -> dict[str, Any]:
    return {
        "apiVersion": "kwok.x-k8s.io/v1alpha1",
        "kind": "Stage",
        "metadata": {"name": name},
        "spec": {
            "resourceRef": {"apiGroup": "v1", "kind": kind},
            "selector": {"matchExpressions": when},
            "next": then,
        },
    }
