"""The recorder: everything a program tells the engine is kept, and what a provider would refuse ends the recording."""

from __future__ import annotations

import os
from collections.abc import Callable
from typing import Any

import pulumi
import pulumi_azure_native as azure
import pulumi_docker_build as docker_build
import pulumi_kubernetes as kubernetes
import pulumi_random as random
import pytest
from pulumi_azure_native import managedidentity, network, resources, storage

from infra.plan import UNKNOWN, Mode, Plan, PlanRefused, Secret, record
from stacks.settings import StackSettings

GROUP = "rg-test"
IDENTITY = "azure-native:managedidentity:UserAssignedIdentity"
PUBLIC = "azure-native:network:PublicIPAddress"


def recording(build: Callable[[], dict[str, Any] | None], mode: Mode = Mode.UPDATE) -> Plan:
    """The plan of a program that is one function."""
    return record(StackSettings(stack="dev"), mode, lambda _: build() or {})


def identity(
    name: str, opts: pulumi.ResourceOptions | None = None, **given: Any
) -> managedidentity.UserAssignedIdentity:
    args: dict[str, Any] = {"resource_group_name": GROUP, "resource_name_": f"id-{name}", **given}
    return managedidentity.UserAssignedIdentity(name, opts=opts, **args)


def test_options_are_kept_as_they_were_given() -> None:
    def build() -> None:
        first = identity("first")
        identity(
            "second",
            pulumi.ResourceOptions(
                protect=True,
                retain_on_delete=True,
                deleted_with=first,
                ignore_changes=["tags"],
                replace_on_changes=["location"],
                delete_before_replace=True,
                additional_secret_outputs=["clientId"],
                custom_timeouts=pulumi.CustomTimeouts(create="90m"),
                aliases=[pulumi.Alias(name="former")],
                depends_on=[first],
            ),
        )

    plan = recording(build)
    first, second = plan.named(IDENTITY, "first"), plan.named(IDENTITY, "second")
    assert second.protect
    assert second.retain_on_delete
    assert second.delete_before_replace
    assert second.deleted_with == first.urn
    assert second.ignore_changes == ("tags",)
    assert second.replace_on_changes == ("location",)
    assert second.additional_secret_outputs == ("clientId",)
    assert second.custom_timeouts == {"create": "90m"}
    assert second.dependencies == (first.urn,)
    assert second.aliases == ("name former",)
    assert first.aliases == ()  # the package's own, for its older versions, say nothing about the program


@pytest.mark.parametrize("mode", list(Mode))
def test_an_edge_is_kept_by_property_whether_its_value_is_known_or_not(mode: Mode) -> None:
    def build() -> None:
        group = resources.ResourceGroup("group", resource_group_name=GROUP)
        identity("one", resource_group_name=group.name)

    plan = recording(build, mode)
    group = plan.named("azure-native:resources:ResourceGroup", "group")
    one = plan.named(IDENTITY, "one")
    assert one.property_dependencies == {"resourceGroupName": (group.urn,)}
    said = {Mode.PREVIEW: UNKNOWN, Mode.UPDATE: GROUP, Mode.SYMBOLIC: "<group.name>"}
    assert one.inputs["resourceGroupName"] == said[mode]


def test_a_computed_output_is_a_real_id_in_an_update_and_its_name_in_a_symbolic_plan() -> None:
    def build() -> dict[str, Any]:
        address = network.PublicIPAddress("address", resource_group_name=GROUP, public_ip_address_name="pip")
        return {"id": address.id, "url": pulumi.Output.format("https://{0}", address.ip_address)}

    assert recording(build).outputs["id"].endswith("/providers/Microsoft.Network/publicIPAddresses/pip")
    assert recording(build).outputs["url"] == "https://203.0.113.10"
    assert recording(build, Mode.SYMBOLIC).outputs == {"id": "<address.id>", "url": "https://<address.ipAddress>"}
    assert recording(build, Mode.PREVIEW).outputs == {"id": UNKNOWN, "url": UNKNOWN}


def test_a_secret_stays_one_in_inputs_in_what_is_made_of_it_and_in_outputs() -> None:
    def build() -> dict[str, Any]:
        password = random.RandomPassword("password", length=32)
        tagged = identity("one", tags={"key": pulumi.Output.concat("key=", password.result)})
        return {"password": password.result, "tags": tagged.tags}

    plan = recording(build)
    assert isinstance(plan.named(IDENTITY, "one").inputs["tags"]["key"], Secret)
    assert isinstance(plan.outputs["password"], Secret)
    assert isinstance(plan.outputs["tags"], Secret)


