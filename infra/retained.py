"""Retained: what outlived its stack in Azure and must be imported before the next up. Reads no cloud and no state.

Storage account and Key Vault and what lies in them are kept when a stack is destroyed (retain_on_delete), so the next
`pulumi up` would try to create what exists. The one who calls tells which resources the state holds and which exist.
"""

from __future__ import annotations

import shlex
from collections.abc import Callable, Collection
from dataclasses import dataclass

from infra import cloud_model
from infra.cloud_model.paths import SUBSCRIPTION
from infra.plan import Mode, Plan, Registration, record, reveal
from stacks.settings import StackSettings


@dataclass(frozen=True)
class Retained:
    """A resource that Azure keeps: its id, and its place in the program."""

    stack: str
    id: str
    urn: str
    type: str
    name: str
    parent: str
    provider: str

    @property
    def import_line(self) -> str:
        """The command that takes it back into the state, protected. Its parent and provider must be in the state."""
        options = {"stack": self.stack, "parent": f"parent={self.parent}", "provider": f"provider={self.provider}"}
        given = [part for option, value in options.items() for part in (f"--{option}", value)]
        return shlex.join(
            [
                "pulumi",
                "import",
                self.type,
                self.name,
                self.id,
                *given,
                "--generate-code=false",
                "--skip-preview",
                "--yes",
            ]
        )

    @property
    def sentence(self) -> str:
        """What is wrong and the cure."""
        return f"{self.id} exists and is not in the state of {self.stack}: {self.import_line}"


def retained(settings: StackSettings) -> list[Retained]:
    """Everything the program of a stack asks Azure to keep; what lies in another comes after it."""
    plan = record(settings, Mode.UPDATE)
    kept = [_retained(settings, plan, one) for one in plan.resources.values() if one.retain_on_delete]
    return sorted(kept, key=lambda one: one.id)


def missing_from_state(
    settings: StackSettings, state: Collection[str], exists: Callable[[str], bool]
) -> list[Retained]:
    """What `exists` in Azure by its id and is not among the URNs of the state."""
    return [one for one in retained(settings) if one.urn not in state and exists(one.id)]


def recovery(missing: Collection[Retained], state: Collection[str]) -> list[str]:
    """Commands, in their order, after which `pulumi up` finds everything that was missing.

    Where the state has lost the parents or the provider too, an up comes first: it makes these and whatever else does
    not need what is missing, and ends with an error for each thing that exists. It cannot leave them out instead: the
    program would read their outputs.
    """
    lines = [one.import_line for one in missing]
    if {needed for one in missing for needed in (one.parent, one.provider)} <= set(state):
        return lines
    stack = next(iter(missing)).stack
    return [f"pulumi up --stack {stack} --continue-on-error", *lines]


def _retained(settings: StackSettings, plan: Plan, one: Registration) -> Retained:
    id_, _ = cloud_model.created(one.type, one.name, reveal(one.inputs))
    return Retained(
        stack=plan.stack,
        id=id_.replace(f"/subscriptions/{SUBSCRIPTION}/", f"/subscriptions/{settings.azure.subscription_id}/", 1),
        urn=one.urn,
        type=one.type,
        name=one.name,
        parent=one.parent,
        provider=one.provider,
    )
