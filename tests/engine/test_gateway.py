"""The gateway under the real engine, and why nothing of the program is said to go with its resource group."""

from __future__ import annotations

import pulumi
import pytest
from pulumi import automation
from pulumi_azure_native import Provider, network, resources

from infra.cloud_model.paths import SUBSCRIPTION
from tests.engine.conftest import Deployed, Fresh

GATEWAY = "azure-native:network:VirtualNetworkGateway"
GROUP = f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg-spy-options-prod"


def test_another_sku_of_the_gateway_is_refused_as_the_replacement_that_it_is(copied: Deployed) -> None:
    stack = copied("prod")
    (urn,) = (urn for urn, resource in stack.resources().items() if resource["type"] == GATEWAY)
    stack.configure({"vpn": {"sku": "VpnGw1AZ"}, "budget": {"amount": 500}})
    with pytest.raises(automation.CommandError) as refused:
        stack.preview()
    assert "protect" in str(refused.value)
    assert urn in str(refused.value)


def test_a_gateway_that_is_given_up_is_refused_until_it_is_unprotected(copied: Deployed) -> None:
    stack = copied("prod")
    stack.configure({"vpn": {"sku": "none"}})
    with pytest.raises(automation.CommandError, match="cannot be deleted"):
        stack.preview()


def test_nothing_of_the_program_goes_with_another_resource(deployed: Deployed) -> None:
    assert not [urn for urn, resource in deployed("prod").resources().items() if resource.get("deletedWith")]


def test_what_is_said_to_go_with_a_group_that_is_only_read_stays_in_azure_unseen(
    fresh: Fresh, monkeypatch: pytest.MonkeyPatch
) -> None:
    def program() -> None:
        provider = pulumi.ResourceOptions(provider=Provider("azure"))
        group = resources.ResourceGroup.get("group", GROUP, provider)
        for name, goes_with in (("on-its-own", None), ("with-the-group", group)):
            network.NetworkSecurityGroup(
                name,
                network.NetworkSecurityGroupInitArgs(
                    resource_group_name=group.name, network_security_group_name=name, location="westeurope"
                ),
                pulumi.ResourceOptions.merge(provider, pulumi.ResourceOptions(deleted_with=goes_with)),
            )

    with fresh("prod") as stack:
        monkeypatch.setattr(stack, "program", program)
        stack.up()
        stack.destroy()
        assert not stack.resources()
        in_azure = {left for left in stack.cloud.identifiers() if left.startswith("/")}
        assert {left.rpartition("/")[2] for left in in_azure} == {"rg-spy-options-prod", "with-the-group"}
