"""Tags that every taggable resource bears. Pure."""

from __future__ import annotations

from stacks.settings import StackSettings


def tags(settings: StackSettings) -> dict[str, str]:
    """The five tags of requirements P1.02."""
    return {
        "Project": "SPY-Options-Platform",
        "Environment": settings.stack,
        "ManagedBy": "Pulumi",
        "Owner": settings.tags.owner,
        "CostCenter": settings.tags.cost_center,
    }
