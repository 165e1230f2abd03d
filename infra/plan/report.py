"""Report: a comparison of plans as text for a person and as an object for a script. Decides nothing."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterator
from typing import Any

from rich.markup import escape

from infra.plan.changes import Action, Change, Difference, changes, output_changes, read_changes
from infra.plan.cost import Cost, cost_of
from infra.plan.golden import Golden

SIGNS = {
    Action.REPLACED: "[red]±[/red]",
    Action.DELETED: "[red]-[/red]",
    Action.CREATED: "[green]+[/green]",
    Action.UPDATED: "[yellow]~[/yellow]",
}
LONGEST = 100
"""Characters of a value that a line of the report shows."""


def lines(golden: Golden) -> Iterator[str]:
    """The report, line by line, in rich's markup."""
    found = changes(golden.before, golden.plan)
    yield f"[bold]{golden.settings.stack}[/bold]: {_summary(golden, found)}"
    if golden.committed:
        yield from _changes(golden, found)
    yield f"  {cost_line(cost_of(golden))}"
    if needed := [*(need.sentence for need in golden.needed), *golden.unresolved]:
        yield "  needed before up:"
        yield from (f"    {escape(sentence)}" for sentence in needed)
    if golden.remarks:
        yield "  worth knowing:"
        yield from (f"    {escape(remark)}" for remark in golden.remarks)


def _summary(golden: Golden, found: list[Change]) -> str:
    if not golden.committed:
        return f"no plan is committed yet; {len(golden.plan.resources)} resources would be its first"
    if golden.is_same:
        return f"as committed, {len(golden.plan.resources)} resources"
    counts = Counter(change.action for change in found)
    said = [f"{counts[action]} {action}" for action in Action if counts[action]]
    return ", ".join(said) or "the files differ, no resource does"


def _changes(golden: Golden, found: list[Change]) -> Iterator[str]:
    for change in found:
        yield from _change(change)
    for kind, compared in (("output", output_changes), ("read", read_changes)):
        for difference in compared(golden.before, golden.plan):
            yield f"  [yellow]~[/yellow] {kind} {_difference(difference)}"


def _change(change: Change) -> Iterator[str]:
    guard = " [red bold]PROTECTED: the engine will refuse[/red bold]" if _refused(change) else ""
    kind = change.type.removeprefix("azure-native:")
    yield f"  {SIGNS[change.action]} {change.action} {escape(change.path)} [dim]{escape(kind)}[/dim]{guard}"
    for difference in change.differences:
        why = " [red](cannot change in place)[/red]" if difference.replaces and not difference.ignored else ""
        why = " [dim](ignored by the engine)[/dim]" if difference.ignored else why
        yield f"      {_difference(difference)}{why}"


def _refused(change: Change) -> bool:
    return change.protected and change.action in {Action.REPLACED, Action.DELETED}


def _difference(difference: Difference) -> str:
    return f"{escape(difference.path)}: {_shown(difference.before)} → {_shown(difference.after)}"


def _shown(value: Any) -> str:
    if value is None:
        return "[dim]nothing[/dim]"
    text = value if isinstance(value, str) and value else json.dumps(value, ensure_ascii=False)
    return escape(text if len(text) <= LONGEST else f"{text[:LONGEST]}…")


def cost_line(cost: Cost) -> str:
    """Both costs and their difference."""
    if cost.after is None:
        return f"[red]cost: {escape(cost.missing)}[/red]"
    if cost.before is None or cost.before == cost.after:
        return f"cost: {cost.after:.2f} USD a month"
    return f"cost: {cost.before:.2f} → {cost.after:.2f} USD a month ({cost.after - cost.before:+.2f})"


def as_object(golden: Golden) -> dict[str, Any]:
    """The report for a script."""
    cost = cost_of(golden)
    return {
        "stack": golden.settings.stack,
        "same": golden.is_same,
        "resources": len(golden.plan.resources),
        "changes": [_change_object(change) for change in changes(golden.before, golden.plan)],
        "outputs": [_difference_object(each) for each in output_changes(golden.before, golden.plan)],
        "reads": [_difference_object(each) for each in read_changes(golden.before, golden.plan)],
        "cost": {"before": cost.before, "after": cost.after, "missing": cost.missing},
        "needed": [
            {"key": need.key, "layer": need.layer, "refuses": need.refuses, "why": need.why} for need in golden.needed
        ],
        "unresolved": golden.unresolved,
        "remarks": golden.remarks,
    }


def _change_object(change: Change) -> dict[str, Any]:
    return {
        "action": change.action,
        "path": change.path,
        "type": change.type,
        "urn": change.urn,
        "protected": change.protected,
        "differences": [_difference_object(each) for each in change.differences],
    }


def _difference_object(difference: Difference) -> dict[str, Any]:
    return {
        "path": difference.path,
        "before": difference.before,
        "after": difference.after,
        "replaces": difference.replaces,
        "ignored": difference.ignored,
    }
