"""Golden: the plan of a committed stack as it is compared: no value of one operator's own, no value of one run."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property, reduce
from pathlib import Path
from typing import Any

import yaml
from pydantic.alias_generators import to_snake

from infra.plan.documents import parsed, rendered
from infra.plan.model import Mode, Plan
from infra.plan.normalise import normalised
from infra.plan.recorder import record
from infra.plan.store import ROOT, committed
from stacks.checks import check, remarks
from stacks.costs import monthly
from stacks.keys import all_keys
from stacks.load import Need, for_plan, load, load_all, needed
from stacks.pins import unresolved
from stacks.settings import StackSettings

PERSONAL = (
    "azure.subscriptionId",
    "azure.tenantId",
    "azure.apiAudience",
    "alerts.contacts",
    "registry.id",
    "onPrem.address",
    "cluster.context",
    "cluster.issuer",
    "cluster.uid",
    "upstream.github",
    "upstream.charts",
    "logs.forwarderId",
)
"""Settings of one operator: the golden plan names them, whether they are set or not."""


class CommittedPlanUnreadable(Exception):
    """What is in stacks/plan was not written by this program, or not whole."""


@dataclass(frozen=True)
class Golden:
    """A stack's plan now and the committed one; documents by layer, and both again as plans."""

    settings: StackSettings
    documents: dict[str, str]
    plan: Plan
    committed: dict[str, str]

    @cached_property
    def before(self) -> Plan:
        """The committed plan. Raises CommittedPlanUnreadable."""
        stack = self.settings.stack
        try:
            return parsed(stack, self.committed)
        except (yaml.YAMLError, AttributeError, LookupError, TypeError, ValueError) as error:
            raise CommittedPlanUnreadable(
                f"stacks/plan/{stack} holds a file that is no recorded plan: take the folder from the repository, or "
                f"delete it and run 'spy plan {stack} --write'"
            ) from error

    @property
    def needed(self) -> list[Need]:
        """What an operator must set before up."""
        return needed(self.settings)

    @property
    def unresolved(self) -> list[str]:
        """Images of others that have no digest yet."""
        return unresolved(self.settings)

    @property
    def remarks(self) -> list[str]:
        """What is allowed and worth knowing before up, a weakness that was chosen."""
        return remarks(self.settings)

    @property
    def is_same(self) -> bool:
        """Whether the committed documents are what would be written now."""
        return self.documents == self.committed


def golden(stack: str, *, root: Path = ROOT, folder: Path | None = None) -> Golden:
    """Record a stack from its file in `root` and read its committed plan in `folder`, or stacks/plan.

    Raises SettingsRefused, PlanRefused and CommittedPlanUnreadable, and whatever the program raises.
    """
    settings = load(stack, root)
    check(load_all(root), monthly)
    plan = normalised(record(for_plan(impersonal(settings)), Mode.SYMBOLIC))
    found = Golden(settings, rendered(plan), plan, committed(stack, folder))
    if not found.is_same:
        found.before  # noqa: B018  (read here, where it may be refused)
    return found


def impersonal(settings: StackSettings) -> StackSettings:
    """The settings with every personal one as it is by default."""
    return reduce(_defaulted, PERSONAL, settings)


def _defaulted(settings: StackSettings, key: str) -> StackSettings:
    section, name = (to_snake(part) for part in key.split("."))
    changed: Any = getattr(settings, section).model_copy(update={name: all_keys()[key].default})
    return settings.model_copy(update={section: changed})
