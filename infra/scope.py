"""Scope: what every component of a stack is given beside its own arguments. Holds no resource but the read group."""

from __future__ import annotations

from dataclasses import dataclass

import pulumi

from infra.tags import tags
from stacks.naming import Names
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Scope:
    """Settings and names of the stack, and the resource group that bootstrap made and the program reads."""

    settings: StackSettings
    names: Names
    resource_group_name: pulumi.Input[str]
    resource_group_id: pulumi.Input[str]

    @property
    def location(self) -> str:
        """Azure region of every resource."""
        return self.settings.azure.location

    @property
    def tags(self) -> dict[str, str]:
        """Tags of every taggable resource."""
        return tags(self.settings)
