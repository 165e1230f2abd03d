"""A real API server takes every object of the releases layer; the forwarder reads its own stack's pods and no more."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from infra.plan import reveal
from infra.releases.operator import API_VERSION
from stacks.naming import Names
from tests.cluster.api import Manifest, Refusal
from tests.cluster.control_plane import ControlPlane, Options, running_control_plane
from tests.cluster.manifests import namespace, service_account
from tests.cluster.stack import define_monitoring
from tests.infra.recording import settings_of
from tests.infra.releases_part import released

STACKS = ("dev", "prod")
"""Both of them on one cluster, as they live at home."""
FIRST = ("Namespace", "ServiceAccount", "ClusterRole")


@pytest.fixture(scope="module")
def plane(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ControlPlane]:
    """A cluster with the operator's definitions, and the workloads' namespaces of both stacks."""
    with running_control_plane(tmp_path_factory.mktemp("releases"), Options(nodes=("home", "second"))) as plane:
        define_monitoring(plane.admin)
        for stack in STACKS:
            plane.admin.apply(namespace(Names(settings_of(stack)).namespace))
        yield plane


def objects(stack: str) -> list[Manifest]:
    """The layer's objects but the Helm release, in an order in which each finds what it names."""
    found: list[Manifest] = [
        reveal(one.inputs)
        for one in released(stack).resources.values()
        if one.custom and one.type.startswith("kubernetes:") and "helm.sh" not in one.type
    ]
    return sorted(found, key=lambda one: FIRST.index(one["kind"]) if one["kind"] in FIRST else len(FIRST))


def test_every_object_of_both_stacks_is_accepted_without_a_warning(plane: ControlPlane) -> None:
    for stack in STACKS:
        for one in objects(stack):
            answer = plane.admin.apply(one)
            assert answer.warnings == (), (stack, one["kind"], one["metadata"]["name"])


def test_the_forwarder_has_a_pod_on_every_node_in_each_stack(plane: ControlPlane) -> None:
    for stack in STACKS:
        for one in objects(stack):
            plane.admin.apply(one)
        place = Names(settings_of(stack)).log_namespace
        plane.admin.until(
            "apps/v1",
            "DaemonSet",
            "log-forwarder",
            place,
            holds=lambda found: found.get("status", {}).get("numberReady") == 2,
        )


@pytest.mark.parametrize("stack", STACKS)
def test_its_token_reads_the_pods_and_the_namespace_of_its_stack_and_nothing_else(
    plane: ControlPlane, stack: str
) -> None:
    for one in objects(stack):
        plane.admin.apply(one)
    names = Names(settings_of(stack))
    forwarder = plane.as_service_account(names.log_namespace, "log-forwarder")
    assert forwarder.get("v1", "Namespace", names.namespace)["metadata"]["name"] == names.namespace
    assert forwarder.objects("v1", "Pod", names.namespace) == []
    (other,) = [Names(settings_of(each)).namespace for each in STACKS if each != stack]
    for kind, place in (("Secret", names.namespace), ("ConfigMap", names.namespace), ("Pod", other)):
        with pytest.raises(Refusal) as refused:
            forwarder.objects("v1", kind, place)
        assert refused.value.status == 403


@pytest.mark.parametrize(
    ("kind", "name", "changed"),
    [
        ("ServiceMonitor", "backend-monitor", {"endpoints": [{"port": "http", "interval": "fifteen"}]}),
        (
            "PrometheusRule",
            "spy-alerts",
            {"groups": [{"name": "g", "rules": [{"alert": "A", "expr": "1", "for": "?"}]}]},
        ),
    ],
)
def test_the_definitions_do_refuse_what_is_wrong(
    plane: ControlPlane, kind: str, name: str, changed: dict[str, Any]
) -> None:
    (sound,) = [one for one in objects("prod") if (one["kind"], one["metadata"]["name"]) == (kind, name)]
    assert sound["apiVersion"] == API_VERSION
    with pytest.raises(Refusal):
        plane.admin.apply({**sound, "spec": {**sound["spec"], **changed}})


def test_a_restricted_namespace_would_not_let_the_forwarder_in(plane: ControlPlane) -> None:
    """The reason for the namespaces of this layer."""
    (daemons,) = [one for one in objects("prod") if one["kind"] == "DaemonSet"]
    place = "restricted"
    plane.admin.apply(namespace(place))
    plane.admin.apply(service_account("log-forwarder", place))
    pod = {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {"name": "forwarder", "namespace": place},
        "spec": daemons["spec"]["template"]["spec"],
    }
    with pytest.raises(Refusal, match="hostPath"):
        plane.admin.create(pod, dry_run=True)
