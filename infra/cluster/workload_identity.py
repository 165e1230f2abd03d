"""WorkloadIdentity: as whom a workload signs in to Azure, if it does. Holds no secret."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi
from pulumi_kubernetes.core.v1 import EnvVarArgs

from infra.cluster.mounts import Mount
from infra.cluster.tokens import entra_variables, for_entra
from stacks.settings import StackSettings
from stacks.settings.platform import ClusterIdentity


@dataclass(frozen=True)
class WorkloadIdentity:
    """Variables and token of a workload; none with connection strings, and none without Azure."""

    variables: tuple[EnvVarArgs, ...] = ()
    mounts: tuple[Mount, ...] = ()


def workload_identity(settings: StackSettings, client_id: pulumi.Input[str] | None) -> WorkloadIdentity:
    """The managed identity of this client id, by the service account's projected token (requirements C27)."""
    if client_id is None or settings.cluster.identity is not ClusterIdentity.FEDERATED:
        return WorkloadIdentity()
    return WorkloadIdentity(tuple(entra_variables(client_id)), (for_entra(),))
