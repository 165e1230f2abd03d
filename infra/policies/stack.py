"""Stack rules: what only all resources together can show."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from infra.policies.network import GATEWAY_SUBNET
from infra.policies.rule import StackRule, stack_rule
from infra.policies.subject import Subject, entries, is_known

BUDGETS = ("azure-native:consumption:Budget", "azure-native:costmanagement:Budget")
THRESHOLDS = (80, 90, 100)
"""Per cent of the budget at which somebody is told (requirements P0.04)."""


def _of_type(all_: Sequence[Subject], *types: str) -> list[Subject]:
    return [one for one in all_ if one.type in types]


@stack_rule("budget", says="A stack in Azure has a budget that tells somebody at 80, 90 and 100 per cent")
def has_budget(all_: Sequence[Subject]) -> Iterator[str]:
    """Actual cost, enabled, with an address. A budget whose notifications are not known yet counts."""
    if not any(one.type.startswith("azure-native:") for one in all_):
        return
    budgets = _of_type(all_, *BUDGETS)
    if not budgets:
        yield "there is no budget: declare one (budget.amount)"
    for budget in budgets:
        notifications = budget.get("notifications")
        told = list(_thresholds(notifications)) if isinstance(notifications, dict) else []
        missing = [each for each in THRESHOLDS if each not in told]
        if is_known(notifications) and missing:
            yield f"{budget.name} tells nobody at {', '.join(map(str, missing))} %: add notifications with contacts"


def _thresholds(notifications: dict[str, Any]) -> Iterator[Any]:
    for each in notifications.values():
        if not isinstance(each, dict) or not each.get("enabled"):
            continue
        actual = each.get("thresholdType", "Actual") == "Actual"
        if actual and (each.get("contactEmails") or each.get("contactGroups")):
            yield each.get("threshold")


@stack_rule("gateway-has-subnet", says=f"Where there is a VPN gateway there is a {GATEWAY_SUBNET}")
def gateway_has_subnet(all_: Sequence[Subject]) -> Iterator[str]:
    """By the subnets' names in Azure."""
    names = [
        one.get("subnetName") or one.get("name") or one.name for one in _of_type(all_, "azure-native:network:Subnet")
    ]
    for gateway in _of_type(all_, "azure-native:network:VirtualNetworkGateway"):
        if GATEWAY_SUBNET not in names and all(map(is_known, names)):
            yield f"{gateway.name} has no {GATEWAY_SUBNET}: declare the subnet under this name"


@stack_rule("basic-gateway-no-policy", says="A connection of a Basic gateway has no IPsec policy, which Azure refuses")
def basic_takes_no_policy(all_: Sequence[Subject]) -> Iterator[str]:
    """SKU of the gateway against the policies of the connections."""
    basic = [
        one for one in _of_type(all_, "azure-native:network:VirtualNetworkGateway") if one.get("sku.name") == "Basic"
    ]
    for connection in _of_type(all_, "azure-native:network:VirtualNetworkGatewayConnection"):
        if basic and entries(connection.get("ipsecPolicies")):
            yield f"{connection.name} has ipsecPolicies: set vpn.customPolicy to false or vpn.sku to VpnGw1AZ"


RULES: tuple[StackRule, ...] = (has_budget, gateway_has_subnet, basic_takes_no_policy)
