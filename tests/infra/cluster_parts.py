"""Cluster parts: the plan of some components of the cluster layer only, in a fraction of the whole program's time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi

from infra.cluster.azure_facts import AzureFacts
from infra.cluster.config import ServiceConfig
from infra.cluster.credentials import ServiceSecrets
from infra.cluster.environment import Environment
from infra.cluster.environments import environments
from infra.cluster.scope import ClusterScope
from infra.layers import ClusterLayer
from infra.plan import Mode, Plan, Registration, record, reveal
from stacks.naming import Names
from stacks.settings import Layer, StackSettings
from tests.infra.recording import settings_of

Build = Callable[[ClusterScope, pulumi.ResourceOptions], Any]
TENANT = "00000000-0000-0000-0000-0000000000aa"


def cluster_part(build: Build, stack: str | StackSettings = "prod", *, mode: Mode = Mode.UPDATE) -> Plan:
    """The plan of what `build(scope, options)` makes under the cluster layer; what it returns are the outputs."""

    def program(given: StackSettings) -> dict[str, Any]:
        layer = ClusterLayer()
        told = build(ClusterScope(given, Names(given)), pulumi.ResourceOptions(parent=layer))
        return told if isinstance(told, dict) else {}

    return record(settings_of(stack), mode, program)


def azure_facts(settings: StackSettings) -> AzureFacts | None:
    """What the cloud layer would tell the cluster, where a stack has it."""
    if not settings.includes(Layer.CLOUD):
        return None
    names = (
        "tables_endpoint",
        "signalr_endpoint",
        "insights_connection_string",
        "detector_client_id",
        "backend_client_id",
        "bot_client_id",
        "log_ingestion_endpoint",
        "log_rule_id",
    )
    return AzureFacts(tenant_id=TENANT, **{name: pulumi.Output.from_input(f"the {name}") for name in names})


def what_is_read(
    stack: str | StackSettings, told: Callable[[dict[str, Environment]], dict[str, Any]] | None = None
) -> Plan:
    """ConfigMaps and Secrets of a stack; the outputs are what `told` makes of the workloads' environments."""

    def build(scope: ClusterScope, within: pulumi.ResourceOptions) -> dict[str, Any]:
        config = ServiceConfig("config", scope, within)
        secrets = ServiceSecrets("credentials", scope, azure_facts(scope.settings), within)
        found = environments(scope.settings, config, secrets)
        return told(found) if told else {}

    return cluster_part(build, stack)


def objects(plan: Plan, kind: str) -> dict[str, Registration]:
    """Objects of a kind such as core/v1:Secret, by the name they have in the cluster."""
    found = (one for one in plan.resources.values() if one.type == f"kubernetes:{kind}")
    return {reveal(one.inputs)["metadata"]["name"]: one for one in found}


def manifest(plan: Plan, kind: str, name: str) -> dict[str, Any]:
    """An object as it is declared, secrets in plain."""
    revealed: dict[str, Any] = reveal(objects(plan, kind)[name].inputs)
    return revealed
