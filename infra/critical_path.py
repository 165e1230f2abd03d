"""Critical path: the longest chain of creations in a stack's first `up`, from the plan's edges. Deploys nothing.

Simulated: durations are those of stacks/latencies.yaml, and the engine is taken to do everything at once that it may.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from functools import cache
from graphlib import TopologicalSorter
from pathlib import Path
from types import MappingProxyType

import yaml

from infra.plan.model import OWN_TYPES, PROVIDER_TYPES, Plan

LATENCIES = Path(__file__).parent.parent / "stacks" / "latencies.yaml"
WITHOUT_SERVICE = (OWN_TYPES, PROVIDER_TYPES)
"""Types that the engine makes by itself: components and providers."""


class LatencyUnknown(LookupError):
    """A type that a plan declares has no line in stacks/latencies.yaml."""


@dataclass(frozen=True)
class Latency:
    """How long a creation takes, in seconds, and where that was seen."""

    seconds: float
    source: str


@dataclass(frozen=True)
class Step:
    """One creation on the path: its URN, its name in the plan, how long it takes and when it ends, in seconds."""

    urn: str
    path: str
    seconds: float
    ends: float


@cache
def latencies() -> Mapping[str, Latency]:
    """Every line of stacks/latencies.yaml by resource type."""
    lines = yaml.safe_load(LATENCIES.read_text(encoding="utf-8"))
    return MappingProxyType({type_: Latency(float(one["seconds"]), one["source"]) for type_, one in lines.items()})


def critical_path(plan: Plan, *, without: Collection[str] = ()) -> tuple[Step, ...]:
    """The chain that ends last among all resources outside the layers `without`; empty for an empty plan.

    What a resource waits for counts wherever it is: a wait for a layer of `without` shows in the path.
    Raises LatencyUnknown.
    """
    ends, last = _simulated(plan)
    outside = [urn for urn in ends if plan.layer(urn) not in without]
    urn = max(outside, key=lambda one: (ends[one], one), default="")
    chain = []
    while urn:
        if seconds := _seconds(plan, urn):
            chain.append(Step(urn, plan.path(urn), seconds, ends[urn]))
        urn = last[urn]
    return tuple(reversed(chain))


def waits_for(plan: Plan, urn: str) -> frozenset[str]:
    """URNs of everything that a resource waits for, directly or through others."""
    found: set[str] = set()
    waiting = [urn]
    while waiting:
        above = edges(plan, waiting.pop()) - found
        found |= above
        waiting += above
    return frozenset(found)


def edges(plan: Plan, urn: str) -> frozenset[str]:
    """URNs that a resource names: what it depends on, its parent and its provider; those outside the plan left out."""
    if urn in plan.reads:
        read = plan.reads[urn]
        named: Iterable[str] = [*read.dependencies, read.parent, read.provider]
    else:
        one = plan.resources[urn]
        used = [used for urns in one.property_dependencies.values() for used in urns]
        named = [*one.dependencies, *used, one.parent, one.provider]
    return frozenset(name for name in named if name in plan.resources or name in plan.reads)


def _simulated(plan: Plan) -> tuple[dict[str, float], dict[str, str]]:
    """When each resource is done, in seconds, and which one it waited for last ("" for none)."""
    order = TopologicalSorter({urn: edges(plan, urn) for urn in [*plan.resources, *plan.reads]})
    ends: dict[str, float] = {}
    last: dict[str, str] = {}
    for urn in order.static_order():
        last[urn] = max(edges(plan, urn), key=lambda one: (ends[one], one), default="")
        ends[urn] = _seconds(plan, urn) + ends.get(last[urn], 0.0)
    return ends, last


def _seconds(plan: Plan, urn: str) -> float:
    """How long one resource takes. Raises LatencyUnknown."""
    type_ = (plan.resources.get(urn) or plan.reads[urn]).type
    if type_.startswith(WITHOUT_SERVICE):
        return 0.0
    if type_ not in latencies():
        raise LatencyUnknown(f"{type_} has no latency: add seconds and source to stacks/latencies.yaml")
    return latencies()[type_].seconds
