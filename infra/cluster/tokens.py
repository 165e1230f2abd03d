"""Tokens: the service account's tokens that a pod is given, each for one audience and an hour. Holds no token.

No pod has one by default (accounts and pods switch that off): a token for the API server is mounted where a service
talks to it, and one for Entra where a service signs in to Azure.
"""

from __future__ import annotations

from typing import Final

import pulumi
from pulumi_kubernetes.core.v1 import (
    ConfigMapProjectionArgs,
    DownwardAPIProjectionArgs,
    DownwardAPIVolumeFileArgs,
    EnvVarArgs,
    KeyToPathArgs,
    ObjectFieldSelectorArgs,
    ProjectedVolumeSourceArgs,
    ServiceAccountTokenProjectionArgs,
    VolumeArgs,
    VolumeMountArgs,
    VolumeProjectionArgs,
)

from apps.contracts.names import AzureEnv
from infra.cloud.identity import AUDIENCE
from infra.cloud.webapp_settings import AUTHORITY
from infra.cluster.mounts import Mount

KUBERNETES = "/var/run/secrets/kubernetes.io/serviceaccount"
"""Where every client of the API server looks in a pod."""

ENTRA = "/var/run/secrets/azure/tokens"
TOKEN_SECONDS = 3600
"""The kubelet renews a token when four fifths of this are over."""

CA_OF_THE_CLUSTER = "kube-root-ca.crt"
"""ConfigMap that the control plane keeps in every namespace."""


class FederatedEnv:
    """What Azure's own sign-in library reads beside client and tenant."""

    TOKEN_FILE: Final = "AZURE_FEDERATED_TOKEN_FILE"  # noqa: S105  (a key's name)
    AUTHORITY: Final = "AZURE_AUTHORITY_HOST"


def for_kubernetes() -> Mount:
    """Token, certificate of the API server and the namespace's name, as an automatic mount would have them."""
    namespace = DownwardAPIVolumeFileArgs(
        path="namespace", field_ref=ObjectFieldSelectorArgs(field_path="metadata.namespace")
    )
    return _projected(
        "kubernetes-token",
        KUBERNETES,
        VolumeProjectionArgs(
            service_account_token=ServiceAccountTokenProjectionArgs(path="token", expiration_seconds=TOKEN_SECONDS)
        ),
        VolumeProjectionArgs(
            config_map=ConfigMapProjectionArgs(
                name=CA_OF_THE_CLUSTER, items=[KeyToPathArgs(key="ca.crt", path="ca.crt")]
            )
        ),
        VolumeProjectionArgs(downward_api=DownwardAPIProjectionArgs(items=[namespace])),
    )


def for_entra() -> Mount:
    """A token that Entra exchanges for one of the workload's managed identity."""
    return _projected(
        "azure-token",
        ENTRA,
        VolumeProjectionArgs(
            service_account_token=ServiceAccountTokenProjectionArgs(
                path="token", audience=AUDIENCE, expiration_seconds=TOKEN_SECONDS
            )
        ),
    )


def entra_variables(client_id: pulumi.Input[str]) -> list[EnvVarArgs]:
    """Whose identity it is, and where the token lies. The tenant is shared: it comes with azure-credentials."""
    return [
        EnvVarArgs(name=AzureEnv.CLIENT_ID, value=client_id),
        EnvVarArgs(name=FederatedEnv.TOKEN_FILE, value=f"{ENTRA}/token"),
        EnvVarArgs(name=FederatedEnv.AUTHORITY, value=f"{AUTHORITY}/"),
    ]


def _projected(name: str, path: str, *sources: VolumeProjectionArgs) -> Mount:
    return Mount(
        VolumeArgs(name=name, projected=ProjectedVolumeSourceArgs(sources=list(sources))),
        VolumeMountArgs(name=name, mount_path=path, read_only=True),
    )
