"""Programs: the files and flags with which each program of a control plane is started. Starts nothing itself."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from tests.cluster.control_plane import ControlPlane

SERVICE_RANGE = "10.43.0.0/16"
"""Addresses of Services, those of k3s."""
AUDIENCE = "https://kubernetes.default.svc"
"""Audience of a token for the API server itself."""


def kubeconfig(plane: ControlPlane) -> dict[str, Any]:
    """The admin's kubeconfig; JSON is YAML, too."""
    server = {"server": plane.address, "certificate-authority": str(plane.ca_file)}
    return {
        "apiVersion": "v1",
        "kind": "Config",
        "clusters": [{"name": "test", "cluster": server}],
        "users": [{"name": "admin", "user": {"token": plane.admin.token}}],
        "contexts": [{"name": plane.context, "context": {"cluster": "test", "user": "admin"}}],
        "current-context": plane.context,
    }


def etcd(plane: ControlPlane, client: int, peer: int) -> list[str]:
    """One member, on two ports, whose data need not survive a power cut."""
    clients, peers = f"http://127.0.0.1:{client}", f"http://127.0.0.1:{peer}"
    return [
        f"--data-dir={plane.folder / 'etcd'}",
        f"--listen-client-urls={clients}",
        f"--advertise-client-urls={clients}",
        f"--listen-peer-urls={peers}",
        f"--initial-advertise-peer-urls={peers}",
        f"--initial-cluster=default={peers}",
        "--unsafe-no-fsync",
    ]


def api_server(plane: ControlPlane, etcd: int) -> list[str]:
    """It signs its own certificate, and serves no endpoint of its own in the cluster."""
    options = plane.options
    keys = [plane.public_key, *options.public_keys]
    return [
        f"--etcd-servers=http://127.0.0.1:{etcd}",
        "--bind-address=127.0.0.1",
        "--advertise-address=127.0.0.1",
        "--endpoint-reconciler-type=none",
        f"--secure-port={plane.port}",
        f"--cert-dir={plane.ca_file.parent}",
        f"--token-auth-file={plane.folder / 'tokens.csv'}",
        "--authorization-mode=Node,RBAC",
        f"--service-cluster-ip-range={SERVICE_RANGE}",
        f"--service-account-signing-key-file={plane.signing_key}",
        *(f"--service-account-key-file={key}" for key in keys),
        *(f"--service-account-issuer={issuer}" for issuer in options.issuers),
        *([f"--service-account-jwks-uri={options.jwks_uri}"] if options.jwks_uri else []),
        f"--api-audiences={','.join(dict.fromkeys([*options.issuers, AUDIENCE]))}",
        *options.api_server,
    ]


def controller_manager(plane: ControlPlane) -> list[str]:
    """Every controller but those of a cloud. A node that a busy machine keeps from its heartbeat is not given up."""
    return [
        "--node-monitor-grace-period=600s",
        f"--kubeconfig={plane.kubeconfig}",
        f"--service-account-private-key-file={plane.signing_key}",
        f"--root-ca-file={plane.ca_file}",
        "--controllers=*,-nodeipam,-cloud-node-lifecycle",
        "--leader-elect=false",
        "--secure-port=0",
        "--kube-api-qps=200",
        "--kube-api-burst=400",
    ]


def scheduler(plane: ControlPlane) -> list[str]:
    """The default one."""
    return [f"--kubeconfig={plane.kubeconfig}", "--leader-elect=false", "--secure-port=0"]


def kwok(plane: ControlPlane) -> list[str]:
    """It plays every node, by the stages of tests/cluster/stages.py."""
    return [
        f"--kubeconfig={plane.kubeconfig}",
        f"--config={plane.folder / 'stages.yaml'}",
        "--manage-all-nodes=true",
        "--node-lease-duration-seconds=40",
        "--node-ip=127.0.0.1",
        "--server-address=",
    ]


def node(name: str, size: Mapping[str, str]) -> dict[str, Any]:
    """A node as it registers itself."""
    labels = {"kubernetes.io/hostname": name, "kubernetes.io/os": "linux", "kubernetes.io/arch": "amd64"}
    return {
        "apiVersion": "v1",
        "kind": "Node",
        "metadata": {"name": name, "labels": labels, "annotations": {"kwok.x-k8s.io/node": "fake"}},
        "status": {"capacity": dict(size), "allocatable": dict(size)},
    }
