"""The bill of a recorded plan: no resource escapes it, and what settings promise is what the plan declares."""

from __future__ import annotations

from typing import Any

import pytest

from infra.cloud_model.paths import PATHS
from infra.costs import cost_of, monthly
from infra.plan import Plan
from stacks import costs
from stacks.prices import PriceMissing, prices
from stacks.settings import StackSettings
from tests.infra.recording import STACKS, recorded, settings_of


def plan_of(stack: str) -> Plan:
    return recorded(stack, preview=False)


@pytest.mark.parametrize("stack", STACKS)
def test_every_type_of_a_plan_is_priced_or_free_for_a_reason(stack: str) -> None:
    for one in plan_of(stack).resources.values():
        if one.custom:
            prices().of(one.type)


@pytest.mark.parametrize("stack", STACKS)
def test_the_bill_of_the_settings_is_the_bill_of_the_plan(stack: str) -> None:
    assert cost_of(plan_of(stack)) == costs.cost_of(settings_of(stack))


VARIANTS: list[dict[str, Any]] = [
    {"layers": ["cloud"], "registry": {"mode": "shared", "host": "registry.example.org"}},
    {"layers": ["cloud", "vpn"], "vpn": {"sku": "VpnGw1AZ"}, "onPrem": {"address": "203.0.113.7"}},
    {"layers": ["cloud", "vpn"], "vpn": {"sku": "Basic"}},
    {
        "storage": {"privateEndpoint": True, "sku": "Standard_GRS"},
        "site": {"sku": "Standard"},
        "signalr": {"sku": "Standard_S1", "capacity": 2},
        "webapp": {"sku": "P0v3"},
        "logs": {"dailyCapGb": 1.5, "retentionDays": 90},
        "alerts": {"availabilityMinutes": 5},
    },
]


@pytest.mark.parametrize(
    "values", VARIANTS, ids=["cloud only", "dear gateway", "gateway without home", "all that is dear"]
)
def test_the_two_bills_agree_for_every_choice_that_costs(values: dict[str, Any]) -> None:
    settings = StackSettings.model_validate({"stack": "dev", **values})
    assert cost_of(recorded(settings, preview=False)) == costs.cost_of(settings)


@pytest.mark.parametrize(("stack", "limit"), [("prod", 70), ("dev", 30), ("local", 0)])
def test_the_plans_stay_below_their_budgets(stack: str, limit: float) -> None:
    assert monthly(plan_of(stack)) <= limit


def test_a_preview_knows_the_cost_as_well() -> None:
    assert monthly(recorded("prod")) == monthly(plan_of("prod"))


def test_the_price_list_holds_nothing_that_no_stack_could_have() -> None:
    """A price for a type that the cloud model does not know is a misspelt type, which would price nothing."""
    listed = {*prices().priced, *(type_ for type_ in prices().free if ":" in type_)}
    assert listed <= set(PATHS)


def test_a_plan_with_an_unpriced_resource_is_refused() -> None:
    plan = plan_of("dev")
    first = next(one for one in plan.resources.values() if one.custom)
    strange = type(first)(**{**vars(first), "type": "azure-native:compute:VirtualMachine"})
    changed = type(plan)(**{**vars(plan), "resources": {**plan.resources, "strange": strange}})
    with pytest.raises(PriceMissing, match="azure-native:compute:VirtualMachine has no price"):
        monthly(changed)
