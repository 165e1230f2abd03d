"""Inventory: every resource of every stack as one page, from the recorded plans. Reads plans; runs nothing."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from infra.cloud.roles import ROLE_IDS
from infra.cloud_model.paths import parameters
from infra.costs import cost_of
from infra.plan import Plan, Registration, reveal
from stacks.costs import cost
from stacks.settings import Layer

GUID = re.compile(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}")
ROLES = {id_: role.value for role, id_ in ROLE_IDS.items()}
ABSENT, PRESENT = "", "yes"
HEADER = """\
# Resources

Every resource of every stack, by layer. Written by `make docs` from the recorded plans; a test compares.

A cell holds the resource's name in the cloud (or the role that it grants) and what it costs, USD a month by
`stacks/prices.yaml`. *protected*: no run deletes or replaces it. *kept*: if it leaves the program, Azure keeps it.
The resource group is made by bootstrap and only read. What each stack is for: [infrastructure.md](infrastructure.md).
"""


def page(plans: Sequence[Plan]) -> str:
    """The page as Markdown."""
    stacks = " | ".join(plan.stack for plan in plans)
    totals = " | ".join(f"**{cost_of(plan).monthly:.2f}**" for plan in plans)
    counts = " | ".join(str(len(_custom(plan))) for plan in plans)
    parts = [HEADER, f"| | {stacks} |", f"|---|{'---|' * len(plans)}"]
    parts += [f"| resources | {counts} |", f"| USD a month | {totals} |"]
    for layer in Layer:
        rows = list(_rows(plans, layer))
        if rows:
            parts += [f"\n## Layer {layer}\n", f"| resource | type | {stacks} | |"]
            parts += [f"|---|---|{'---|' * len(plans)}---|", *rows]
    return "\n".join(parts) + "\n"


def _custom(plan: Plan) -> list[Registration]:
    return [one for one in plan.resources.values() if one.custom and not one.is_provider]


def _rows(plans: Sequence[Plan], layer: Layer) -> Iterator[str]:
    """A row for each resource that any stack has in this layer, under the same path and type."""
    found: dict[tuple[str, str], dict[str, Registration]] = {}
    for plan in plans:
        for one in _custom(plan):
            if plan.layer(one.urn) == layer:
                found.setdefault((plan.path(one.urn), one.type), {})[plan.stack] = one
    for (path, type_), by_stack in sorted(found.items()):
        cells = [_cell(by_stack[plan.stack]) if plan.stack in by_stack else ABSENT for plan in plans]
        yield f"| {path} | {_short(type_)} | {' | '.join(cells)} | {_kept(list(by_stack.values()))} |"


def _short(type_: str) -> str:
    package, _, rest = type_.partition(":")
    return rest if package == "azure-native" else f"{package} {rest.rpartition(':')[2]}"


def _cell(one: Registration) -> str:
    usd = cost([(one.type, reveal(one.inputs))]).monthly
    return named(one) + (f", {usd:.2f}" if usd else "")


def named(one: Registration) -> str:
    """What a resource is called in the cloud; a grant is called by its role."""
    inputs = reveal(one.inputs)
    role = ROLES.get(str(inputs.get("roleDefinitionId", "")).rpartition("/")[2])
    if role:
        return role
    own = inputs.get(parameters(one.type)[-1]) if parameters(one.type) else None
    if isinstance(own, str) and GUID.fullmatch(own):
        own = inputs.get("displayName")
    return f"`{own}`" if own else PRESENT


def _kept(ones: list[Registration]) -> str:
    words = {"protected": any(one.protect for one in ones), "kept": any(one.retain_on_delete for one in ones)}
    return ", ".join(word for word, is_so in words.items() if is_so)
