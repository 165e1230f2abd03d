"""LogContainer: the forwarder's one container and what it mounts. Pure.

It runs as root, without one capability: the log files on the node are root's and open to nobody else, and so is the
folder of its buffer, which the kubelet makes. Of the node it sees these folders and no more.
"""

from __future__ import annotations

from pulumi_kubernetes.core.v1 import (
    CapabilitiesArgs,
    ConfigMapKeySelectorArgs,
    ConfigMapVolumeSourceArgs,
    ContainerArgs,
    ContainerPortArgs,
    EnvVarArgs,
    EnvVarSourceArgs,
    HostPathVolumeSourceArgs,
    HTTPGetActionArgs,
    KeyToPathArgs,
    ObjectFieldSelectorArgs,
    PodSecurityContextArgs,
    ProbeArgs,
    SeccompProfileArgs,
    SecretKeySelectorArgs,
    SecurityContextArgs,
    VolumeArgs,
    VolumeMountArgs,
)

from infra.cluster.resources import Resources
from infra.cluster.tokens import for_kubernetes
from infra.releases.fluent_bit import BUFFER, CONTAINER_LOGS, FOLDER, POD_LOGS, PORT, Key, files

RESOURCES = Resources(cpu_millis=50, memory_mi=64, cpu_millis_limit=500, memory_mi_limit=256)
"""Beside itself it holds at most 32 parts of 2 MB in memory; the rest of its buffer is on the disk."""

SETTINGS, BUFFERED, POD_LOG_FILES, CONTAINER_LOG_FILES = "settings", "buffer", "pod-logs", "container-logs"
_FILE_NAMES = tuple(files("", 1))


def pod_security_context() -> PodSecurityContextArgs:
    """Root, under the runtime's own filter of system calls."""
    return PodSecurityContextArgs(
        run_as_user=0, run_as_group=0, seccomp_profile=SeccompProfileArgs(type="RuntimeDefault")
    )


def container(image: str, config_map: str, secret: str) -> ContainerArgs:
    """The container; the last two are names of objects in its namespace."""
    return ContainerArgs(
        name=config_map,
        image=image,
        command=["/fluent-bit/bin/fluent-bit"],
        args=["--config", f"{FOLDER}/fluent-bit.conf"],
        env=_environment(config_map, secret),
        ports=[ContainerPortArgs(name="http", container_port=PORT)],
        resources=RESOURCES.args,
        security_context=SecurityContextArgs(
            allow_privilege_escalation=False,
            read_only_root_filesystem=True,
            capabilities=CapabilitiesArgs(drop=["ALL"]),
        ),
        # Alive while its engine answers. Its health is whether lines were dropped: that a start anew would not mend.
        liveness_probe=_asking("/api/v1/uptime", period=30, failures=4),
        readiness_probe=_asking("/api/v1/health", period=10, failures=3),
        volume_mounts=[
            VolumeMountArgs(name=SETTINGS, mount_path=FOLDER, read_only=True),
            VolumeMountArgs(name=BUFFERED, mount_path=BUFFER),
            VolumeMountArgs(name=POD_LOG_FILES, mount_path=POD_LOGS, read_only=True),
            VolumeMountArgs(name=CONTAINER_LOG_FILES, mount_path=CONTAINER_LOGS, read_only=True),
            for_kubernetes().at,
        ],
    )


def volumes(config_map: str, buffer_folder: str) -> list[VolumeArgs]:
    """What the mounts are of. The buffer is a folder of the node, so that it outlives the pod and a restart of both."""
    items = [KeyToPathArgs(key=name, path=name) for name in _FILE_NAMES]
    return [
        VolumeArgs(name=SETTINGS, config_map=ConfigMapVolumeSourceArgs(name=config_map, items=items)),
        VolumeArgs(name=BUFFERED, host_path=_folder(buffer_folder, "DirectoryOrCreate")),
        VolumeArgs(name=POD_LOG_FILES, host_path=_folder(POD_LOGS, "Directory")),
        VolumeArgs(name=CONTAINER_LOG_FILES, host_path=_folder(CONTAINER_LOGS, "Directory")),
        for_kubernetes().volume,
    ]


def _folder(path: str, kind: str) -> HostPathVolumeSourceArgs:
    return HostPathVolumeSourceArgs(path=path, type=kind)


def _environment(config_map: str, secret: str) -> list[EnvVarArgs]:
    return [
        *(
            EnvVarArgs(
                name=key,
                value_from=EnvVarSourceArgs(secret_key_ref=SecretKeySelectorArgs(name=secret, key=key)),
            )
            for key in (Key.TENANT_ID, Key.CLIENT_ID, Key.CLIENT_SECRET)
        ),
        *(
            EnvVarArgs(
                name=key,
                value_from=EnvVarSourceArgs(config_map_key_ref=ConfigMapKeySelectorArgs(name=config_map, key=key)),
            )
            for key in (Key.ENDPOINT, Key.RULE)
        ),
        *(
            EnvVarArgs(
                name=key,
                value_from=EnvVarSourceArgs(field_ref=ObjectFieldSelectorArgs(field_path=f"metadata.{field}")),
            )
            for key, field in ((Key.POD_NAME, "name"), (Key.NAMESPACE, "namespace"))
        ),
    ]


def _asking(path: str, *, period: int, failures: int) -> ProbeArgs:
    return ProbeArgs(
        http_get=HTTPGetActionArgs(path=path, port="http"),
        initial_delay_seconds=5,
        period_seconds=period,
        timeout_seconds=3,
        failure_threshold=failures,
    )
