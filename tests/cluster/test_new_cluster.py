"""A cluster that was made anew, under the same context: how a deployed stack comes back into it by docs/cluster.md."""

from __future__ import annotations

from pathlib import Path

import pytest
from pulumi import automation

from stacks.naming import VOLUMES, Names
from tests.cluster.api import condition
from tests.cluster.control_plane import ControlPlane, Options, running_control_plane
from tests.cluster.small import sentences
from tests.cluster.stack import ClusterStack, define_monitoring


def test_a_stack_is_deployed_to_a_cluster_that_was_made_anew_once_its_state_has_forgotten_the_old_one(
    cluster: ControlPlane, tmp_path: Path
) -> None:
    with running_control_plane(tmp_path / "old", Options(nodes=("home",))) as old:
        define_monitoring(old.admin)
        with ClusterStack("local", tmp_path / "project", old) as stack:
            stack.up()
            stack.kubernetes.kubeconfig = under_the_same_context(cluster, old, tmp_path)
            with pytest.raises(automation.CommandError) as refused:
                stack.up()
            assert sentences(refused.value, "leads to the cluster")

            stack.command("refresh", "--yes", "--skip-preview")
            assert [name for _, _, name in stack.objects()] == ["kube-system"], "only what every cluster has"
            stack.configure({"cluster": {"uid": cluster.uid}})
            define_monitoring(cluster.admin)
            stack.up()
            stack.preview(expect_no_changes=True)

            namespace = Names(stack.settings()).namespace
            for deployment in cluster.admin.objects("apps/v1", "Deployment", namespace):
                assert condition(deployment, "Available") == "True", deployment["metadata"]["name"]
            for volume in VOLUMES:
                claim = cluster.admin.get("v1", "PersistentVolumeClaim", f"pvc-{volume}", namespace)
                assert claim["status"]["phase"] == "Bound"


def under_the_same_context(new: ControlPlane, old: ControlPlane, folder: Path) -> Path:
    """A kubeconfig whose context of the old name leads to the new cluster."""
    path = folder / "kubeconfig.json"
    path.write_text(new.kubeconfig.read_text().replace(new.context, old.context))
    return path
