"""The recorded plan says what the real engine is told: compared resource by resource, property by property.

Only default providers, and `version` and `__internal` among a provider's inputs, are the engine's own.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from infra.plan import Mode, Plan, Registration, Secret, record
from tests.engine.conftest import Deployed, Fresh

Told = dict[str, dict[str, Any]]
"""What was told about each resource, by URN."""

STACKS = ["dev", "prod"]
STACK = "pulumi:pulumi:Stack"
SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "<secret>"


def hidden(value: Any) -> Any:
    """A value with each secret as one word, whether recorded or in the engine's files; None is absent."""
    if isinstance(value, Secret) or (isinstance(value, Mapping) and SIGNATURE in value):
        return SECRET
    if isinstance(value, Mapping):
        return {key: hidden(each) for key, each in value.items() if each is not None}
    return [hidden(each) for each in value] if isinstance(value, list) else value


def own_inputs(type_: str, inputs: Mapping[str, Any]) -> Any:
    provider = type_.startswith("pulumi:providers:")
    added = {"version", "__internal"} if provider else set()
    return hidden({key: value for key, value in inputs.items() if key not in added})


def without_ids(provider: str) -> str:
    return provider.rpartition("::")[0]


def without_root(parent: str) -> str:
    """A recording has no stack resource to be a parent."""
    return "" if parent.split("::")[2:3] == [STACK] else parent


def told_by_plan(resources: Mapping[str, Any]) -> Told:
    """The saved plan's goals."""
    return {
        urn: {
            "type": goal["type"],
            "parent": without_root(goal.get("parent", "")),
            "provider": without_ids(goal.get("provider", "")),
            "protect": goal["protect"],
            "inputs": own_inputs(goal["type"], goal["inputDiff"].get("adds", {})) if goal["custom"] else {},
            "dependencies": sorted(goal.get("dependencies", [])),
            "property dependencies": {
                key: sorted(urns) for key, urns in goal.get("propertyDependencies", {}).items() if urns
            },
            "timeouts": goal["customTimeouts"],
            "ignored changes": sorted(goal.get("ignoreChanges", [])),
            "secret outputs": sorted(goal.get("additionalSecretOutputs", [])),
        }
        for urn, goal in ((urn, planned["goal"]) for urn, planned in resources.items())
        if goal["type"] != STACK
    }


def told_by_recording(plan: Plan) -> Told:
    """The recorder's registrations."""
    return {
        urn: {
            "type": one.type,
            "parent": without_root(one.parent),
            "provider": one.provider,
            "protect": one.protect,
            "inputs": own_inputs(one.type, one.inputs) if one.custom else {},
            "dependencies": sorted(one.dependencies),
            "property dependencies": {key: sorted(urns) for key, urns in one.property_dependencies.items()},
            "timeouts": {what: seconds(time) for what, time in one.custom_timeouts.items()},
            "ignored changes": sorted(one.ignore_changes),
            "secret outputs": sorted(one.additional_secret_outputs),
        }
        for urn, one in plan.resources.items()
    }


def seconds(duration: str) -> float:
    """A duration as the program writes it: 90m."""
    units = {"s": 1, "m": 60, "h": 3600}
    return float(duration[:-1]) * units[duration[-1]]


@pytest.mark.parametrize("name", STACKS)
def test_the_plan_that_the_engine_saves_on_a_fresh_stack_is_the_recorded_one(fresh: Fresh, name: str) -> None:
    stack = fresh(name)
    saved = told_by_plan(stack.plan())
    recorded = told_by_recording(record(stack.settings(), Mode.PREVIEW))
    assert differences(recorded, saved) == {}


@pytest.mark.parametrize("name", STACKS)
def test_what_a_saved_plan_does_not_hold_is_in_the_state_as_recorded(deployed: Deployed, name: str) -> None:
    stack = deployed(name)
    state = {urn: one for urn, one in stack.resources().items() if one["type"] != STACK}
    plan = record(stack.settings(), Mode.UPDATE)
    recorded = {urn: of_registration(one) for urn, one in plan.resources.items()} | {
        urn: {
            "type": one.type,
            "parent": without_root(one.parent),
            "read": one.id,
            "provider": one.provider,
            "dependencies": sorted(one.dependencies),
        }
        for urn, one in plan.reads.items()
    }
    assert differences(recorded, {urn: of_state(one) for urn, one in state.items()}) == {}


def of_registration(one: Registration) -> dict[str, Any]:
    return {
        "retained": one.retain_on_delete,
        "deleted with": one.deleted_with,
        "inputs": own_inputs(one.type, one.inputs) if one.custom else {},
    }


def of_state(one: Mapping[str, Any]) -> dict[str, Any]:
    if one.get("external"):
        return {
            "type": one["type"],
            "parent": without_root(one["parent"]),
            "read": one["id"],
            "provider": without_ids(one["provider"]),
            "dependencies": sorted(one.get("dependencies", [])),
        }
    return {
        "retained": one.get("retainOnDelete", False),
        "deleted with": one.get("deletedWith", ""),
        "inputs": own_inputs(one["type"], one.get("inputs", {})) if one["custom"] else {},
    }


def differences(recorded: Told, engine: Told) -> Told:
    """What differs, by URN and by kind, as a pair of what was recorded and what the engine has."""
    found: Told = {}
    for urn in sorted(recorded.keys() | engine.keys()):
        ours, theirs = recorded.get(urn, {}), engine.get(urn, {})
        if different := {
            kind: (ours.get(kind), theirs.get(kind))
            for kind in ours.keys() | theirs.keys()
            if ours.get(kind) != theirs.get(kind)
        }:
            found[urn] = different
    return found
