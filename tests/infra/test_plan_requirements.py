"""The resources of the requirements, P1 and 'The 20 of S2', by name in the plan of prod."""

from __future__ import annotations

import pytest

from infra.cloud_model.paths import parameters
from infra.plan import Registration, reveal
from tests.infra.recording import recorded

TWENTY = [
    ("network:VirtualNetwork", "vnet-spy-options"),
    ("network:Subnet", "GatewaySubnet"),
    ("network:Subnet", "AppSubnet"),
    ("network:Subnet", "ContainerSubnet"),
    ("network:NetworkSecurityGroup", "nsg-spy-options"),
    ("network:PublicIPAddress", "pip-vpn-gateway"),
    ("network:VirtualNetworkGateway", "vpn-gateway-spy-options"),
    ("containerregistry:Registry", "acrspyoptions"),
    ("web:AppServicePlan", "asp-spy-options"),
    ("web:WebApp", "app-spy-options-backend"),
    ("signalrservice:SignalR", "signalr-spy-options"),
    ("storage:StorageAccount", "stspyoptionsprod"),
    ("storage:Table", "anomalies"),
    ("operationalinsights:Workspace", "log-spy-options"),
    ("applicationinsights:Component", "appi-spy-options"),
    ("keyvault:Vault", "kv-spy-options-0dte"),
    ("web:StaticSite", "stapp-spy-options"),
]
"""The group is read, the association is a property of the subnet, the suffix a setting: tested below."""

BESIDES = [
    ("network:LocalNetworkGateway", "lng-onprem-spy"),
    ("network:VirtualNetworkGatewayConnection", "conn-onprem-spy"),
    ("network:Subnet", "PrivateEndpointSubnet"),
    ("consumption:Budget", "budget-spy-options"),
    ("monitor:DataCollectionEndpoint", "dce-spy-options"),
    ("monitor:DataCollectionRule", "dcr-spy-options"),
    ("operationalinsights:Table", "SpyApp_CL"),
    ("storage:Table", "spymarket"),
    ("storage:Table", "flow"),
    ("storage:Table", "gammametrics"),
    ("keyvault:Secret", "vpn-psk"),
    ("managedidentity:UserAssignedIdentity", "id-spy-options-webapp"),
]
"""Required besides."""


def called(type_: str, name: str) -> list[Registration]:
    """Resources of prod of this type that have this name in Azure: the last parameter of their path."""
    token = f"azure-native:{type_}"
    return [one for one in recorded("prod").of_type(token) if reveal(one.inputs).get(parameters(token)[-1]) == name]


@pytest.mark.parametrize(("type_", "name"), TWENTY + BESIDES)
def test_a_resource_of_the_requirements_is_there_by_its_name_once(type_: str, name: str) -> None:
    assert len(called(type_, name)) == 1


def test_the_resource_group_is_read_by_its_name() -> None:
    ids = [one.id for one in recorded("prod").reads.values() if one.type == "azure-native:resources:ResourceGroup"]
    assert [id_.rpartition("/")[2] for id_ in ids] == ["rg-spy-options-prod"]


def test_the_security_group_is_on_the_app_subnet_and_never_on_the_gateway_subnet() -> None:
    (app,), (gateway,) = called("network:Subnet", "AppSubnet"), called("network:Subnet", "GatewaySubnet")
    (guard,) = called("network:NetworkSecurityGroup", "nsg-spy-options")
    assert app.property_dependencies["networkSecurityGroup"] == (guard.urn,)
    assert "networkSecurityGroup" not in gateway.inputs


def test_nothing_random_is_in_a_name_so_that_plans_are_stable() -> None:
    made = {one.type for one in recorded("prod").resources.values() if one.type.startswith("random:")}
    assert made <= {"random:index/randomPassword:RandomPassword"}
