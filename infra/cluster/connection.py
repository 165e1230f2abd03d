"""Connection: the one way to the cluster, and the proof that it is the meant one. Never holds a kubeconfig."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
import pulumi_kubernetes as kubernetes
from pulumi_kubernetes.core.v1 import Namespace

from stacks.needs import is_placeholder
from stacks.settings import StackSettings

SYSTEM = "kube-system"
"""The namespace that every cluster has for the length of its life, so that its UID is the cluster's."""


class AnotherCluster(pulumi.RunError):
    """The kubeconfig's context leads to a cluster that is not this stack's."""


@dataclass(frozen=True)
class Connection:
    """The provider, and what every object in the cluster waits for."""

    provider: kubernetes.Provider
    proven: tuple[pulumi.Input[pulumi.Resource], ...]
    """Nothing, or the read of kube-system once its UID was the right one."""


def connect(settings: StackSettings) -> Connection:
    """Provider of the settings' context; with `deploy.cluster` also the read that proves the cluster by its UID.

    The kubeconfig stays on the machine that deploys: the provider takes its context by name, and the UID as the
    cluster's identity, so that a renewed kubeconfig replaces nothing. ConfigMaps and Secrets have fixed names, so they
    change in place: replaced, they would be gone for a while to whatever starts then.

    Reads are not left out with a layer, so a run for an earlier layer must not make this one: such a run has
    `deploy.cluster` false, and the objects, which it leaves out, then wait for nothing.
    """
    cluster = settings.cluster
    provider = kubernetes.Provider(
        "cluster",
        kubernetes.ProviderArgs(
            context=cluster.context,
            cluster_identifier=cluster.uid,
            enable_config_map_mutable=True,
            enable_secret_mutable=True,
            enable_server_side_apply=True,
            suppress_helm_hook_warnings=True,
        ),
    )
    if not settings.deploy.cluster:
        return Connection(provider, ())
    system = Namespace.get(SYSTEM, SYSTEM, pulumi.ResourceOptions(provider=provider))
    return Connection(provider, (_proven(system, cluster.uid, cluster.context),))


def _proven(system: Namespace, uid: str, context: str) -> pulumi.Output[pulumi.Resource]:
    """The read itself; an error instead when the UID is another, so that nothing that waits for it is registered."""

    def compare(metadata: object) -> pulumi.Resource:
        found = getattr(metadata, "uid", None) or ""
        if found.lower() != uid.lower() and not is_placeholder(uid):
            raise AnotherCluster(
                f"the context {context} leads to the cluster {found} and cluster.uid is {uid}: choose the context of "
                "this stack's cluster ('pulumi config set --path cluster.context CONTEXT'), or set cluster.uid if the "
                "cluster was made anew"
            )
        return system

    return system.metadata.apply(compare)