def test_urns_are_those_of_the_engine() -> None:
    class Part(pulumi.ComponentResource):
        def __init__(self, token: str, name: str, opts: pulumi.ResourceOptions | None = None) -> None:
            super().__init__(token, name, {}, opts)

    def build() -> None:
        outer = Part("spy:test:Outer", "outer")
        inner = Part("spy:test:Inner", "inner", pulumi.ResourceOptions(parent=outer))
        identity("one", pulumi.ResourceOptions(parent=inner))

    assert set(recording(build).resources) == {
        "urn:pulumi:dev::spy-options::spy:test:Outer::outer",
        "urn:pulumi:dev::spy-options::spy:test:Outer$spy:test:Inner::inner",
        f"urn:pulumi:dev::spy-options::spy:test:Outer$spy:test:Inner${IDENTITY}::one",
    }


def test_a_provider_is_named_by_its_urn_and_handed_down() -> None:
    def build() -> None:
        provider = azure.Provider("azure", subscription_id="s")
        part = pulumi.ComponentResource("spy:test:Part", "part", {}, pulumi.ResourceOptions(providers=[provider]))
        identity("one", pulumi.ResourceOptions(parent=part))

    plan = recording(build)
    provider = plan.named("pulumi:providers:azure-native", "azure")
    assert plan.named(IDENTITY, "one").provider == provider.urn
    assert plan.named("spy:test:Part", "part").providers == {"azure-native": provider.urn}


def test_a_read_and_an_invoke_are_kept() -> None:
    def build() -> dict[str, Any]:
        group = resources.ResourceGroup.get("group", f"/subscriptions/s/resourceGroups/{GROUP}")
        return {"group": group.name, "tenant": azure.authorization.get_client_config_output().tenant_id}

    plan = recording(build)
    assert [read.id for read in plan.reads.values()] == [f"/subscriptions/s/resourceGroups/{GROUP}"]
    assert [call.token for call in plan.invocations] == ["azure-native:authorization:getClientConfig"]
    assert plan.outputs["group"] == GROUP
    assert plan.resources == {}


def test_a_component_keeps_the_outputs_it_registered() -> None:
    def build() -> None:
        part = pulumi.ComponentResource("spy:test:Part", "part", {})
        part.register_outputs({"host": pulumi.Output.secret("h")})

    plan = recording(build)
    assert list(plan.component_outputs.values()) == [{"host": Secret("h")}]


def test_whole_numbers_stay_whole_and_fractions_fractions() -> None:
    def build() -> None:
        network.PublicIPAddress("address", resource_group_name=GROUP, idle_timeout_in_minutes=4)

    assert repr(recording(build).named(PUBLIC, "address").inputs["idleTimeoutInMinutes"]) == "4"


def test_everything_a_provider_would_refuse_is_told_at_once() -> None:
    def build() -> None:
        storage.StorageAccount("bad", resource_group_name=GROUP, kind="V3", sku={"name": "X"}, tags={"a": "b"})
        identity("homeless", resource_group_name=identity("none").tags.apply(lambda tags: tags))

    with pytest.raises(PlanRefused) as refused:
        recording(build)
    lines = str(refused.value).splitlines()
    assert [line.partition(",")[0] for line in lines] == [
        "azure-native:managedidentity:UserAssignedIdentity homeless: missing required property resourceGroupName",
        "azure-native:storage:StorageAccount bad: kind is 'V3'",
        "azure-native:storage:StorageAccount bad: sku.name is 'X'",
    ]


def test_the_same_urn_twice_is_refused_as_the_engine_does() -> None:
    def build() -> None:
        identity("one")
        identity("one")

    with pytest.raises(PlanRefused, match="::one is registered twice: give one of the two another name"):
        recording(build)


def test_what_the_program_raises_comes_out_and_the_next_recording_is_clean() -> None:
    def fails() -> None:
        identity("one")
        raise RuntimeError("the program's own")

    with pytest.raises(RuntimeError, match="the program's own"):
        recording(fails)
    assert list(recording(lambda: None).resources) == []


def test_the_environment_of_a_machine_changes_no_plan(monkeypatch: pytest.MonkeyPatch) -> None:
    def build() -> None:
        kubernetes.Provider("kubernetes", context="home")
        docker_build.Provider("docker-build")
        azure.Provider("azure")

    before = recording(build)
    for name in ("DOCKER_HOST", "KUBECONFIG", "PULUMI_K8S_ENABLE_PATCH_FORCE", "ARM_SUBSCRIPTION_ID"):
        monkeypatch.setenv(name, "true")
    assert recording(build) == before
    assert os.environ["DOCKER_HOST"] == "true"


def test_a_type_without_a_model_ends_the_recording_with_its_cure() -> None:
    def build() -> None:
        network.NatGateway("nat", resource_group_name=GROUP, sku={"name": "Standard"})

    with pytest.raises(KeyError, match=r"NatGateway has no path: add it to infra/cloud_model/paths.py"):
        recording(build, Mode.UPDATE)
