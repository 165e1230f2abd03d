"""Workload rules: what every container in the cluster says of itself, on plain manifests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from infra.policies.images import why_movable
from infra.policies.pods import SERVING, WORKLOADS, containers, label, pod
from infra.policies.rule import Rule, rule
from infra.policies.subject import Subject, is_known, look

AT_MOST_ONE = ("trading-bot", "ibkr-gateway")
"""Workloads of which a second replica would be a second trader, or a second session that logs out the first."""

QUESTIONS = frozenset({"httpGet", "tcpSocket", "grpc"})
"""Probes that ask the program itself."""


@rule("container-resources", *WORKLOADS, says="Every container has requests and limits of CPU and memory")
def has_resources(one: Subject) -> Iterator[str]:
    """All four figures."""
    for name, container in containers(one):
        for side in ("requests", "limits"):
            missing = [what for what in ("cpu", "memory") if look(container, f"resources.{side}.{what}") is None]
            if missing:
                yield f"container {name} has no {side} of {' and '.join(missing)}: set resources.{side}"


@rule("container-non-root", *WORKLOADS, says="No container runs as root, gains rights or keeps capabilities")
def non_root(one: Subject) -> Iterator[str]:
    """The container's own security context, or for the user the pod's."""
    for name, container in containers(one):
        non_root, user = _own_or_pods(one, container, "runAsNonRoot"), _own_or_pods(one, container, "runAsUser")
        if is_known(non_root) and non_root is not True:
            yield f"container {name} may run as root: set securityContext.runAsNonRoot"
        if user == 0:
            yield f"container {name} runs as user 0: set securityContext.runAsUser to 1000"
        gaining = look(container, "securityContext.allowPrivilegeEscalation")
        if (is_known(gaining) and gaining is not False) or look(container, "securityContext.privileged") is True:
            yield f"container {name} may gain rights: set securityContext.allowPrivilegeEscalation to false"
        dropped = look(container, "securityContext.capabilities.drop")
        if is_known(dropped) and dropped != ["ALL"]:
            yield f"container {name} keeps capabilities: set securityContext.capabilities.drop to [ALL]"


@rule("container-read-only", *WORKLOADS, says="Every container's root file system is read-only")
def read_only(one: Subject) -> Iterator[str]:
    """What a program writes goes to a volume."""
    for name, container in containers(one):
        given = look(container, "securityContext.readOnlyRootFilesystem")
        if is_known(given) and given is not True:
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
            elif isinstance(given, dict) and not QUESTIONS & set(given):
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
        if pod(one, path) is True:
            yield f"{path} is set: leave it out"


@rule("at-most-one", *SERVING, says="There is at most one bot and at most one of each gateway")
def at_most_one(one: Subject) -> Iterator[str]:
    """By the workload's name or its pods' label `app`."""
    replicas = one.get("spec.replicas")
    names = {str(one.get("metadata.name") or one.name), str(label(one, "app"))}
    single = any(name.startswith(AT_MOST_ONE) for name in names)
    if single and isinstance(replicas, int) and replicas > 1:
        yield f"spec.replicas is {replicas}: a second one trades twice or logs the first one out"


def _own_or_pods(one: Subject, container: dict[str, Any], setting: str) -> Any:
    """A setting of the container's security context, or where it says nothing of its pod's."""
    own = look(container, f"securityContext.{setting}")
    return pod(one, f"securityContext.{setting}") if own is None else own


RULES: tuple[Rule, ...] = (
    has_resources,
    non_root,
    read_only,
    has_probes,
    by_digest,
    own_namespaces,
    at_most_one,
)
