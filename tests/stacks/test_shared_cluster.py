"""Two stacks on one cluster: no common object, one monitoring; the sentence names what they share."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stacks.checks import problems
from stacks.checks.shared_cluster import cluster_objects
from stacks.settings import StackSettings
from tests.stacks.builders import UID, only, stack

OTHER_UID = "c1a57e20-0000-4000-8000-000000000002"


def tenant(name: str, *, monitoring: bool, uid: str = UID, **values: Any) -> StackSettings:
    return stack(
        name, **{**values, "cluster": {**values.get("cluster", {}), "uid": uid}, "releases": {"monitoring": monitoring}}
    )


def together(dev: dict[str, Any], *, dev_monitoring: bool = False, prod_monitoring: bool = True) -> list[str]:
    """Problems of a dev with these keys beside a plain prod."""
    return problems([tenant("dev", monitoring=dev_monitoring, **dev), tenant("prod", monitoring=prod_monitoring)])


def test_dev_and_prod_live_on_one_cluster() -> None:
    assert together({}) == []


@pytest.mark.parametrize(
    ("dev", "shared", "cure"),
    [
        ({"names": {"namespace": "spy-options-bot"}}, "namespace spy-options-bot", "names.namespace"),
        ({"names": {"namespace": "monitoring"}}, "namespace monitoring", "names.namespace"),
        ({"names": {"storageClass": "local-storage"}}, "StorageClass local-storage", "names.storageClass"),
        ({"names": {"clusterRoles": "spy-options"}}, "ClusterRole spy-options-log-forwarder", "names.clusterRoles"),
        ({"names": {"volumes": "pv"}}, "persistent volume pv-database", "names.volumes"),
    ],
)
def test_a_shared_object_is_named_with_the_key_that_parts_them(dev: dict[str, Any], shared: str, cure: str) -> None:
    sentences = together(dev)
    assert f"dev and prod share cluster.uid {UID} and the {shared}: set {cure} in one of them" in sentences
    assert all(cure in sentence for sentence in sentences)


def test_a_host_folder_inside_another_s_is_shared() -> None:
    found = together({"cluster": {"volumeRoot": "/mnt/k8s-storage/logs"}})
    assert any("the host folder /mnt/k8s-storage/logs/" in sentence for sentence in found)


def test_monitoring_is_installed_exactly_once() -> None:
    assert only(together({}, dev_monitoring=True)) == (
        f"dev and prod both install the monitoring in cluster.uid {UID}: set releases.monitoring to true in one of "
        "them only"
    )
    assert only(together({}, prod_monitoring=False)) == (
        f"dev, prod share cluster.uid {UID} and none installs the monitoring: set releases.monitoring true in one"
    )


def test_two_clusters_may_have_everything_in_common() -> None:
    names = {"names": {"namespace": "spy-options-bot"}}
    assert problems([tenant("dev", monitoring=True, uid=OTHER_UID, **names), tenant("prod", monitoring=True)]) == []


def test_a_uid_that_nobody_has_set_is_not_one_cluster() -> None:
    assert problems([stack("dev"), stack("prod")]) == []


def test_one_uid_in_capitals_is_the_same_cluster() -> None:
    two = [tenant("dev", monitoring=True, uid=UID.upper()), tenant("prod", monitoring=True)]
    assert "both install the monitoring" in only(problems(two))


NAMES = st.from_regex(r"[a-z][a-z0-9]{0,9}", fullmatch=True)


@given(NAMES, NAMES)
def test_stacks_without_names_of_their_own_never_share_an_object(one: str, other: str) -> None:
    if one != other:
        first = stack(one, releases={"monitoring": False})
        assert not set(cluster_objects(first)) & set(cluster_objects(stack(other)))
