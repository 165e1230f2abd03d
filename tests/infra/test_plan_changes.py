"""Changes between two plans: what is replaced, what follows from it, what is protected, what an alias keeps."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pulumi
import pytest
from pulumi_azure_native import managedidentity, network, storage

from infra.plan import Mode, Plan, record
from infra.plan.changes import Action, Change, changes, output_changes, read_changes
from infra.plan.normalise import normalised
from stacks.settings import StackSettings

Build = Callable[[], Any]
GROUP = "rg-test"


def plan_of(build: Build) -> Plan:
    return normalised(record(StackSettings(stack="dev"), Mode.SYMBOLIC, lambda _: build() or {}))


def between(before: Build, after: Build) -> list[Change]:
    return changes(plan_of(before), plan_of(after))


def said(found: list[Change]) -> list[tuple[str, str]]:
    return [(change.action, change.path) for change in found]


def networks(space: str = "10.0.0.0/16", name: str = "vnet") -> None:
    whole = network.VirtualNetwork(
        "network",
        resource_group_name=GROUP,
        virtual_network_name=name,
        address_space={"address_prefixes": [space]},
        subnets=[],
    )
    part = network.Subnet("subnet", resource_group_name=GROUP, virtual_network_name=whole.name, subnet_name="s")
    network.PrivateEndpoint("endpoint", resource_group_name=GROUP, subnet={"id": part.id})


def account(opts: pulumi.ResourceOptions | None = None, **given: Any) -> None:
    args: dict[str, Any] = {"resource_group_name": GROUP, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
    storage.StorageAccount("account", opts=opts, **{**args, **given})


def test_the_same_program_changes_nothing() -> None:
    assert between(networks, networks) == []


def test_a_property_that_can_change_is_an_update_that_says_before_and_after() -> None:
    found = between(networks, lambda: networks("10.1.0.0/16"))
    assert said(found) == [(Action.UPDATED, "network")]
    (difference,) = found[0].differences
    assert (difference.path, difference.before, difference.after) == (
        "addressSpace.addressPrefixes.0",
        "10.0.0.0/16",
        "10.1.0.0/16",
    )


def test_a_new_name_replaces_the_resource_and_what_is_identified_by_it() -> None:
    found = between(networks, lambda: networks(name="other"))
    assert sorted(said(found)) == [(Action.REPLACED, name) for name in ("endpoint", "network", "subnet")]
    endpoint = next(change.differences for change in found if change.path == "endpoint")
    assert [(each.path, each.after) for each in endpoint] == [("subnet.id", "that of the new subnet")]


def test_a_use_that_can_change_does_not_spread_a_replacement() -> None:
    def program(name: str) -> None:
        group = network.NetworkSecurityGroup("guard", resource_group_name=GROUP, network_security_group_name=name)
        network.Subnet(
            "subnet",
            resource_group_name=GROUP,
            virtual_network_name="vnet",
            subnet_name="s",
            network_security_group={"id": group.id},
        )

    assert said(between(lambda: program("a"), lambda: program("b"))) == [(Action.REPLACED, "guard")]


def test_replacements_and_deletions_come_first_and_protected_ones_before_others() -> None:
    def before() -> None:
        account(pulumi.ResourceOptions(protect=True))
        managedidentity.UserAssignedIdentity("a-gone", resource_group_name=GROUP)
        managedidentity.UserAssignedIdentity("moved", resource_group_name=GROUP, location="westeurope")

    def after() -> None:
        account(pulumi.ResourceOptions(protect=True), kind="BlobStorage")
        managedidentity.UserAssignedIdentity("moved", resource_group_name=GROUP, location="northeurope")
        managedidentity.UserAssignedIdentity("new", resource_group_name=GROUP)

    found = between(before, after)
    assert [(change.action, change.path, change.protected) for change in found] == [
        (Action.REPLACED, "account", True),
        (Action.REPLACED, "moved", False),
        (Action.DELETED, "a-gone", False),
        (Action.CREATED, "new", False),
    ]


def test_taking_protection_away_and_replacing_in_one_step_still_shows_what_was_protected() -> None:
    found = between(
        lambda: account(pulumi.ResourceOptions(protect=True)),
        lambda: account(kind="BlobStorage"),
    )
    assert found[0].protected
    assert {each.path for each in found[0].differences} == {"(protect)", "kind"}


def test_what_the_program_says_must_be_replaced_is_and_what_it_ignores_is_not() -> None:
    must = pulumi.ResourceOptions(replace_on_changes=["sku"])
    found = between(lambda: account(must), lambda: account(must, sku={"name": "Standard_GRS"}))
    assert said(found) == [(Action.REPLACED, "account")]
    ignored = pulumi.ResourceOptions(ignore_changes=["kind"])
    found = between(lambda: account(ignored), lambda: account(ignored, kind="BlobStorage"))
    assert said(found) == [(Action.UPDATED, "account")]
    assert found[0].differences[0].ignored


@pytest.mark.parametrize(
    "alias",
    [
        pulumi.Alias(name="former"),
        "urn:pulumi:dev::spy-options::azure-native:managedidentity:UserAssignedIdentity::former",
    ],
)
def test_an_alias_keeps_a_renamed_resource(alias: pulumi.Alias | str) -> None:
    def named(name: str, opts: pulumi.ResourceOptions | None = None) -> None:
        managedidentity.UserAssignedIdentity(name, resource_group_name=GROUP, opts=opts)

    kept = between(lambda: named("former"), lambda: named("latter", pulumi.ResourceOptions(aliases=[alias])))
    assert said(kept) == [(Action.UPDATED, "latter")]
    lost = between(lambda: named("former"), lambda: named("latter"))
    assert said(lost) == [(Action.DELETED, "former"), (Action.CREATED, "latter")]


def test_outputs_and_reads_are_compared_too() -> None:
    def program(group: str) -> dict[str, Any]:
        managedidentity.UserAssignedIdentity.get("one", f"/subscriptions/s/resourceGroups/{group}")
        return {"group": group}

    before, after = plan_of(lambda: program("a")), plan_of(lambda: program("b"))
    assert [(each.path, each.before, each.after) for each in output_changes(before, after)] == [("group", "a", "b")]
    assert [each.path for each in read_changes(before, after)] == ["one"]
