"""Awaiting: what pulumi-kubernetes waits for after it has made or changed an object. Changes nothing.

Source: pulumi-kubernetes 4.34, provider/pkg/await (awaiters.go, deployment.go, statefulset.go, service.go).
"""

from __future__ import annotations

from collections.abc import Callable

from tests.cluster.api import Api, Manifest, Refusal, condition

SKIP = "pulumi.com/skipAwait"
TIMEOUT = "pulumi.com/timeoutSeconds"


class NotLive(Exception):
    """The object is there, but did not become what it should be in its time."""


def settled(api: Api, live: Manifest, *, created: bool, seconds: float) -> Manifest:
    """The object once it is what its kind promises. Raises NotLive; `seconds` unless it says a time of its own."""
    annotations = live["metadata"].get("annotations") or {}
    kind, name, namespace = live["kind"], live["metadata"]["name"], live["metadata"].get("namespace", "")
    holds = AWAITED.get((live["apiVersion"], kind))
    patience = float(annotations.get(TIMEOUT) or seconds)
    if annotations.get(SKIP) == "true" or not (holds or kind in {"Service", "PersistentVolumeClaim"}):
        return live
    try:
        if kind == "Service":
            _await_endpoints(api, live, patience)
        elif kind == "PersistentVolumeClaim":
            _await_claim(api, live, created=created, seconds=patience)
        elif holds:
            api.until(live["apiVersion"], kind, name, namespace, holds=holds, seconds=patience)
    except TimeoutError as error:
        raise NotLive(f"timed out waiting for {kind} {name}: {error}") from error
    return api.get(live["apiVersion"], kind, name, namespace)


def _rolled_out(deployment: Manifest) -> bool:
    status, wanted = deployment.get("status", {}), deployment["spec"].get("replicas", 1)
    counts = [status.get(key, 0) for key in ("replicas", "updatedReplicas", "availableReplicas")]
    return bool(
        status.get("observedGeneration", 0) >= deployment["metadata"]["generation"]
        and counts == [wanted] * 3
        and condition(deployment, "Available") == "True"
    )


def _all_updated(stateful: Manifest) -> bool:
    status, wanted = stateful.get("status", {}), stateful["spec"].get("replicas", 1)
    return bool(
        status.get("observedGeneration", 0) >= stateful["metadata"]["generation"]
        and status.get("readyReplicas", 0) == wanted
        and status.get("updateRevision") == status.get("currentRevision")
    )


def _everywhere(daemon: Manifest) -> bool:
    status = daemon.get("status", {})
    wanted = status.get("desiredNumberScheduled", -1)
    return bool(
        status.get("observedGeneration", 0) >= daemon["metadata"]["generation"]
        and status.get("updatedNumberScheduled", 0) == status.get("numberReady", 0) == wanted
    )


AWAITED: dict[tuple[str, str], Callable[[Manifest], bool]] = {
    ("apps/v1", "Deployment"): _rolled_out,
    ("apps/v1", "StatefulSet"): _all_updated,
    ("apps/v1", "DaemonSet"): _everywhere,
    ("batch/v1", "Job"): lambda job: condition(job, "Complete") == "True",
    ("v1", "Pod"): lambda pod: condition(pod, "Ready") == "True",
    ("v1", "PersistentVolume"): lambda volume: volume.get("status", {}).get("phase") in {"Available", "Bound"},
}


def _await_endpoints(api: Api, service: Manifest, seconds: float) -> None:
    """A Service with an address of its own waits until it leads to some pod, ready or not."""
    spec, metadata = service["spec"], service["metadata"]
    if spec.get("clusterIP") == "None" or spec.get("type") == "ExternalName":
        return
    api.until(
        "v1",
        "Endpoints",
        metadata["name"],
        metadata["namespace"],
        holds=lambda endpoints: bool(endpoints.get("subsets")),
        seconds=seconds,
    )


def _await_claim(api: Api, claim: Manifest, *, created: bool, seconds: float) -> None:
    """Bound; but a new claim of a class that waits for its first consumer must be seen Pending.

    A claim that names its volume is bound at once whatever its class says, so that the real provider sees it Pending
    only by luck: here it never does.
    """
    metadata, spec = claim["metadata"], claim["spec"]
    if created and _binding_mode(api, spec.get("storageClassName", "")) == "WaitForFirstConsumer":
        if spec.get("volumeName"):
            raise NotLive(
                f"claim {metadata['name']} names its volume, so it is bound before it can be seen Pending, which is "
                f"what is waited for with WaitForFirstConsumer: annotate it {SKIP}"
            )
        return
    api.until(
        "v1",
        "PersistentVolumeClaim",
        metadata["name"],
        metadata["namespace"],
        holds=lambda live: live.get("status", {}).get("phase") == "Bound",
        seconds=seconds,
    )


def _binding_mode(api: Api, storage_class: str) -> str:
    try:
        return str(api.get("storage.k8s.io/v1", "StorageClass", storage_class).get("volumeBindingMode", ""))
    except Refusal:
        return ""
