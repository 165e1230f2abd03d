"""Releases part: the plan of the releases layer alone, without the layers before it. For tests of what is in it."""

from __future__ import annotations

from functools import cache
from typing import Any

from infra.cluster.assembly import Cluster
from infra.cluster.connection import connect
from infra.cluster.scope import ClusterScope
from infra.plan import Mode, Plan, record
from infra.releases.assembly import declare_releases
from stacks.naming import Names
from stacks.settings import StackSettings
from tests.infra.cluster_parts import azure_facts
from tests.infra.recording import settings_of


def released(stack: str | StackSettings) -> Plan:
    """The releases of a committed stack, or of settings, as an update has them."""
    return _released(settings_of(stack))


@cache
def _released(settings: StackSettings) -> Plan:
    return record(settings, Mode.UPDATE, _program)


def _program(settings: StackSettings) -> dict[str, Any]:
    connection = connect(settings)
    scope = ClusterScope(settings, Names(settings), connection.proven)
    declare_releases(Cluster(connection, scope), azure_facts(settings))
    return {}


def with_(stack: str, section: str, **changed: object) -> StackSettings:
    """A committed stack with some settings of one section changed."""
    settings = settings_of(stack)
    return settings.model_copy(update={section: getattr(settings, section).model_copy(update=changed)})
