"""Sequence: every step of a stack's bootstrap in its order. Checks first, the stack itself last but for its secrets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from infra.bootstrap import entra, forwarder, foundation, github, person
from infra.bootstrap.arm import Arm
from infra.bootstrap.checks import NamesStep
from infra.bootstrap.clock import Clock
from infra.bootstrap.graph import Graph
from infra.bootstrap.person import Person
from infra.bootstrap.place import Place
from infra.bootstrap.pulumi_cli import Pulumi
from infra.bootstrap.registry_password import RegistryPasswordStep
from infra.bootstrap.stack_step import StackStep
from infra.bootstrap.step import Step
from stacks.settings import Layer
from stacks.settings.cloud import RegistryMode


@dataclass(frozen=True)
class Reach:
    """Everything that steps ask: Azure's management, the directory, Pulumi, the time, and who is asking."""

    arm: Arm
    graph: Graph
    pulumi: Pulumi
    clock: Clock
    person: Person


def check(reach: Reach, place: Place) -> None:
    """What must hold before the first write. Raises Refused."""
    person.check_subscription(reach.arm, place)
    person.check_owner(reach.arm, place, reach.person)


def steps(reach: Reach, place: Place, *, renew: bool = False) -> Iterator[Step]:
    """Every step, in the order in which they are made."""
    arm, graph = reach.arm, reach.graph
    yield foundation.ProvidersStep(arm)
    yield NamesStep(arm, place)
    yield from foundation.state(arm, place)
    yield from foundation.secrets_key(arm, place)
    yield foundation.group(arm, place, "platform-group", place.platform_group, "names.resourceGroup")
    yield from github.identities(arm, place)
    yield from github.rights(arm, place)
    yield from foundation.issuer(arm, place)
    yield from person.rights(arm, place, reach.person)
    forwards = place.settings.forwards_logs
    if forwards:
        yield from forwarder.principal_steps(graph, place)
    yield StackStep(arm, place, reach.pulumi)
    if forwards:
        yield forwarder.SecretStep(graph, place, reach.pulumi, reach.clock, renew=renew)
    if place.settings.includes(Layer.CLUSTER) and place.settings.registry.mode is RegistryMode.OWN:
        yield RegistryPasswordStep(arm, place, reach.pulumi)


def entra_steps(reach: Reach, place: Place) -> Iterator[Step]:
    """The steps of `spy entra`."""
    yield from entra.applications(reach.graph, place)
    yield from entra.publishers(reach.graph, reach.arm, place)
