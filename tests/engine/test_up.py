"""What `pulumi up` changes: nothing twice, only what it must, and the rest of what it could not finish."""

from __future__ import annotations

from typing import Any

import pytest
from pulumi import automation

from tests.engine.cloud import Cloud, unique
from tests.engine.conftest import Deployed, Fresh
from tests.engine.stack import assert_same_state


def touched(cloud: Cloud) -> set[tuple[str, str]]:
    """What was done to which type, without the package."""
    return {(call.action, call.token.partition(":")[2]) for call in cloud.changes()}


@pytest.mark.parametrize("stack", ["dev", "prod", "local"])
def test_a_second_preview_finds_nothing_to_change(deployed: Deployed, stack: str) -> None:
    deployed(stack).preview(expect_no_changes=True)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"network": {"appSubnet": "10.0.4.0/24"}}, {("update", "network:Subnet")}),
        (
            {"onPrem": {"address": "203.0.113.99"}},
            {("update", "network:LocalNetworkGateway"), ("update", "keyvault:Vault")},
        ),
        ({"logs": {"retentionDays": 60}}, {("update", "operationalinsights:Workspace")}),
        (
            {"webapp": {"sku": "B2"}, "budget": {"amount": 90}},
            {("update", "web:AppServicePlan"), ("update", "consumption:Budget")},
        ),
    ],
)
def test_a_changed_setting_touches_only_what_it_must(
    copied: Deployed, values: dict[str, Any], expected: set[tuple[str, str]]
) -> None:
    stack = copied("prod")
    stack.configure(values)
    stack.up()
    assert touched(stack.cloud) == expected


def test_a_changed_tag_updates_whatever_bears_tags_and_nothing_else(copied: Deployed) -> None:
    stack = copied("prod")
    tagged = {
        urn for urn, resource in stack.resources().items() if "Owner" in resource.get("inputs", {}).get("tags", {})
    }
    stack.configure({"tags": {"owner": "somebody-else"}})
    stack.up()
    assert {call.urn for call in stack.cloud.changes()} == tagged
    assert {call.action for call in stack.cloud.changes()} == {"update"}


@pytest.mark.parametrize("share", [0.3, 0.8])
def test_a_failure_in_the_middle_is_repaired_by_the_next_up(deployed: Deployed, fresh: Fresh, share: float) -> None:
    whole = deployed("prod")
    creations = [call for call in whole.cloud.calls if call.action == "create"]
    stack = fresh("prod")
    stack.cloud.fail_creation("*", nth=1 + int(share * len(creations)), message="the region is full")
    with pytest.raises(automation.CommandError, match="the region is full"):
        stack.up()
    made_before = stack.cloud.identifiers()
    stack.cloud.forget_calls()
    stack.up()
    assert stack.cloud.identifiers() == whole.cloud.identifiers()
    assert {unique(call.token, call.identifier) for call in stack.cloud.changes()}.isdisjoint(made_before)
    assert_same_state(stack, whole)
