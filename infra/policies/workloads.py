"""Workload rules: what every container in the cluster says of itself, on plain manifests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.policies.images import why_movable
from infra.policies.pods import SERVING, WORKLOADS, containers, labels, pod
from infra.policies.rule import Rule, rule
from infra.policies.subject import Subject, is_known

AT_MOST_ONE = ("trading-bot", "ibkr-gateway")
"""Workloads of which a second replica would be a second trader, or a second session that logs out the first."""

QUESTIONS = frozenset({"httpGet", "tcpSocket", "grpc"})
"""Probes that ask the program itself."""


@rule("container-resources", *WORKLOADS, says="Every container has requests and limits of CPU and memory")
def has_resources(one: Subject) -> Iterator[str]:
    """All four figures."""
    for name, container in containers(one):
        given = container.get("resources") or {}
        for side in ("requests", "limits"):
            missing = [what for what in ("cpu", "memory") if what not in (_known(given).get(side) or {})]
            if is_known(given) and missing:
                yield f"container {name} has no {side} of {' and '.join(missing)}: set resources.{side}"


@rule("container-non-root", *WORKLOADS, says="No container runs as root, gains rights or keeps capabilities")
def non_root(one: Subject) -> Iterator[str]:
    """The container's own security context, or for the user the pod's."""
    above = _known(pod(one).get("securityContext"))
    for name, container in containers(one):
        own = _known(container.get("securityContext"))
        if own.get("runAsNonRoot", above.get("runAsNonRoot")) is not True:
            yield f"container {name} may run as root: set securityContext.runAsNonRoot"
        if own.get("runAsUser", above.get("runAsUser")) == 0:
            yield f"container {name} runs as user 0: set securityContext.runAsUser to 1000"
        if own.get("allowPrivilegeEscalation") is not False or own.get("privileged"):
            yield f"container {name} may gain rights: set securityContext.allowPrivilegeEscalation to false"
        if "ALL" not in (_known(own.get("capabilities")).get("drop") or []):
            yield f"container {name} keeps capabilities: set securityContext.capabilities.drop to [ALL]"


@rule("container-read-only", *WORKLOADS, says="Every container's root file system is read-only")
def read_only(one: Subject) -> Iterator[str]:
    """What a program writes goes to a volume."""
    for name, container in containers(one):
        if _known(container.get("securityContext")).get("readOnlyRootFilesystem") is not True:
            yield f"container {name} may write its own files: set securityContext.readOnlyRootFilesystem"


@rule(
    "container-probes",
    *SERVING,
    says="What serves answers liveness and readiness probes that ask the program itself",
)
def has_probes(one: Subject) -> Iterator[str]:
    """A probe that only runs a command in the container (`cat` of a file) cannot fail when the program hangs."""
    for name, container in containers(one, starting=False):
        for probe in ("livenessProbe", "readinessProbe"):
            given = container.get(probe)
            if not given:
                yield f"container {name} has no {probe}: let it ask the program's /health or /ready"
            elif is_known(given) and not QUESTIONS & set(given):
                yield f"container {name}: {probe} does not ask the program: use httpGet, tcpSocket or grpc"


@rule("container-image-by-digest", *WORKLOADS, says="Every container's image is named by digest")
def by_digest(one: Subject) -> Iterator[str]:
    """A tag can be moved."""
    for name, container in containers(one):
        why = why_movable(container.get("image"))
        if why:
            yield f"container {name}: image {why}"


@rule("no-host-namespaces", *WORKLOADS, says="No pod shares the node's network, processes or memory")
def own_namespaces(one: Subject) -> Iterator[str]:
    """The three ways out of a pod."""
    for path in ("hostNetwork", "hostPID", "hostIPC"):
        if pod(one).get(path):
            yield f"{path} is set: leave it out"


@rule("at-most-one", *SERVING, says="There is at most one bot and at most one of each gateway")
def at_most_one(one: Subject) -> Iterator[str]:
    """By the workload's name or its pods' label `app`."""
    replicas = one.get("spec.replicas")
    names = {str(one.get("metadata.name") or one.name), str(labels(one).get("app", ""))}
    single = any(name.startswith(AT_MOST_ONE) for name in names)
    if single and isinstance(replicas, int) and replicas > 1:
        yield f"spec.replicas is {replicas}: a second one trades twice or logs the first one out"


def _known(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


RULES: tuple[Rule, ...] = (
    has_resources,
    non_root,
    read_only,
    has_probes,
    by_digest,
    own_namespaces,
    at_most_one,
)
