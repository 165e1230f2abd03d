"""Layers: a run for one excludes those after it, on an empty stack and on a full one, and leaves the state whole.

The exclusions are those of architecture.md D15: by the type of the layer's component, always with dependents.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

import pytest

from infra.layers import LAYERS
from stacks.settings import Layer
from tests.engine.conftest import Deployed, Fresh
from tests.engine.stack import EngineStack, assert_same_state

ORDER = tuple(Layer)
NO_CLUSTER = {"deploy": {"cluster": False}}


def exclusions(after: Layer, *, first: bool) -> list[str]:
    """Patterns for a run up to this layer. Images are left out by the first run for the cloud only."""
    later = [layer for layer in ORDER[ORDER.index(after) + 1 :] if first or layer is not Layer.IMAGES]
    return [f"**{LAYERS[layer].TOKEN}**" for layer in later]


def deploy(stack: EngineStack, layer: Layer, *, first: bool = False) -> None:
    """What `spy deploy --layer` runs."""
    stack.up(exclude=exclusions(layer, first=first), exclude_dependents=True)


def layer_of(urn: str) -> Layer | None:
    """The layer whose component is above a resource; None for providers and reads, which are the stack's."""
    chain = urn.split("::")[2].split("$")
    return next((layer for layer, component in LAYERS.items() if component.TOKEN in chain), None)


def outside(resources: Mapping[str, Mapping[str, Any]], excluded: Iterable[Layer]) -> set[str]:
    """What a run without these layers leaves out: their resources and whatever depends on one."""
    left_out = {urn for urn in resources if layer_of(urn) in set(excluded)}
    while True:
        more = {
            urn
            for urn, resource in resources.items()
            if left_out & {resource.get("parent"), *resource.get("dependencies", [])}
        } - left_out
        if not more:
            return left_out
        left_out |= more


def later_than(layer: Layer) -> set[Layer]:
    return set(ORDER[ORDER.index(layer) + 1 :])


@pytest.mark.parametrize("name", ["dev", "prod"])
def test_an_empty_stack_is_deployed_layer_by_layer(deployed: Deployed, fresh: Fresh, name: str) -> None:
    whole, stack = deployed(name), fresh(name)
    expected = whole.resources()
    present = {layer_of(urn) for urn in expected}
    for layer in ORDER:
        if layer not in present:
            continue
        deploy(stack, layer, first=layer is Layer.CLOUD)
        assert set(expected) - set(stack.resources()) == outside(expected, later_than(layer))
    assert_same_state(stack, whole)
    stack.preview(expect_no_changes=True)


def test_a_run_for_a_layer_leaves_later_layers_alone_on_a_full_stack(copied: Deployed) -> None:
    stack = copied("prod")
    stack.configure({"tags": {"owner": "somebody-else"}})
    tagged = {urn for urn, one in stack.resources().items() if "Owner" in one.get("inputs", {}).get("tags", {})}
    left = set(tagged)
    for layer in ORDER:
        if layer is not Layer.IMAGES and {layer_of(urn) for urn in left} & {layer}:
            stack.cloud.forget_calls()
            deploy(stack, layer)
            touched = {call.urn for call in stack.cloud.changes()}
            assert touched == left - outside(stack.resources(), later_than(layer) - {Layer.IMAGES})
            left -= touched
    assert left == set()
    stack.preview(expect_no_changes=True)


@pytest.mark.parametrize("empty", [True, False], ids=["empty", "full"])
def test_an_earlier_layer_is_deployed_while_the_cluster_is_down(
    deployed: Deployed, fresh: Fresh, copied: Deployed, *, empty: bool
) -> None:
    stack = fresh("dev") if empty else copied("dev")
    before = set(stack.resources())
    stack.cloud.cluster_down = True
    stack.configure({**NO_CLUSTER, "tags": {"owner": "somebody-else"}})
    deploy(stack, Layer.VPN)
    after = set(stack.resources())
    assert {layer_of(urn) for urn in after} & {Layer.CLOUD}
    assert after >= before
    if not empty:
        assert after == before
