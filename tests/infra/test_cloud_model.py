"""The cloud model: ids as Azure has them, outputs as the packages declare them, and no mercy with inputs."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pulumi.runtime.rpc import UNKNOWN

from infra import cloud_model
from infra.cloud_model.outputs import COMPUTED
from infra.cloud_model.paths import PATHS, SUBSCRIPTION, parameters
from infra.cloud_model.replacement import IMMUTABLE, KUBERNETES, NEVER_IN_PLACE
from infra.cloud_model.schema import args_class, optional_outputs, outputs_of, shape

ACCOUNT = "azure-native:storage:StorageAccount"
GOOD = {
    "resourceGroupName": "rg",
    "accountName": "stspy",
    "kind": "StorageV2",
    "sku": {"name": "Standard_LRS"},
    "tags": {"Owner": "us"},
    "networkRuleSet": {"defaultAction": "Deny", "ipRules": [{"iPAddressOrRange": "203.0.113.1"}]},
}


def properties_of(token: str) -> set[str]:
    """Input properties of a type."""
    args = args_class(token)
    assert args is not None, f"{token} has no class in its package"
    return set(shape(args).properties)


@pytest.mark.parametrize("token", sorted(PATHS))
def test_the_parameters_of_a_path_are_inputs_of_the_type(token: str) -> None:
    assert set(parameters(token)) <= properties_of(token)


@pytest.mark.parametrize("token", sorted({*NEVER_IN_PLACE, *IMMUTABLE}))
def test_what_replaces_a_resource_is_an_input_of_its_type(token: str) -> None:
    named = {path.partition(".")[0] for path in {*NEVER_IN_PLACE.get(token, ()), *IMMUTABLE.get(token, ())}} - {"*"}
    assert named <= properties_of(token)


def test_every_kubernetes_object_is_replaced_with_its_name() -> None:
    assert "metadata.name" in KUBERNETES
    assert cloud_model.replacing("kubernetes:core/v1:Service") >= {"metadata.name", "metadata.namespace"}


@pytest.mark.parametrize("token", sorted(COMPUTED))
def test_what_the_model_computes_is_declared_by_the_package(token: str) -> None:
    _, outputs = cloud_model.created(token, "x", {"resourceGroupName": "rg", "location": "westeurope"})
    assert set(outputs) - {"resourceGroupName"} <= set(outputs_of(token))


@pytest.mark.parametrize("token", sorted(PATHS))
def test_every_output_that_the_package_promises_as_text_is_there(token: str) -> None:
    _, outputs = cloud_model.created(token, "x", {"resourceGroupName": "rg"})
    promised = {name for name, hint in outputs_of(token).items() if hint is str} - optional_outputs(token)
    assert promised
    assert promised <= set(outputs)


def test_the_id_of_a_subnet_is_that_of_azure() -> None:
    id_, outputs = cloud_model.created(
        "azure-native:network:Subnet",
        "AppSubnet",
        {"resourceGroupName": "rg", "virtualNetworkName": "vnet", "subnetName": "AppSubnet"},
    )
    assert id_ == (
        f"/subscriptions/{SUBSCRIPTION}/resourceGroups/rg/providers/Microsoft.Network/virtualNetworks/vnet"
        "/subnets/AppSubnet"
    )
    assert outputs["type"] == "Microsoft.Network/virtualNetworks/subnets"


def test_a_group_has_the_type_and_the_name_that_were_read() -> None:
    outputs = cloud_model.read("azure-native:resources:ResourceGroup", "/subscriptions/s/resourceGroups/rg-x")
    assert (outputs["name"], outputs["type"]) == ("rg-x", "Microsoft.Resources/resourceGroups")


@given(token=st.sampled_from(sorted(PATHS)), name=st.from_regex(r"[a-z][a-z0-9-]{2,20}", fullmatch=True))
def test_what_was_created_can_be_read_by_its_id(token: str, name: str) -> None:
    inputs = {parameter: f"{name}-{index}" for index, parameter in enumerate(parameters(token))}
    id_, outputs = cloud_model.created(token, name, inputs)
    assert cloud_model.created(token, name, inputs) == (id_, outputs)
    assert cloud_model.read(token, id_)["name"] == outputs["name"]


def test_good_inputs_have_no_failures() -> None:
    assert cloud_model.failures(ACCOUNT, GOOD) == []


@pytest.mark.parametrize(
    ("change", "said"),
    [
        ({"resourceGroupName": None}, "missing required property resourceGroupName"),
        ({"kind": "StorageV3"}, "kind is 'StorageV3', which is none of"),
        ({"sku": {}}, "missing required property sku.name"),
        ({"sku": {"name": "Standard_LSR"}}, "sku.name is 'Standard_LSR'"),
        ({"minimum_tls_version": "TLS1_2"}, "unknown property minimum_tls_version"),
        ({"networkRuleSet": {"defaultAction": "Deny", "ip_rules": []}}, "unknown property networkRuleSet.ip_rules"),
        ({"networkRuleSet": {"defaultAction": "Deny", "ipRules": [{}]}}, "networkRuleSet.ipRules[0].iPAddressOrRange"),
        ({"tags": {"Owner": 1}}, "tags.Owner is 1 where a value of type str is wanted"),
        ({"tags": ["Owner"]}, "where an object is wanted"),
        ({"networkRuleSet": {"defaultAction": "Deny", "ipRules": {}}}, "where a list is wanted"),
        ({"isHnsEnabled": "yes"}, "isHnsEnabled is 'yes' where a value of type bool is wanted"),
        ({"location": 3}, "location is 3 where a value of type str is wanted"),
    ],
)
def test_what_a_provider_would_refuse_is_a_failure(change: dict[str, object], said: str) -> None:
    found = cloud_model.failures(ACCOUNT, {**GOOD, **change})
    assert len(found) == 1
    assert said in found[0]


@pytest.mark.parametrize("value", [UNKNOWN, "<secret>", "<setting:x>"])
def test_an_unknown_or_a_placeholder_counts_as_given(value: str) -> None:
    assert cloud_model.failures(ACCOUNT, {**GOOD, "kind": value, "resourceGroupName": value, "sku": value}) == []


def test_a_stream_of_our_own_is_taken_and_a_misspelt_one_is_not() -> None:
    token = "azure-native:monitor:DataCollectionRule"
    rule: dict[str, object] = {"resourceGroupName": "rg", "dataFlows": [{"streams": ["Custom-SpyApp_CL"]}]}
    assert cloud_model.failures(token, rule) == []
    assert cloud_model.failures(token, {**rule, "dataFlows": [{"streams": ["SpyApp_CL"]}]})


@pytest.mark.parametrize(
    "token",
    [
        "kubernetes:apps/v1:Deployment",
        "kubernetes:helm.sh/v3:Release",
        "kubernetes:networking.k8s.io/v1:NetworkPolicy",
        "kubernetes:rbac.authorization.k8s.io/v1:Role",
        "kubernetes:storage.k8s.io/v1:StorageClass",
        "random:index/randomPassword:RandomPassword",
        "docker-build:index:Image",
    ],
)
def test_types_of_every_package_are_known(token: str) -> None:
    assert cloud_model.resource_class(token) is not None
    assert cloud_model.failures(token, {"noSuchProperty": 1})


def test_a_custom_resource_has_no_class_and_no_failures() -> None:
    token = "kubernetes:monitoring.coreos.com/v1:ServiceMonitor"
    assert cloud_model.resource_class(token) is None
    assert cloud_model.failures(token, {"anything": 1}) == []


def test_an_object_in_a_namespace_is_identified_by_both_names() -> None:
    inputs = {"metadata": {"name": "backend", "namespace": "spy"}}
    id_, outputs = cloud_model.created("kubernetes:apps/v1:Deployment", "backend", inputs)
    assert id_ == "spy/backend"
    assert outputs["metadata"]["uid"]


def test_a_preview_knows_the_name_that_a_kubernetes_object_will_be_given() -> None:
    token = "kubernetes:core/v1:ConfigMap"
    known = cloud_model.previewed(token, "detector", {"data": {}})
    assert known["metadata"]["name"] == cloud_model.created(token, "detector", {"data": {}})[1]["metadata"]["name"]


def test_an_azure_type_without_a_path_is_refused_by_name() -> None:
    with pytest.raises(KeyError, match=r"azure-native:compute:VirtualMachine has no path"):
        cloud_model.created("azure-native:compute:VirtualMachine", "x", {})


@pytest.mark.parametrize(
    "token",
    [
        "azure-native:storage:listStorageAccountKeys",
        "azure-native:signalrservice:listSignalRKeys",
        "azure-native:operationalinsights:getSharedKeys",
    ],
)
def test_functions_that_list_keys_may_not_be_called(token: str) -> None:
    with pytest.raises(KeyError, match="no function this program may call"):
        cloud_model.invoked(token, {})
