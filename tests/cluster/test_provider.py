"""The stand-in provider does to a cluster what pulumi-kubernetes does, under the real engine."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pulumi
import pytest
from pulumi import automation
from pulumi_kubernetes.apps.v1 import Deployment
from pulumi_kubernetes.core.v1 import (
    ConfigMap,
    ConfigMapPatch,
    Namespace,
    PersistentVolume,
    PersistentVolumeClaim,
    Secret,
    Service,
)
from pulumi_kubernetes.storage.v1 import StorageClass

from tests.cluster import manifests
from tests.cluster.api import condition
from tests.cluster.control_plane import ControlPlane
from tests.cluster.small import Program, SmallStack, sentences

Open = Callable[..., SmallStack]


@pytest.fixture
def stack(cluster: ControlPlane, tmp_path: Path) -> Iterator[SmallStack]:
    with SmallStack(tmp_path / "stack", cluster, patience_seconds=60) as opened:
        yield opened


def web(namespace: str, *, image: str = "example.org/web:1", replicas: int = 2, seconds: int = 60) -> Program:
    """A Deployment whose replicas are somebody else's to change."""

    def declare(options: pulumi.ResourceOptions) -> None:
        manifest: Any = manifests.deployment("web", namespace, replicas=replicas, image=image)
        annotations = {"pulumi.com/timeoutSeconds": str(seconds)}
        metadata: Any = {**manifest["metadata"], "annotations": annotations}
        Deployment(
            "web",
            metadata=metadata,
            spec=manifest["spec"],
            opts=pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(ignore_changes=["spec.replicas"])),
        )

    return declare


def config(namespace: str, value: str, *, name: str = "") -> Program:
    metadata: Any = {"namespace": namespace, **({"name": name} if name else {})}
    return lambda options: ConfigMap("config", metadata=metadata, data={"key": value}, opts=options)


