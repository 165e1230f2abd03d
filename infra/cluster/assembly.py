"""Assembly: the wiring of the cluster layer, as infra/program.py is of the others. Declares nothing itself."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.cluster.accounts import Accounts
from infra.cluster.azure_facts import AzureFacts
from infra.cluster.config import ServiceConfig
from infra.cluster.connection import Connection
from infra.cluster.credentials import ServiceSecrets
from infra.cluster.environments import environments
from infra.cluster.namespaces import Namespaces
from infra.cluster.network_policies import NetworkPolicies
from infra.cluster.resolver import Resolver, resolves
from infra.cluster.scope import ClusterScope
from infra.cluster.volumes import Volumes
from infra.cluster.workloads import Ground, declare_workloads
from infra.images import Images
from infra.layers import ClusterLayer
from stacks.naming import Names
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Cluster:
    """What the releases take from the cluster layer."""

    connection: Connection
    scope: ClusterScope
    """Settings, names, and the stack's namespace to wait for."""


def declare_cluster(
    settings: StackSettings,
    connection: Connection,
    images: Images,
    azure: AzureFacts | None,
) -> Cluster:
    """Declare every object of the cluster layer. `azure`: nothing in a stack without the layer cloud."""
    layer = ClusterLayer(pulumi.ResourceOptions(providers=[connection.provider]))
    within = pulumi.ResourceOptions(parent=layer)
    proven = ClusterScope(settings, Names(settings), connection.proven)
    namespaces = Namespaces("namespaces", proven, within)
    scope = proven.behind(namespaces.workloads)
    config = ServiceConfig("config", scope, within)
    secrets = ServiceSecrets("credentials", scope, azure, within)
    volumes = Volumes("volumes", scope, within)
    accounts = Accounts("accounts", scope, within)
    NetworkPolicies("network-policies", scope, within)
    if resolves(settings):
        Resolver("resolver", scope, within)
    read = environments(settings, config, secrets)
    declare_workloads(Ground(scope, images, azure, read, accounts, volumes), within)
    return Cluster(connection, scope)
