"""The three volumes: sizes, folders, who may mount them, and that they outlive the stack."""

from __future__ import annotations

from typing import Any

import pytest

from infra.cluster.volumes import Volumes
from infra.plan import Plan
from stacks.naming import VOLUMES, Names
from stacks.settings import StackSettings
from tests.infra.cluster_parts import cluster_part, manifest, objects
from tests.infra.recording import STACKS, settings_of

VOLUME, CLAIM, CLASS = "core/v1:PersistentVolume", "core/v1:PersistentVolumeClaim", "storage.k8s.io/v1:StorageClass"


def volumes_of(stack: str | StackSettings) -> Plan:
    """The plan of the volumes alone."""
    return cluster_part(lambda scope, within: Volumes("volumes", scope, within), stack)


def node_rule(stack: str | StackSettings) -> dict[str, Any]:
    """The one demand on the node of pv-database."""
    spec = manifest(volumes_of(stack), VOLUME, "pv-database")["spec"]
    ((term,),) = [spec["nodeAffinity"]["required"]["nodeSelectorTerms"]]
    (rule,) = term["matchExpressions"]
    return dict(rule)


def test_prod_has_the_three_volumes_of_the_requirements() -> None:
    plan = volumes_of("prod")
    told = {
        name: (spec["capacity"]["storage"], spec["local"]["path"], spec["storageClassName"])
        for name, spec in ((name, manifest(plan, VOLUME, name)["spec"]) for name in objects(plan, VOLUME))
    }
    assert told == {
        "pv-database": ("10Gi", "/mnt/k8s-storage/database", "local-storage"),
        "pv-logs": ("5Gi", "/mnt/k8s-storage/logs", "local-storage"),
        "pv-cache": ("2Gi", "/mnt/k8s-storage/cache", "local-storage"),
    }
    assert set(objects(plan, CLAIM)) == {"pvc-database", "pvc-logs", "pvc-cache"}


def test_dev_s_are_smaller_and_its_own() -> None:
    plan = volumes_of("dev")
    sizes = {name: manifest(plan, VOLUME, name)["spec"]["capacity"]["storage"] for name in objects(plan, VOLUME)}
    assert sizes == {"pv-database-dev": "5Gi", "pv-logs-dev": "2Gi", "pv-cache-dev": "1Gi"}


@pytest.mark.parametrize("stack", STACKS)
def test_volume_and_claim_name_one_another_and_agree(stack: str) -> None:
    plan, names = volumes_of(stack), Names(settings_of(stack))
    for volume in VOLUMES:
        kept = manifest(plan, VOLUME, names.persistent_volume(volume))
        claim = manifest(plan, CLAIM, f"pvc-{volume}")
        assert kept["spec"]["claimRef"] == {"namespace": names.namespace, "name": claim["metadata"]["name"]}
        assert claim["metadata"]["namespace"] == names.namespace
        assert claim["spec"]["volumeName"] == kept["metadata"]["name"]
        assert claim["spec"]["resources"]["requests"]["storage"] == kept["spec"]["capacity"]["storage"]
        for field in ("accessModes", "storageClassName", "volumeMode"):
            assert claim["spec"][field] == kept["spec"][field]


@pytest.mark.parametrize("stack", STACKS)
def test_everything_about_them_outlives_a_destroy(stack: str) -> None:
    plan = volumes_of(stack)
    kept = [one for kind in (VOLUME, CLAIM, CLASS) for one in objects(plan, kind).values()]
    assert len(kept) == 7
    assert all(one.protect for one in kept)
    assert {
        manifest(plan, VOLUME, name)["spec"]["persistentVolumeReclaimPolicy"] for name in objects(plan, VOLUME)
    } == {"Retain"}
    (storage_class,) = objects(plan, CLASS)
    told = manifest(plan, CLASS, storage_class)
    assert (told["provisioner"], told["volumeBindingMode"], told["reclaimPolicy"]) == (
        "kubernetes.io/no-provisioner",
        "WaitForFirstConsumer",
        "Retain",
    )


def test_a_database_file_is_one_pod_s_and_everything_else_one_node_s() -> None:
    modes = {
        (stack, name): manifest(plan, CLAIM, name)["spec"]["accessModes"]
        for stack, plan in ((stack, volumes_of(stack)) for stack in STACKS)
        for name in objects(plan, CLAIM)
    }
    assert modes.pop(("local", "pvc-cache")) == ["ReadWriteOncePod"]
    assert set(map(tuple, modes.values())) == {("ReadWriteOnce",)}


def test_no_run_waits_for_a_claim_because_it_is_bound_before_the_provider_looks() -> None:
    plan = volumes_of("prod")
    for name in objects(plan, CLAIM):
        assert manifest(plan, CLAIM, name)["metadata"]["annotations"]["pulumi.com/skipAwait"] == "true"


def test_a_volume_is_on_the_node_that_is_named_or_on_whichever_there_is() -> None:
    named = StackSettings.model_validate({"stack": "prod", "cluster": {"volumeNode": "shelf-2"}})
    assert node_rule(named) == {"key": "kubernetes.io/hostname", "operator": "In", "values": ["shelf-2"]}
    assert node_rule("prod") == {"key": "kubernetes.io/hostname", "operator": "Exists"}
