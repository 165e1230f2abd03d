"""Shared-cluster checks: stacks that name one cluster.uid must not share an object, and one installs the monitoring."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from itertools import combinations
from pathlib import PurePosixPath

from stacks.checks.words import both, given
from stacks.naming import CLUSTER_ROLES, LOG_FORWARDER, VOLUMES, Names
from stacks.settings import Layer, StackSettings


def together(stacks: Sequence[StackSettings]) -> Iterator[str]:
    """Problems of each cluster that several stacks use."""
    clusters: dict[str, list[StackSettings]] = defaultdict(list)
    for stack in stacks:
        if stack.includes(Layer.CLUSTER) and given(stack.cluster.uid):
            clusters[stack.cluster.uid.lower()].append(stack)
    for uid, tenants in clusters.items():
        if len(tenants) > 1:
            yield from _monitoring(uid, tenants)
            for one, other in combinations(tenants, 2):
                yield from _common(one, other)


def _monitoring(uid: str, tenants: Sequence[StackSettings]) -> Iterator[str]:
    names = ", ".join(stack.stack for stack in tenants)
    installers = [stack.stack for stack in tenants if stack.installs_monitoring]
    if not installers:
        yield f"{names} share cluster.uid {uid} and none installs the monitoring: set releases.monitoring true in one"
    if len(installers) > 1:
        yield (
            f"{' and '.join(installers)} both install the monitoring in cluster.uid {uid}: set releases.monitoring to "
            "true in one of them only"
        )


def cluster_objects(settings: StackSettings) -> dict[tuple[str, str], str]:
    """What a stack puts into its cluster outside its namespace, (kind, name), and the key that renames it."""
    names = Names(settings)
    owned: dict[tuple[str, str], str] = {
        ("namespace", names.namespace): "names.namespace",
        ("StorageClass", names.storage_class): "names.storageClass",
        **{("persistent volume", names.persistent_volume(volume)): "names.volumes" for volume in VOLUMES},
        **{("host folder", names.host_folder(volume)): "names.volumes" for volume in VOLUMES},
        **{("ClusterRole", names.cluster_role(role)): "names.clusterRoles" for role in CLUSTER_ROLES},
    }
    if settings.forwards_logs:
        owned |= {
            ("namespace", names.log_namespace): "releases.logging",
            ("host folder", names.host_folder(LOG_FORWARDER)): "names.volumes",
        }
    return owned | _monitoring_objects(settings)


def _monitoring_objects(settings: StackSettings) -> dict[tuple[str, str], str]:
    if not settings.installs_monitoring:
        return {}
    return {
        ("namespace", Names(settings).monitoring_namespace): "names.namespace",
        ("NodePort", str(settings.releases.grafana_node_port)): "releases.grafanaNodePort",
    }


def _common(one: StackSettings, other: StackSettings) -> Iterator[str]:
    theirs = cluster_objects(other)
    twice = _monitoring_objects(one) if other.installs_monitoring else {}
    for (kind, name), key in cluster_objects(one).items():
        if (kind, name) in twice:
            continue  # told by _monitoring
        shared = next((its for of, its in theirs if of == kind and _same(kind, name, its)), None)
        if shared is not None:
            yield (
                f"{both(one, other)} share cluster.uid {one.cluster.uid} and the {kind} {name}: "
                f"set {key} in one of them"
            )


def _same(kind: str, name: str, other: str) -> bool:
    """Host folders collide also when one lies in the other."""
    if kind != "host folder":
        return name == other
    one, two = PurePosixPath(name), PurePosixPath(other)
    return one.is_relative_to(two) or two.is_relative_to(one)
