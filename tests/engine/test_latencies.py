"""A first up at the pace of stacks/latencies.yaml, 1:600. What waits for what is read from the order of the calls."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import pairwise
from pathlib import Path

import pytest

from infra.critical_path import critical_path, latencies, waits_for
from infra.plan import Mode, Plan, record
from stacks.load import load
from stacks.settings import Layer
from tests.engine.cloud import Call, Cloud
from tests.engine.conftest import bootstrapped
from tests.engine.messages import Properties
from tests.engine.stack import EngineStack

SCALE = 600
GATEWAY = "azure-native:network:VirtualNetworkGateway"
AT_ONCE = 64
"""Resources that the engine may work on at the same time: more than the program declares side by side."""
PATIENCE_SECONDS = 120.0
"""How long the gateway waits for the rest before it gives up and lets the order of the calls tell who hung on it."""


@dataclass
class SlowCloud(Cloud):
    """A cloud at a simulated pace, in which the gateway is done only when every creation of `rest` is.

    Held by an event, so that the result does not depend on the machine: whoever waits for the gateway keeps it from
    being done, and is found behind it in the log.
    """

    rest: set[str] = field(default_factory=set)
    _rest_done: threading.Event = field(default_factory=threading.Event)

    def create(self, token: str, urn: str, inputs: Properties) -> tuple[str, Properties]:
        created = super().create(token, urn, inputs)
        with self._lock:
            self.rest.discard(urn)
            if not self.rest:
                self._rest_done.set()
        return created

    def _wait(self, token: str) -> None:
        super()._wait(token)
        if token == GATEWAY:
            self._rest_done.wait(PATIENCE_SECONDS)


@dataclass(frozen=True)
class SlowUp:
    """The plan of what was deployed, and the creations in the order in which they ended."""

    plan: Plan
    creations: list[Call]

    def of(self, urn: str) -> Call:
        return next(call for call in self.creations if call.urn == urn)


def created_in(plan: Plan, *, vpn: bool) -> set[str]:
    """What the providers create of the layer vpn, or of all others."""
    made = {urn for urn, one in plan.resources.items() if one.custom and not one.is_provider}
    return {urn for urn in made if (plan.layer(urn) == Layer.VPN) is vpn}


@pytest.fixture(scope="module")
def up(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SlowUp]:
    folder: Path = tmp_path_factory.mktemp("slow") / "project"
    cloud = SlowCloud(
        seconds={type_: one.seconds / SCALE for type_, one in latencies().items()},
        _existing=bootstrapped("prod")._existing,
    )
    with EngineStack("prod", folder, cloud) as stack:
        assert stack.engine.name == "prod"
        plan = record(load("prod", folder), Mode.UPDATE)
        cloud.rest |= created_in(plan, vpn=False)
        stack.up(parallel=AT_ONCE)
        yield SlowUp(plan, cloud.changes())


def test_everything_of_the_plan_was_created_and_nothing_else(up: SlowUp) -> None:
    assert {call.urn for call in up.creations} == created_in(up.plan, vpn=False) | created_in(up.plan, vpn=True)
    assert {call.action for call in up.creations} == {"create"}


def test_nothing_outside_the_layer_vpn_waits_for_the_gateway(up: SlowUp) -> None:
    order = [call.urn for call in up.creations]
    (gateway,) = (call.urn for call in up.creations if call.token == GATEWAY)
    behind = set(order[order.index(gateway) :])
    assert behind & created_in(up.plan, vpn=False) == set()
    assert created_in(up.plan, vpn=True) & behind > {gateway}


def test_what_waits_in_the_plan_waited_in_the_engine(up: SlowUp) -> None:
    """No creation began before one that it waits for by the plan was over."""
    created = {call.urn: call for call in up.creations}
    early = [
        (urn, before)
        for urn in created
        for before in waits_for(up.plan, urn) & created.keys()
        if created[urn].started < created[before].ended
    ]
    assert early == []


@pytest.mark.parametrize("without", [(), (Layer.VPN,)])
def test_the_critical_path_was_walked_step_after_step(up: SlowUp, without: tuple[Layer, ...]) -> None:
    chain = [step.urn for step in critical_path(up.plan, without=without) if step.urn in up.plan.resources]
    assert len(chain) > 5
    for before, after in pairwise(chain):
        assert up.of(after).started >= up.of(before).ended
