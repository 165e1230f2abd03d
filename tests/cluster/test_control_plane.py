"""The control plane decides as a cluster does: rollouts, volumes, Pod Security, rights, tokens."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest

from tests.cluster import manifests
from tests.cluster.api import Api, Manifest, Refusal, condition
from tests.cluster.control_plane import ControlPlane
from tests.cluster.stages import BROKEN_DIGEST


def available(deployment: Manifest) -> bool:
    replicas = deployment["spec"]["replicas"]
    status = deployment.get("status", {})
    return bool(
        status.get("observedGeneration") == deployment["metadata"]["generation"]
        and status.get("availableReplicas", 0) == status.get("updatedReplicas", 0) == replicas
        and status.get("replicas") == replicas
    )


def pods(api: Api, namespace: str, app: str) -> dict[str, Manifest]:
    return {pod["metadata"]["name"]: pod for pod in api.objects("v1", "Pod", namespace, labels=f"app={app}")}


def test_the_server_says_its_version_and_knows_its_uid(cluster: ControlPlane) -> None:
    version = cluster.admin.request("GET", "/version").body
    assert version["gitVersion"].startswith("v1.")
    assert version["major"] == "1"
    assert len(cluster.uid) == 36


def test_a_deployment_of_two_becomes_ready_and_a_new_image_replaces_both(cluster: ControlPlane, namespace: str) -> None:
    api = cluster.admin
    assert api.apply(manifests.deployment("web", namespace)).warnings == ()
    api.until("apps/v1", "Deployment", "web", namespace, holds=available)
    before = pods(api, namespace, "web")
    assert [condition(pod, "Ready") for pod in before.values()] == ["True", "True"]
    api.apply(manifests.deployment("web", namespace, image="example.org/web:2"))
    api.until("apps/v1", "Deployment", "web", namespace, holds=available)
    for name in before:
        api.until_gone("v1", "Pod", name, namespace)
    assert {pod["spec"]["containers"][0]["image"] for pod in pods(api, namespace, "web").values()} == {
        "example.org/web:2"
    }


@pytest.mark.parametrize("image", ["example.org/broken:2", f"example.org/web@{BROKEN_DIGEST}"])
def test_a_broken_image_never_starts_and_leaves_the_old_pods_alone(
    cluster: ControlPlane, namespace: str, image: str
) -> None:
    api = cluster.admin
    api.apply(manifests.deployment("web", namespace))
    api.until("apps/v1", "Deployment", "web", namespace, holds=available)
    old = pods(api, namespace, "web")
    api.apply(manifests.deployment("web", namespace, image=image))
    api.until(
        "apps/v1", "Deployment", "web", namespace, holds=lambda one: one["status"].get("unavailableReplicas") == 1
    )
    (new,) = pods(api, namespace, "web").keys() - old.keys()
    waiting = api.until("v1", "Pod", new, namespace, holds=lambda one: bool(one["status"].get("containerStatuses")))
    assert waiting["status"]["containerStatuses"][0]["state"]["waiting"]["reason"] == "ImagePullBackOff"
    for name in old:
        assert condition(api.get("v1", "Pod", name, namespace), "Ready") == "True"


def test_a_claim_that_names_a_local_volume_is_bound_to_it(cluster: ControlPlane, namespace: str) -> None:
    api, name = cluster.admin, f"volume-{namespace}"
    api.apply(manifests.storage_class(name))
    api.apply(manifests.local_volume(name, node=cluster.options.nodes[0], storage_class=name))
    api.apply(manifests.claim("data", namespace, volume=name, storage_class=name))
    api.until("v1", "PersistentVolumeClaim", "data", namespace, holds=lambda one: one["status"].get("phase") == "Bound")
    assert api.get("v1", "PersistentVolume", name)["spec"]["claimRef"]["name"] == "data"
    api.delete("v1", "PersistentVolumeClaim", "data", namespace)
    api.until("v1", "PersistentVolume", name, holds=lambda one: one["status"]["phase"] == "Released")
    api.delete("v1", "PersistentVolume", name)


def test_a_job_completes(cluster: ControlPlane, namespace: str) -> None:
    spec = manifests.pod_spec() | {"restartPolicy": "Never"}
    metadata = {"name": "once", "namespace": namespace}
    job = {"apiVersion": "batch/v1", "kind": "Job", "metadata": metadata, "spec": {"template": {"spec": spec}}}
    cluster.admin.apply(job)
    cluster.admin.until("batch/v1", "Job", "once", namespace, holds=lambda one: condition(one, "Complete") == "True")


def test_pod_security_refuses_a_pod_and_warns_of_the_deployment_that_would_make_it(
    cluster: ControlPlane, namespace: str
) -> None:
    soft = manifests.pod_spec()
    del soft["containers"][0]["securityContext"]
    with pytest.raises(Refusal, match="violates PodSecurity") as refused:
        cluster.admin.apply(manifests.pod("soft", namespace, soft), dry_run=True)
    assert (refused.value.status, refused.value.reason) == (403, "Forbidden")
    deployment = manifests.deployment("soft", namespace)
    deployment["spec"]["template"]["spec"] = soft
    (warning,) = cluster.admin.apply(deployment, dry_run=True).warnings
    assert warning.startswith("would violate PodSecurity")


def test_an_unknown_field_is_refused_and_an_older_version_is_warned_of(cluster: ControlPlane, namespace: str) -> None:
    misspelt = manifests.deployment("web", namespace)
    misspelt["spec"]["replica"] = 2
    with pytest.raises(Refusal, match="replica"):
        cluster.admin.apply(misspelt, dry_run=True)


def test_a_service_account_may_do_what_its_role_says_and_nothing_else(cluster: ControlPlane, namespace: str) -> None:
    api = cluster.admin
    scale = {
        "apiGroups": ["apps"],
        "resources": ["deployments/scale"],
        "resourceNames": ["web"],
        "verbs": ["get", "patch"],
    }
    for manifest in (
        manifests.service_account("scaler", namespace),
        manifests.role("scaler", namespace, [scale]),
        manifests.role_binding("scaler", namespace),
        manifests.deployment("web", namespace, replicas=0),
        manifests.deployment("other", namespace, replicas=0),
    ):
        api.apply(manifest)
    scaler = cluster.as_service_account(namespace, "scaler")
    one = {"spec": {"replicas": 1}}
    assert scaler.patch("apps/v1", "Deployment", "web", namespace, one, subresource="scale")["spec"] == {"replicas": 1}
    api.until("apps/v1", "Deployment", "web", namespace, holds=available)
    for refused in (
        lambda: scaler.patch("apps/v1", "Deployment", "other", namespace, one, subresource="scale"),
        lambda: scaler.patch("apps/v1", "Deployment", "web", namespace, one),
        lambda: scaler.objects("v1", "Pod", namespace),
        lambda: scaler.get("apps/v1", "Deployment", "web", namespace),
    ):
        with pytest.raises(Refusal) as refusal:
            refused()
        assert refusal.value.status == 403


def test_a_minted_token_names_its_issuer_account_and_audience(cluster: ControlPlane, namespace: str) -> None:
    token = cluster.token(namespace, "default", audiences=["api://AzureADTokenExchange"], seconds=900)
    _, claims, _ = token.split(".")
    told = json.loads(base64.urlsafe_b64decode(claims + "=" * (-len(claims) % 4)))
    assert told["iss"] == cluster.options.issuers[0]
    assert told["aud"] == ["api://AzureADTokenExchange"]
    assert told["sub"] == f"system:serviceaccount:{namespace}:default"


def test_a_process_that_believes_it_is_in_a_pod_finds_its_token_its_namespace_and_the_server(
    cluster: ControlPlane, namespace: str, tmp_path: Path
) -> None:
    environment = cluster.in_cluster(namespace, "default", tmp_path)
    address = f"https://{environment['KUBERNETES_SERVICE_HOST']}:{environment['KUBERNETES_SERVICE_PORT']}"
    inside = Api(address, (tmp_path / "token").read_text(), tmp_path / "ca.crt")
    review = {"apiVersion": "authentication.k8s.io/v1", "kind": "SelfSubjectReview", "metadata": {}}
    told = inside.request("POST", "/apis/authentication.k8s.io/v1/selfsubjectreviews", review).body
    assert told["status"]["userInfo"]["username"] == f"system:serviceaccount:{namespace}:default"
    assert (tmp_path / "namespace").read_text() == namespace


def test_nobody_without_a_token_is_let_in(cluster: ControlPlane) -> None:
    with pytest.raises(Refusal) as refused:
        cluster.admin.as_bearer("made-up").request("GET", "/api/v1/namespaces")
    assert refused.value.status == 401
