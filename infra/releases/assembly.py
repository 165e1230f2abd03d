"""Assembly: the wiring of the releases layer. Declares nothing itself."""

from __future__ import annotations

import pulumi

from infra.cluster.assembly import Cluster
from infra.cluster.azure_facts import AzureFacts
from infra.layers import ReleasesLayer


def declare_releases(cluster: Cluster, azure: AzureFacts | None) -> None:  # noqa: ARG001
    """Declare monitoring, log forwarding and what they load. `azure`: nothing in a stack without the layer cloud."""
    ReleasesLayer(pulumi.ResourceOptions(providers=[cluster.connection.provider]))