def test_up_returns_when_the_deployment_is_ready_and_a_second_preview_has_nothing_to_do(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    stack.up(web(namespace))
    live = cluster.admin.get("apps/v1", "Deployment", "web", namespace)
    assert (condition(live, "Available"), live["status"]["readyReplicas"]) == ("True", 2)
    stack.preview(expect_no_changes=True)
    stack.refresh(expect_no_changes=True)
    assert stack.done() == [("create", "Deployment")]
    assert stack.provider.warnings == []


def test_a_preview_is_judged_by_the_server_and_changes_nothing(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    assert "to create" in stack.preview(web(namespace))
    assert stack.done() == []
    assert cluster.admin.find("apps/v1", "Deployment", "web", namespace) is None
    with pytest.raises(automation.CommandError, match=r"spec.replicas.*must be greater than or equal to 0"):
        stack.preview(web(namespace, replicas=-1))


def test_what_exists_already_is_refused_and_stays_as_it_is(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    cluster.admin.apply(
        {
            "apiVersion": "v1",
            "kind": "ConfigMap",
            "metadata": {"name": "theirs", "namespace": namespace},
            "data": {"key": "old"},
        }
    )
    with pytest.raises(automation.CommandError, match="already exists"):
        stack.up(config(namespace, "new", name="theirs"))
    assert cluster.admin.get("v1", "ConfigMap", "theirs", namespace)["data"] == {"key": "old"}


def test_a_changed_config_map_without_a_name_is_replaced_by_one_of_another_name_before_it_goes(
    stack: SmallStack, namespace: str
) -> None:
    stack.up(config(namespace, "one"))
    first = stack.resources()["config"]["id"]
    stack.preview(expect_no_changes=True)
    stack.done()
    stack.up(config(namespace, "two"))
    assert stack.resources()["config"]["id"] != first
    assert stack.done() == [("create", "ConfigMap"), ("delete", "ConfigMap")]


def test_a_changed_config_map_with_a_name_goes_before_it_comes_again(stack: SmallStack, namespace: str) -> None:
    stack.up(config(namespace, "one", name="fixed"))
    stack.done()
    stack.up(config(namespace, "two", name="fixed"))
    assert stack.done() == [("delete", "ConfigMap"), ("create", "ConfigMap")]


def test_a_config_map_changes_in_place_where_the_provider_is_told_so(
    tmp_path: Path, cluster: ControlPlane, namespace: str
) -> None:
    with SmallStack(tmp_path, cluster, enable_config_map_mutable=True) as stack:
        stack.up(config(namespace, "one", name="fixed"))
        stack.done()
        stack.up(config(namespace, "two", name="fixed"))
        assert stack.done() == [("update", "ConfigMap")]
        stack.preview(expect_no_changes=True)
    assert cluster.admin.get("v1", "ConfigMap", "fixed", namespace)["data"] == {"key": "two"}


def test_a_secret_reaches_the_cluster_and_is_no_plain_text_in_the_state(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    metadata: Any = {"name": "key", "namespace": namespace}
    stack.up(
        lambda options: Secret(
            "key", metadata=metadata, string_data={"password": pulumi.Output.secret("battery-staple")}, opts=options
        )
    )
    assert cluster.admin.get("v1", "Secret", "key", namespace)["data"] == {"password": "YmF0dGVyeS1zdGFwbGU="}
    assert "battery-staple" not in stack.stored()
    assert "YmF0dGVyeS1zdGFwbGU=" not in stack.stored()
    stack.preview(expect_no_changes=True)


def test_a_broken_image_fails_the_run_and_the_old_pods_go_on_until_the_next_run_mends_it(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    stack.up(web(namespace))
    with pytest.raises(automation.CommandError, match="timed out waiting for Deployment web"):
        stack.up(web(namespace, image="example.org/broken:2", seconds=5))
    live = cluster.admin.get("apps/v1", "Deployment", "web", namespace)
    assert live["status"]["availableReplicas"] == 2
    assert live["status"]["unavailableReplicas"] == 1
    assert stack.resources()["web"]["initErrors"]
    stack.up(web(namespace, image="example.org/web:3"))
    assert "initErrors" not in stack.resources()["web"]


def test_replicas_that_somebody_else_changed_stay_when_the_program_ignores_them(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    stack.up(web(namespace, replicas=1))
    cluster.admin.patch("apps/v1", "Deployment", "web", namespace, {"spec": {"replicas": 3}}, subresource="scale")
    stack.refresh()
    stack.up(web(namespace, replicas=1, image="example.org/web:2"))
    live = cluster.admin.get("apps/v1", "Deployment", "web", namespace)
    assert live["spec"]["replicas"] == 3
    assert live["spec"]["template"]["spec"]["containers"][0]["image"] == "example.org/web:2"


def test_another_selector_deletes_the_deployment_and_makes_it_anew(stack: SmallStack, namespace: str) -> None:
    def declare(app: str) -> Program:
        manifest: Any = manifests.deployment("web", namespace)
        manifest["spec"]["selector"] = {"matchLabels": {"app": app}}
        manifest["spec"]["template"]["metadata"]["labels"] = {"app": app}
        return lambda options: Deployment("web", metadata=manifest["metadata"], spec=manifest["spec"], opts=options)

    stack.up(declare("one"))
    stack.done()
    stack.up(declare("two"))
    assert stack.done() == [("delete", "Deployment"), ("create", "Deployment")]


def test_a_patch_gives_fields_to_an_object_of_others_and_takes_them_back(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    metadata: Any = {"name": "theirs", "namespace": namespace}
    cluster.admin.apply({"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata, "data": {"a": "1"}})
    stack.up(lambda options: ConfigMapPatch("patch", metadata=metadata, data={"b": "2"}, opts=options))
    assert cluster.admin.get("v1", "ConfigMap", "theirs", namespace)["data"] == {"a": "1", "b": "2"}
    stack.destroy()
    assert cluster.admin.get("v1", "ConfigMap", "theirs", namespace)["data"] == {"a": "1"}


def test_a_read_knows_the_uid_in_a_preview(stack: SmallStack, cluster: ControlPlane) -> None:
    def declare(options: pulumi.ResourceOptions) -> None:
        system = Namespace.get("kube-system", "kube-system", options)
        pulumi.export("uid", system.metadata.uid)

    assert cluster.uid in stack.preview(declare)


def test_a_service_that_leads_to_no_pod_is_waited_for_unless_it_says_otherwise(
    stack: SmallStack, namespace: str
) -> None:
    def declare(**annotations: str) -> Program:
        noted = {f"pulumi.com/{key}": value for key, value in annotations.items()}
        metadata: Any = {"name": "web", "namespace": namespace, "annotations": noted}
        spec: Any = {"selector": {"app": "nobody"}, "ports": [{"port": 80}]}
        return lambda options: Service("web", metadata=metadata, spec=spec, opts=options)

    with pytest.raises(automation.CommandError, match="timed out waiting for Service web"):
        stack.up(declare(timeoutSeconds="3"))
    stack.up(declare(skipAwait="true"))


def volume(namespace: str, name: str, node: str, *, skip_await: bool) -> Program:
    annotations = {"pulumi.com/skipAwait": "true"} if skip_await else {}

    def declare(options: pulumi.ResourceOptions) -> None:
        of_class = manifests.storage_class(name)
        made = StorageClass(
            "class",
            metadata=of_class["metadata"],
            provisioner=of_class["provisioner"],
            volume_binding_mode=of_class["volumeBindingMode"],
            opts=options,
        )
        after = pulumi.ResourceOptions.merge(options, pulumi.ResourceOptions(depends_on=[made]))
        local = manifests.local_volume(name, node=node, storage_class=name)
        kept = PersistentVolume("volume", metadata=local["metadata"], spec=local["spec"], opts=after)
        claim = manifests.claim("data", namespace, volume=name, storage_class=name)
        metadata: Any = {**claim["metadata"], "annotations": annotations}
        PersistentVolumeClaim(
            "claim",
            metadata=metadata,
            spec=claim["spec"],
            opts=pulumi.ResourceOptions.merge(after, pulumi.ResourceOptions(depends_on=[kept])),
        )

    return declare


def test_a_claim_that_names_its_volume_must_not_be_waited_for(
    stack: SmallStack, cluster: ControlPlane, namespace: str
) -> None:
    name, node = f"volume-{namespace}", cluster.options.nodes[0]
    with pytest.raises(automation.CommandError, match=r"annotate it pulumi\.com/skipAwait"):
        stack.up(volume(namespace, name, node, skip_await=False))
    stack.up(volume(namespace, name, node, skip_await=True))
    bound = cluster.admin.until(
        "v1", "PersistentVolumeClaim", "data", namespace, holds=lambda one: one["status"]["phase"] == "Bound"
    )
    assert bound["spec"]["volumeName"] == name
    stack.preview(expect_no_changes=True)
    stack.destroy()
    assert cluster.admin.find("v1", "PersistentVolume", name) is None


@pytest.mark.parametrize("how", ["closed port", "no such context"])
def test_a_cluster_that_cannot_be_reached_is_said_in_one_sentence(
    cluster: ControlPlane, tmp_path: Path, how: str
) -> None:
    settings: dict[str, Any]
    if how == "closed port":
        away = tmp_path / "kubeconfig.json"
        away.write_text(cluster.kubeconfig.read_text().replace(f":{cluster.port}", ":1"))
        settings, told = {}, "Connection refused"
    else:
        away, settings, told = cluster.kubeconfig, {"context": "elsewhere"}, 'context "elsewhere" does not exist'
    with SmallStack(tmp_path / "stack", cluster, **settings) as stack:
        stack.provider.kubeconfig = away
        with pytest.raises(automation.CommandError) as refused:
            stack.up(lambda options: Namespace.get("kube-system", "kube-system", options))
    (sentence,) = sentences(refused.value, "unreachable")
    assert told in sentence
