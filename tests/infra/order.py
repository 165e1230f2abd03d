"""Order: which resource of a plan is made before which. For tests that grants precede what needs them."""

from __future__ import annotations

from infra.plan import Plan, Registration


def made_before(plan: Plan, later: Registration) -> set[str]:
    """Names of the resources, `type name`, that exist before `later` is made: its dependencies and theirs."""
    seen: set[str] = set()
    waiting = list(later.dependencies)
    while waiting:
        urn = waiting.pop()
        if urn in seen or urn not in plan.resources:
            continue
        seen.add(urn)
        waiting += plan.resources[urn].dependencies
    return {f"{plan.resources[urn].type.rpartition(':')[2]} {plan.resources[urn].name}" for urn in seen}
