"""Volumes: what the services keep, in folders of the node. They outlive pods and namespace; nothing is formatted.

`spy cluster prepare` makes the folders. How a volume that the state forgot is taken back: docs/cluster-volumes.md.
"""

from __future__ import annotations

import pulumi
from pulumi_kubernetes.core.v1 import (
    LocalVolumeSourceArgs,
    NodeSelectorArgs,
    NodeSelectorRequirementArgs,
    NodeSelectorTermArgs,
    ObjectReferenceArgs,
    PersistentVolume,
    PersistentVolumeClaim,
    PersistentVolumeClaimSpecArgs,
    PersistentVolumeSpecArgs,
    VolumeNodeAffinityArgs,
    VolumeResourceRequirementsArgs,
)
from pulumi_kubernetes.storage.v1 import StorageClass

from infra.cluster.objects import claim
from infra.cluster.scope import SKIP_AWAIT, ClusterScope
from infra.component import Component
from stacks.naming import VOLUMES
from stacks.settings import StackSettings
from stacks.settings.platform import Store

HOSTNAME = "kubernetes.io/hostname"
ONE_NODE, ONE_POD = "ReadWriteOnce", "ReadWriteOncePod"
RETAIN = "Retain"


def access_mode(settings: StackSettings, volume: str) -> str:
    """Every volume is one node's; the one that holds SQLite's file is one pod's."""
    return ONE_POD if volume == "cache" and settings.services.store is Store.SQLITE else ONE_NODE


def size(settings: StackSettings, volume: str) -> str:
    """Size that is asked for. The node's folder enforces none."""
    sizes = settings.volumes
    return f"{ {'database': sizes.database_gi, 'logs': sizes.logs_gi, 'cache': sizes.cache_gi}[volume] }Gi"


def node_affinity(settings: StackSettings) -> VolumeNodeAffinityArgs:
    """Where the folders are: on the named node; on every node that there is, when there is one or all share them.

    A local volume must say it. Without a name a second node that nobody told the settings of would start pods which
    find no folder and wait: nothing is written to a wrong place.
    """
    node = settings.cluster.volume_node
    where = (
        NodeSelectorRequirementArgs(key=HOSTNAME, operator="In", values=[node])
        if node
        else NodeSelectorRequirementArgs(key=HOSTNAME, operator="Exists")
    )
    return VolumeNodeAffinityArgs(
        required=NodeSelectorArgs(node_selector_terms=[NodeSelectorTermArgs(match_expressions=[where])])
    )


class Volumes(Component):
    """The class, and of each volume the folder on the node and the claim on it, which name one another.

    All are protected: a `destroy` that spares what is protected leaves them bound, and the next `up` finds them so.
    """

    TOKEN = "spy:cluster:Volumes"  # noqa: S105  (a type token)

    claims: dict[str, PersistentVolumeClaim]
    """By the volumes of stacks.naming.VOLUMES: what pods that mount them wait for."""

    def __init__(self, name: str, scope: ClusterScope, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(name, opts)
        self._scope = scope
        self._class = StorageClass(
            "class",
            metadata=scope.metadata(scope.names.storage_class, namespace=None),
            provisioner="kubernetes.io/no-provisioner",
            volume_binding_mode="WaitForFirstConsumer",
            reclaim_policy=RETAIN,
            opts=scope.options(self, protect=True),
        )
        self.claims = {volume: self._claim(volume, self._volume(volume)) for volume in VOLUMES}
        self.register()

    def _volume(self, volume: str) -> PersistentVolume:
        """Kept for one claim from the start, so that no other takes it before."""
        scope, settings = self._scope, self._scope.settings
        return PersistentVolume(
            volume,
            metadata=scope.metadata(scope.names.persistent_volume(volume), namespace=None),
            spec=PersistentVolumeSpecArgs(
                capacity={"storage": size(settings, volume)},
                access_modes=[access_mode(settings, volume)],
                persistent_volume_reclaim_policy=RETAIN,
                storage_class_name=scope.names.storage_class,
                volume_mode="Filesystem",
                local=LocalVolumeSourceArgs(path=scope.names.host_folder(volume)),
                node_affinity=node_affinity(settings),
                claim_ref=ObjectReferenceArgs(namespace=scope.namespace, name=claim(volume)),
            ),
            opts=scope.options(self, self._class, protect=True),
        )

    def _claim(self, volume: str, kept: PersistentVolume) -> PersistentVolumeClaim:
        """Not awaited: of a class that binds late the provider waits to see Pending, and this one is bound at once."""
        scope, settings = self._scope, self._scope.settings
        return PersistentVolumeClaim(
            claim(volume),
            metadata=scope.metadata(claim(volume), annotations={SKIP_AWAIT: "true"}),
            spec=PersistentVolumeClaimSpecArgs(
                access_modes=[access_mode(settings, volume)],
                storage_class_name=scope.names.storage_class,
                volume_mode="Filesystem",
                volume_name=scope.names.persistent_volume(volume),
                resources=VolumeResourceRequirementsArgs(requests={"storage": size(settings, volume)}),
            ),
            opts=scope.options(self, kept, protect=True),
        )
