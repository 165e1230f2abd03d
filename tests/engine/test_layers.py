"""Layers: a run for one excludes those after it, on an empty stack and on a full one, and leaves the state whole.

The runs are those of infra/layer_order.py.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from pulumi import automation

from infra.layer_order import ORDER, Run, deployment
from infra.layers import LAYERS
from stacks.load import load
from stacks.settings import Layer
from tests.engine.conftest import Deployed, Fresh
from tests.engine.stack import ROOT, EngineStack, assert_same_state


def deploy(stack: EngineStack, run: Run) -> None:
    """The run of one layer; without what it may not reach when nothing of the cluster is there."""
    stack.configure(run.overrides)
    stack.up(exclude=run.patterns, exclude_dependents=True)


def layer_of(urn: str) -> Layer | None:
    """The layer whose component is above a resource; None for providers and reads, which are the stack's."""
    chain = urn.split("::")[2].split("$")
    return next((layer for layer, component in LAYERS.items() if component.TOKEN in chain), None)


def outside(resources: Mapping[str, Mapping[str, Any]], run: Run) -> set[str]:
    """What a run leaves out: the resources of later layers, whatever depends on one, and the cluster's proof."""
    left_out = {urn for urn in resources if layer_of(urn) in run.excluded}
    if Layer.CLUSTER in run.excluded:
        left_out |= {urn for urn in resources if urn.endswith("Namespace::kube-system")}
    while True:
        more = {
            urn
            for urn, resource in resources.items()
            if left_out & {resource.get("parent"), *resource.get("dependencies", [])}
        } - left_out
        if not more:
            return left_out
        left_out |= more


def assert_deployed_up_to(run: Run, stack: EngineStack, expected: Mapping[str, Mapping[str, Any]]) -> None:
    """What this run and those before it are to make is there, and nothing that comes after."""
    made, due = set(stack.resources()), set(expected) - outside(expected, run)
    if run.first:
        assert made <= due
        assert {layer_of(urn) for urn in made} == {Layer.CLOUD, None}
    else:
        assert made == due


def test_an_empty_stack_is_deployed_layer_by_layer(deployed: Deployed, fresh: Fresh) -> None:
    whole, stack = deployed("prod"), fresh("prod")
    expected = whole.resources()
    for run in deployment(load("prod", ROOT), present=()):
        deploy(stack, run)
        assert_deployed_up_to(run, stack, expected)
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
            deploy(stack, Run(layer))
            touched = {call.urn for call in stack.cloud.changes()}
            assert touched == left - outside(stack.resources(), Run(layer))
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
    stack.configure({"tags": {"owner": "somebody-else"}})
    deploy(stack, Run(Layer.VPN))
    after = set(stack.resources())
    assert {layer_of(urn) for urn in after} & {Layer.CLOUD}
    assert after >= before
    if not empty:
        assert after == before


def test_a_first_deployment_goes_on_where_each_of_its_runs_was_interrupted(deployed: Deployed, fresh: Fresh) -> None:
    whole, stack = deployed("dev"), fresh("dev")
    expected = whole.resources()
    interrupted = []
    for run in deployment(load("dev", ROOT), present=()):
        if run.layer is not Layer.VPN:  # of which dev declares nothing
            stack.cloud.fail_creation("*", nth=2)
            with pytest.raises(automation.CommandError, match="the service is unavailable"):
                deploy(stack, run)
            interrupted.append(run.layer)
        deploy(stack, run)
        assert_deployed_up_to(run, stack, expected)
    assert interrupted == [Layer.CLOUD, Layer.IMAGES, Layer.CLUSTER, Layer.RELEASES]
    assert_same_state(stack, whole)
    stack.preview(expect_no_changes=True)


def test_a_deployment_that_is_begun_again_changes_nothing(copied: Deployed) -> None:
    stack = copied("dev")
    present = {layer for layer in map(layer_of, stack.resources()) if layer}
    stack.cloud.forget_calls()
    for run in deployment(load("dev", ROOT), present):
        deploy(stack, run)
    assert stack.cloud.changes() == []
