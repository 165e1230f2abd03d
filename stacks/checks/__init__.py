"""Checks: what typed settings cannot say by themselves, over all stacks together, before any resource. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from stacks.checks import (
    addresses,
    azure_names,
    budget,
    cluster,
    composition,
    gateway,
    personal,
    services,
    shared_cluster,
)
from stacks.checks.budget import Cost
from stacks.refusal import refuse
from stacks.settings import StackSettings

_ALONE: tuple[Callable[[StackSettings], Iterator[str]], ...] = (
    composition.alone,
    addresses.alone,
    azure_names.alone,
    gateway.alone,
    services.alone,
    cluster.alone,
    personal.alone,
    budget.alone,
)
_TOGETHER: tuple[Callable[[Sequence[StackSettings]], Iterator[str]], ...] = (
    addresses.together,
    azure_names.together,
    shared_cluster.together,
)


def problems(stacks: Sequence[StackSettings], cost: Cost | None = None) -> list[str]:
    """One sentence for each thing wrong, naming stack, key and cure; empty when all is well.

    Without `cost` the budgets are not compared with what the stacks declare.
    """
    found = [f"{stack.stack}: {problem}" for stack in stacks for check in _ALONE for problem in check(stack)]
    found += [problem for check in _TOGETHER for problem in check(stacks)]
    if cost is not None:
        found += [f"{stack.stack}: {problem}" for stack in stacks for problem in budget.against(stack, cost)]
    return found


def check(stacks: Sequence[StackSettings], cost: Cost | None = None) -> None:
    """Raise SettingsRefused with every problem."""
    refuse(problems(stacks, cost))


def remarks(settings: StackSettings) -> list[str]:
    """What is allowed and still worth saying in the plan: a weakness chosen, money spent for little."""
    return [*gateway.remarks(settings), *services.remarks(settings)]
