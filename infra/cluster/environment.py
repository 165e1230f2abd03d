"""Environment: the ConfigMaps and Secrets that one workload reads, with what they hold as hashes. Declares nothing."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    ConfigMapEnvSourceArgs,
    EnvFromSourceArgs,
    LocalObjectReferenceArgs,
    Secret,
    SecretEnvSourceArgs,
)

from infra.cluster.content_hash import annotation


@dataclass(frozen=True)
class Kept:
    """A ConfigMap or Secret: the fixed name that pods refer to it by, the hash of its content, and the object."""

    name: str
    hash: pulumi.Output[str]
    object: ConfigMap | Secret


@dataclass(frozen=True)
class Environment:
    """What one workload reads, in the order of its envFrom: what is shared, its own, credentials."""

    config_maps: tuple[Kept, ...] = ()
    secrets: tuple[Kept, ...] = ()
    pull_secrets: tuple[Kept, ...] = ()
    """What its images are pulled with. A new password changes no running pod, so these are not hashed."""

    @property
    def sources(self) -> list[EnvFromSourceArgs]:
        """`envFrom` of its container; of two sources with one key the later wins."""
        return [
            *(EnvFromSourceArgs(config_map_ref=ConfigMapEnvSourceArgs(name=one.name)) for one in self.config_maps),
            *(EnvFromSourceArgs(secret_ref=SecretEnvSourceArgs(name=one.name)) for one in self.secrets),
        ]

    @property
    def hashes(self) -> dict[str, pulumi.Input[str]]:
        """Annotations of its pod template: the pods are made anew when what they read is another."""
        return {annotation(one.name): one.hash for one in (*self.config_maps, *self.secrets)}

    @property
    def image_pull_secrets(self) -> list[LocalObjectReferenceArgs]:
        """`imagePullSecrets` of its pods."""
        return [LocalObjectReferenceArgs(name=one.name) for one in self.pull_secrets]

    @property
    def objects(self) -> list[pulumi.Resource]:
        """What must be there before its pods start."""
        return [one.object for one in (*self.config_maps, *self.secrets, *self.pull_secrets)]
