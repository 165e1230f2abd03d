"""What a stack costs: the price list is complete and honest, the sums are those of the owner's tables and a little."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st
from pydantic import ValidationError

from stacks.checks import problems
from stacks.costs import cost, cost_of, monthly
from stacks.load import for_plan, load
from stacks.prices import FILE, Price, PriceMissing, Prices, prices
from stacks.settings import StackSettings
from stacks.settings.cloud import SignalrSku, SiteSku, VpnSku

ROOT = Path(__file__).parents[2]
WORKSPACE = "azure-native:operationalinsights:Workspace"
WEB_TEST = "azure-native:applicationinsights:WebTest"


def committed(stack: str) -> StackSettings:
    return for_plan(load(stack, ROOT))


def with_changed(stack: str, **changed: dict[str, Any]) -> StackSettings:
    settings = committed(stack)
    for section, values in changed.items():
        settings = settings.model_copy(update={section: getattr(settings, section).model_copy(update=values)})
    return settings


def workspace(gigabytes: float, days: int = 30) -> tuple[str, dict[str, Any]]:
    return WORKSPACE, {"workspaceCapping": {"dailyQuotaGb": gigabytes}, "retentionInDays": days}


def test_prod_costs_what_the_owner_pays_and_what_was_added() -> None:
    items = cost_of(committed("prod")).items
    owners = prices().owner.azure
    added = sum(usd for item, usd in items.items() if item not in owners)
    assert 50 <= monthly(committed("prod")) - added <= 53
    assert {item for item in items if items[item] and item not in owners} == {
        "Public IP",
        "Private endpoint",
        "Private DNS zone",
        "Key Vault",
        "Availability test",
        "Alerts",
    }


@pytest.mark.parametrize(("stack", "limit"), [("prod", 70), ("dev", 30)])
def test_every_committed_stack_stays_below_its_budget(stack: str, limit: int) -> None:
    settings = committed(stack)
    assert settings.budget.amount == limit
    assert monthly(settings) <= limit
    assert not problems([settings], monthly)


def test_a_stack_without_azure_costs_nothing() -> None:
    assert monthly(committed("local")) == 0


def test_the_sums_are_near_the_references() -> None:
    assert 20 <= monthly(committed("dev")) <= 26
    gateway = with_changed("prod", vpn={"sku": VpnSku.VPN_GW1_AZ})
    assert 165 <= monthly(gateway) <= 240


def test_the_dearer_gateway_is_refused_below_the_budget_it_needs() -> None:
    dear = with_changed("prod", vpn={"sku": VpnSku.VPN_GW1_AZ})
    (problem,) = problems([dear], monthly)
    assert problem.startswith("prod: budget.amount is 70 USD and the stack declares")
    assert not problems([dear.model_copy(update={"budget": dear.budget.model_copy(update={"amount": 240})})], monthly)


def test_more_frequent_probes_enter_the_cost_check() -> None:
    rarely, often = (
        cost_of(with_changed("prod", alerts={"availability_minutes": minutes})).items["Availability test"]
        for minutes in (15, 5)
    )
    assert often == pytest.approx(3 * rarely)


@pytest.mark.parametrize(
    ("section", "key", "values"),
    [
        ("vpn", "sku", tuple(VpnSku)),
        ("signalr", "sku", tuple(SignalrSku)),
        ("site", "sku", tuple(SiteSku)),
        ("webapp", "sku", ("B1", "B2", "B3", "S1", "P0v3", "P1v3")),
        ("storage", "sku", tuple(f"Standard_{one}" for one in ("LRS", "ZRS", "GRS", "RAGRS", "GZRS", "RAGZRS"))),
        ("alerts", "availability_minutes", (5, 10, 15)),
    ],
)
def test_every_value_that_a_setting_allows_has_a_price(section: str, key: str, values: tuple[Any, ...]) -> None:
    for value in values:
        StackSettings.model_validate({"stack": "prod", section: {key: value}})
        assert monthly(with_changed("prod", **{section: {key: value}})) > 0


def test_what_the_settings_allow_is_all_that_is_priced() -> None:
    """A value that this file does not try would be one without a test."""
    with pytest.raises(ValidationError):
        StackSettings.model_validate({"stack": "prod", "webapp": {"sku": "P2v3"}})
    with pytest.raises(ValidationError):
        StackSettings.model_validate({"stack": "prod", "storage": {"sku": "Premium_LRS"}})


@pytest.mark.parametrize(
    "resource",
    [
        ("azure-native:compute:VirtualMachine", {}),
        ("azure-native:web:AppServicePlan", {"sku": {"name": "P3v3"}}),
        ("aws:s3:Bucket", {}),
    ],
)
def test_a_resource_without_a_price_is_refused_with_the_place_to_put_it(resource: tuple[str, dict[str, Any]]) -> None:
    with pytest.raises(PriceMissing, match=r"stacks/prices\.yaml"):
        cost([resource])


def test_nothing_is_both_priced_and_free() -> None:
    assert not set(prices().priced) & set(prices().free)


def test_every_price_says_where_it_comes_from_and_the_list_says_when() -> None:
    assert prices().date <= date(2026, 11, 30)
    for of_type in prices().priced.values():
        for price in of_type:
            assert any(word in price.source for word in ("estimate", "owner's table")), price.item


def test_the_owners_tables_add_up_to_his_own_sums() -> None:
    owner = prices().owner
    assert sum(owner.azure.values()) == 53
    assert sum(owner.azure.values()) + sum(owner.beside.values()) == 62.50


def test_every_item_of_the_owners_table_is_an_item_of_the_bill() -> None:
    assert set(prices().owner.azure) <= set(cost_of(committed("prod")).items)


def test_a_misspelt_key_of_the_price_list_is_refused() -> None:
    read = yaml.safe_load(FILE.read_text(encoding="utf-8"))
    read["priced"][WORKSPACE][0]["usb"] = 3.0
    with pytest.raises(ValidationError, match="usb"):
        Prices.model_validate(read)


def test_the_free_gigabytes_are_free_and_no_more() -> None:
    assert cost([workspace(5 * 12 / 365)]).monthly == 0
    assert cost([workspace((5 + 2) * 12 / 365)]).monthly == pytest.approx(2 * 3.0)


def test_what_is_kept_beyond_a_month_is_paid_for() -> None:
    assert cost([workspace(0.1, days=31)]).monthly == 0
    assert cost([workspace(0.1, days=131)]).monthly == pytest.approx(0.1 * 100 * 0.12)


@given(st.floats(0.01, 100), st.floats(0.01, 100), st.integers(30, 730))
def test_a_higher_cap_never_costs_less(one: float, other: float, days: int) -> None:
    low, high = sorted((one, other))
    assert cost([workspace(low, days)]).monthly <= cost([workspace(high, days)]).monthly


@given(st.lists(st.sampled_from([300, 600, 900]), max_size=5), st.integers(1, 5))
def test_the_cost_of_many_is_the_sum_of_the_cost_of_each(frequencies: list[int], places: int) -> None:
    tests = [(WEB_TEST, {"frequency": one, "locations": [{}] * places}) for one in frequencies]
    assert sum(cost(tests).items.values()) == pytest.approx(sum(sum(cost([one]).items.values()) for one in tests))


def test_units_multiply_a_price() -> None:
    one, three = (
        cost([("azure-native:signalrservice:SignalR", {"sku": {"name": "Standard_S1", "capacity": units}})]).monthly
        for units in (1, 3)
    )
    assert three == 3 * one == 147


def test_a_price_without_a_source_is_no_price() -> None:
    with pytest.raises(ValidationError):
        Price(item="x", usd=1.0, source="")
