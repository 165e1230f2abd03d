"""Log rules: a workspace cannot cost without end."""

from __future__ import annotations

from collections.abc import Iterator

from infra.policies.rule import Rule, rule, shown
from infra.policies.subject import Subject, is_known


@rule("logs-capped", "azure-native:operationalinsights:Workspace", says="A log workspace has a daily cap")
def has_cap(one: Subject) -> Iterator[str]:
    """Absent, and -1, mean no cap."""
    cap = one.get("workspaceCapping.dailyQuotaGb")
    if is_known(cap) and not (isinstance(cap, int | float) and cap > 0):
        yield f"workspaceCapping.dailyQuotaGb is {shown(cap)}: set logs.dailyCapGb"


RULES: tuple[Rule, ...] = (has_cap,)
