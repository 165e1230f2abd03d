"""Recordings for tests: the plan of a stack without cloud, CLI or network, kept for the length of the session."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pulumi

from infra.component import Component
from infra.layers import CloudLayer
from infra.plan import Mode, Plan, Registration, record, reveal
from infra.scope import Scope
from stacks.load import for_plan, load
from stacks.naming import Names
from stacks.settings import StackSettings

ROOT = Path(__file__).parents[2]
STACKS = ("dev", "local", "prod")
RESOURCE_GROUP_ID = "/subscriptions/00000000-0000-0000-0000-000000000000/resourceGroups/rg-test"


def recorded(stack: str | StackSettings, *, preview: bool = True) -> Plan:
    """The whole plan of a stack: in preview, where computed outputs are unknown, or as an update has it.

    A name is read from the committed stack files; give settings for anything else.
    """
    return _recorded(settings_of(stack), Mode.PREVIEW if preview else Mode.UPDATE)


def symbolic(stack: str | StackSettings) -> Plan:
    """The whole plan with computed outputs by their names, as the golden plan has it."""
    return _recorded(settings_of(stack), Mode.SYMBOLIC)


def settings_of(stack: str | StackSettings) -> StackSettings:
    """Settings of a committed stack file with placeholders for what is absent; settings as they are, but for the uid.

    Without a cluster's uid, or the placeholder for it, nothing in the cluster is declared.
    """
    if isinstance(stack, str):
        return for_plan(load(stack, ROOT))
    if stack.cluster.uid:
        return stack
    return stack.model_copy(update={"cluster": stack.cluster.model_copy(update={"uid": "<setting:cluster.uid>"})})


@cache
def _recorded(settings: StackSettings, mode: Mode) -> Plan:
    return record(settings, mode)


def recorded_part(
    build: Callable[[Scope, pulumi.ResourceOptions], Component | None],
    settings: StackSettings | None = None,
    *,
    mode: Mode = Mode.UPDATE,
) -> Plan:
    """The plan of some components only: `build(scope, options)` makes them under a cloud layer.

    For tests of one component: `recorded_part(lambda scope, within: Network("network", scope, "id", within))`.
    """

    def program(given: StackSettings) -> dict[str, Any]:
        layer = CloudLayer()
        scope = Scope(given, Names(given), resource_group_name="rg-test", resource_group_id=RESOURCE_GROUP_ID)
        build(scope, pulumi.ResourceOptions(parent=layer))
        return {}

    return record(settings or StackSettings(stack="dev"), mode, program)


def inputs_of(plan: Plan, type_: str, name: str) -> dict[str, Any]:
    """Inputs of the one resource of this type and logical name, secrets in plain."""
    revealed: dict[str, Any] = reveal(plan.named(type_, name).inputs)
    return revealed


def children_of(plan: Plan, parent: Registration) -> list[Registration]:
    """Resources directly under another."""
    return [one for one in plan.resources.values() if one.parent == parent.urn]
