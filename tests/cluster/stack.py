"""ClusterStack: a stack of the program under the real engine, its objects in a real control plane, the rest a stand-in.

Where the official Kubernetes plugin is installed, the same stack runs with it: `official=True`.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import yaml

from tests.cluster.api import Api, Manifest, condition
from tests.cluster.control_plane import ControlPlane
from tests.cluster.provider import KubernetesStandIn
from tests.engine.cloud import Cloud
from tests.engine.conftest import bootstrapped
from tests.engine.stack import EngineStack
from tests.toolchain import monitoring_definitions

DEFINITIONS = ("servicemonitors", "podmonitors", "prometheusrules")
"""The kinds that the program declares and the monitoring's chart defines."""


class ClusterStack(EngineStack):
    """A deployable stack whose settings lead to this cluster."""

    def __init__(
        self, name: str, folder: Path, cluster: ControlPlane, cloud: Cloud | None = None, *, official: bool = False
    ) -> None:
        self.cluster = cluster
        self.kubernetes = KubernetesStandIn(cluster.kubeconfig)
        self._official = official
        instead = {"kubernetes": None if official else self.kubernetes}
        super().__init__(name, folder, cloud or bootstrapped(name), instead=instead)
        self.configure({"cluster": {"context": cluster.context, "uid": cluster.uid}})

    def _environment(self) -> dict[str, str]:
        given = super()._environment()
        return {**given, "KUBECONFIG": str(self.cluster.kubeconfig)} if self._official else given

    @property
    def api(self) -> Api:
        """The cluster, as its admin sees it."""
        return self.cluster.admin

    def urn(self, kind: str, name: str) -> str:
        """URN of an object by the end of its type, such as v1:PersistentVolume, and its name in the program."""
        (found,) = (urn for urn in self.resources() if urn.endswith(f"{kind}::{name}"))
        return found

    def objects(self) -> list[tuple[str, str, str]]:
        """apiVersion, kind and NAMESPACE/NAME of each object in the state, charts and patches left out."""
        kept = (one for one in self.resources().values() if one["type"].startswith("kubernetes:") and one.get("custom"))
        return [
            (one["outputs"]["apiVersion"], one["outputs"]["kind"], one["id"])
            for one in kept
            if not one["type"].startswith("kubernetes:helm.sh/") and not one["type"].endswith("Patch")
        ]


def define_monitoring(api: Api) -> None:
    """Make the kinds of the Prometheus operator known, as the monitoring's chart does before it makes any of them."""
    for plural in DEFINITIONS:
        (path,) = monitoring_definitions().glob(f"*_{plural}.yaml")
        definition: Manifest = yaml.safe_load(path.read_text("utf-8"))
        definition.get("metadata", {}).pop("creationTimestamp", None)
        api.apply(definition)
        api.until(
            "apiextensions.k8s.io/v1",
            "CustomResourceDefinition",
            definition["metadata"]["name"],
            holds=lambda one: condition(one, "Established") == "True",
        )


def pod_templates(api: Api, namespace: str) -> dict[str, Manifest]:
    """A bare pod of every workload of a namespace, by kind and name: what its controller would make."""
    owners = [
        *((f"Deployment {one['metadata']['name']}", one) for one in api.objects("apps/v1", "Deployment", namespace)),
        *((f"StatefulSet {one['metadata']['name']}", one) for one in api.objects("apps/v1", "StatefulSet", namespace)),
        *((f"DaemonSet {one['metadata']['name']}", one) for one in api.objects("apps/v1", "DaemonSet", namespace)),
    ]
    templates: dict[str, Any] = {name: _with_claims(owner["spec"]) for name, owner in owners}
    for cron in api.objects("batch/v1", "CronJob", namespace):
        templates[f"CronJob {cron['metadata']['name']}"] = cron["spec"]["jobTemplate"]["spec"]["template"]
    return {name: _bare_pod(name, namespace, template) for name, template in templates.items()}


def _with_claims(spec: Mapping[str, Any]) -> dict[str, Any]:
    """The pod template, with the volumes that a StatefulSet adds to each pod of its own."""
    template = deepcopy(dict(spec["template"]))
    for claim in spec.get("volumeClaimTemplates", []):
        name = claim["metadata"]["name"]
        volume = {"name": name, "persistentVolumeClaim": {"claimName": f"{name}-0"}}
        template["spec"].setdefault("volumes", []).append(volume)
    return template


def _bare_pod(owner: str, namespace: str, template: Mapping[str, Any]) -> Manifest:
    metadata = {key: template["metadata"][key] for key in ("labels", "annotations") if template["metadata"].get(key)}
    name = owner.lower().replace(" ", "-")
    return {
        "apiVersion": "v1",
        "kind": "Pod",
        "metadata": {**metadata, "name": name, "namespace": namespace},
        "spec": template["spec"],
    }


def decoded(secret: Manifest) -> dict[str, str]:
    """What a Secret holds."""
    return {key: base64.b64decode(value).decode() for key, value in secret.get("data", {}).items()}


def official_plugin() -> bool:
    """Whether Pulumi's own Kubernetes plugin is installed for the user who runs the tests."""
    home = Path(os.environ.get("PULUMI_HOME") or Path.home() / ".pulumi")
    return any((home / "plugins").glob("resource-kubernetes-v*/pulumi-resource-kubernetes"))
