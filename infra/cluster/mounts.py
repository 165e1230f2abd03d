"""Mounts: volumes of a pod and where its container finds them. Pure."""

from __future__ import annotations

from dataclasses import dataclass

from pulumi_kubernetes.core.v1 import (
    EmptyDirVolumeSourceArgs,
    PersistentVolumeClaimVolumeSourceArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from infra.cluster.objects import claim

DATA = "/app/data"
LOGS = "/app/logs"
CACHE = "/app/cache"
SCRATCH = "/tmp"  # noqa: S108  (inside a container, on a volume of the pod's own)


@dataclass(frozen=True)
class Mount:
    """One volume and its place in the container."""

    volume: VolumeArgs
    at: VolumeMountArgs


def kept(volume: str, path: str, *, read_only: bool = False) -> Mount:
    """The claim of a volume of stacks.naming.VOLUMES, which outlives the pod."""
    return Mount(
        VolumeArgs(
            name=volume, persistent_volume_claim=PersistentVolumeClaimVolumeSourceArgs(claim_name=claim(volume))
        ),
        VolumeMountArgs(name=volume, mount_path=path, read_only=read_only or None),
    )


def scratch() -> Mount:
    """An empty /tmp that ends with the pod: the rest of the root file system is read-only."""
    return Mount(
        VolumeArgs(name="scratch", empty_dir=EmptyDirVolumeSourceArgs(size_limit="64Mi")),
        VolumeMountArgs(name="scratch", mount_path=SCRATCH),
    )
