"""Changes: what one plan does to a stack that another plan made: replaced, deleted, created, updated. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from infra import cloud_model
from infra.plan.documents import OPTIONS, path_of
from infra.plan.model import Plan, Registration
from infra.plan.values import leaves

ABSENT = None
"""What a property that is not there reads in a difference."""


class Action(StrEnum):
    """What happens to a resource, the gravest first."""

    REPLACED = "replaced"
    DELETED = "deleted"
    CREATED = "created"
    UPDATED = "updated"


@dataclass(frozen=True)
class Difference:
    """One property, by its path, before and after. `replaces`: the cloud cannot change it in place."""

    path: str
    before: Any
    after: Any
    replaces: bool = False
    ignored: bool = False


@dataclass(frozen=True)
class Change:
    """What happens to one resource. `path` as in the documents; `protected`: the engine refuses to delete it."""

    action: Action
    path: str
    type: str
    urn: str
    protected: bool
    differences: tuple[Difference, ...] = ()


def changes(before: Plan, after: Plan) -> list[Change]:
    """Every change, replacements and deletions first, protected ones before others, then by URN.

    Replacing a resource replaces those whose own identity is made of its outputs, as the engine would.
    """
    known = _renamed(before, after)
    found = {urn: _compared(before, after, known.get(urn, urn), urn) for urn in after.resources}
    gone = set(before.resources) - {known.get(urn, urn) for urn in after.resources}
    every = [change for change in _spread(found, after).values() if change] + [_deleted(before, urn) for urn in gone]
    order = list(Action)
    return sorted(every, key=lambda one: (order.index(one.action), not one.protected, one.urn))


def output_changes(before: Plan, after: Plan) -> list[Difference]:
    """Stack outputs that differ."""
    return list(_differences(before.outputs, after.outputs))


def read_changes(before: Plan, after: Plan) -> list[Difference]:
    """Reads that differ, by their paths: the ids that are read."""
    ids = [{path_of(plan, urn): one.id for urn, one in plan.reads.items()} for plan in (before, after)]
    return list(_differences(ids[0], ids[1]))


def _renamed(before: Plan, after: Plan) -> dict[str, str]:
    """URN now to URN before, for resources that an alias keeps."""
    found = {}
    for urn, one in after.resources.items():
        candidates = [alias if alias.startswith("urn:") else _with_name(urn, alias) for alias in one.aliases]
        there = [candidate for candidate in candidates if candidate in before.resources]
        if there and urn not in before.resources:
            found[urn] = there[0]
    return found


def _with_name(urn: str, alias: str) -> str:
    return f"{urn.rpartition('::')[0]}::{alias.removeprefix('name ')}"


def _compared(before: Plan, after: Plan, old: str, urn: str) -> Change | None:
    one = after.resources[urn]
    if old not in before.resources:
        return Change(Action.CREATED, path_of(after, urn), one.type, urn, one.protect)
    was = before.resources[old]
    said = (_said(before, was), _said(after, one))
    inputs = [_marked(each, one) for each in _differences(was.inputs, one.inputs)]
    differences = (*_differences(*said), *inputs)
    if not differences:
        return None
    replaced = any(each.replaces and not each.ignored for each in differences)
    action = Action.REPLACED if replaced else Action.UPDATED
    return Change(action, path_of(after, urn), one.type, urn, was.protect, differences)


def _said(plan: Plan, one: Registration) -> dict[str, Any]:
    """Everything about a registration but its inputs, in the words of the documents."""
    said: dict[str, Any] = {f"({name})": getattr(one, field) or ABSENT for field, name in OPTIONS.items()}
    said["(outputs)"] = plan.component_outputs.get(one.urn) or ABSENT
    said["(urn)"] = one.urn
    for name, urns in (("provider", [one.provider]), ("deletedWith", [one.deleted_with]), ("after", one.dependencies)):
        said[f"({name})"] = [path_of(plan, urn) for urn in urns if urn] or ABSENT
    return said


def _marked(difference: Difference, one: Registration) -> Difference:
    fixed = {*cloud_model.replacing(one.type), *one.replace_on_changes}
    return replace(
        difference,
        replaces="*" in fixed or any(_covers(path, difference.path) for path in fixed),
        ignored=any(_covers(path, difference.path) for path in one.ignore_changes),
    )


def _covers(path: str, other: str) -> bool:
    """Whether a property is another, or holds it, or is held by it: an object that goes takes its members along."""
    return path == other or other.startswith(f"{path}.") or path.startswith(f"{other}.")


def _differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[Difference]:
    left, right = (
        {".".join(path): value for path, value in leaves(each) if path and value is not ABSENT}
        for each in (before, after)
    )
    for path in sorted({*left, *right}):
        if left.get(path) != right.get(path):
            yield Difference(path, left.get(path), right.get(path))


def _deleted(before: Plan, urn: str) -> Change:
    one = before.resources[urn]
    return Change(Action.DELETED, path_of(before, urn), one.type, urn, one.protect)


def _spread(found: dict[str, Change | None], after: Plan) -> dict[str, Change | None]:
    """The changes with those replacements added that follow from others, until none is left."""
    spread = dict(found)
    waiting = [urn for urn, change in found.items() if change and change.action is Action.REPLACED]
    while waiting:
        source = path_of(after, waiting.pop())
        for urn, change in spread.items():
            because = () if change and change.action is not Action.UPDATED else _because(after.resources[urn], source)
            if because:
                one, earlier = after.resources[urn], change.differences if change else ()
                protected = change.protected if change else one.protect
                differences = (*earlier, *because)
                spread[urn] = Change(Action.REPLACED, path_of(after, urn), one.type, urn, protected, differences)
                waiting.append(urn)
    return spread


def _because(one: Registration, source: str) -> tuple[Difference, ...]:
    """Properties that cannot change in place and are made of outputs of a resource that is replaced."""
    texts = ((".".join(path), value) for path, value in leaves(one.inputs) if f"<{source}." in str(value))
    fresh = (Difference(path, value, f"that of the new {source}") for path, value in texts)
    return tuple(each for each in (_marked(difference, one) for difference in fresh) if each.replaces)
