"""Service: how a workload is found inside the cluster (requirements C21). Nothing is opened beyond the cluster."""

from __future__ import annotations

from collections.abc import Mapping

import pulumi
from pulumi_kubernetes.core.v1 import Service, ServicePortArgs, ServiceSpecArgs

from infra.cluster.objects import APP_LABEL
from infra.cluster.scope import SKIP_AWAIT, ClusterScope


def service(
    scope: ClusterScope,
    parent: pulumi.Resource,
    name: str,
    app: str,
    ports: Mapping[str, int],
    *,
    may_lead_nowhere: bool = False,
) -> Service:
    """A Service of type ClusterIP, with the pods' own port numbers.

    The engine waits until a Service leads to a ready pod. `may_lead_nowhere` is for those that are right without one: a
    bot that nobody activated, a gateway that is logged out. An update must not wait for these.
    """
    return Service(
        name,
        metadata=scope.metadata(name, app=app, annotations={SKIP_AWAIT: "true"} if may_lead_nowhere else None),
        spec=ServiceSpecArgs(
            type="ClusterIP",
            selector={APP_LABEL: app},
            ports=[
                ServicePortArgs(name=each, port=port, target_port=each, protocol="TCP") for each, port in ports.items()
            ],
        ),
        opts=scope.options(parent),
    )
