"""Settings of the platform: images, store and hub, replicas, market-data lines, the cluster, what a run reaches."""

from __future__ import annotations

from enum import StrEnum
from ipaddress import IPv4Network
from typing import Annotated

from pydantic import Field

from stacks.settings.base import Section, must
from stacks.settings.workloads import Size

UNRESOLVED = "unresolved"
"""A digest that nobody has resolved yet: allowed in a plan, refused by prod."""


class ImageSource(StrEnum):
    """Where images come from: built and pushed by the program, or taken by digest."""

    BUILD = "build"
    PINNED = "pinned"


class Store(StrEnum):
    """Where the backend keeps what it was sent."""

    TABLES = "tables"
    SQLITE = "sqlite"


class Hub(StrEnum):
    """Who carries the live channel."""

    AZURE = "azure"
    EMBEDDED = "embedded"


class ClusterIdentity(StrEnum):
    """How the cluster's services sign in to Azure: projected tokens, or connection strings."""

    FEDERATED = "federated"
    KEYS = "keys"


class GatewayMode(StrEnum):
    """Live and paper gateways, one paper gateway for both, or the simulator."""

    LIVE_AND_PAPER = "live-and-paper"
    PAPER = "paper"
    SIMULATOR = "simulator"


DIGEST = rf"^(sha256:[0-9a-f]{{64}}|{UNRESOLVED})$"
Digest = Annotated[
    str,
    Field(
        pattern=DIGEST,
        json_schema_extra=must(
            f"must be a digest (sha256: and 64 hexadecimal digits, or {UNRESOLVED}): a tag can be moved"
        ),
    ),
]


class ImageSettings(Section):
    """One version of every image. A digest, never a tag."""

    source: ImageSource = Field(ImageSource.PINNED, description="build (local, dev) or pinned (digests below)")
    backend: Digest = Field(UNRESOLVED, description="Digest of spy-backend")
    detector: Digest = Field(UNRESOLVED, description="Digest of spy-detector")
    trading_bot: Digest = Field(UNRESOLVED, description="Digest of spy-trading-bot")
    simulator: Digest = Field(UNRESOLVED, description="Digest of spy-simulator")
    commit: str = Field(
        "",
        pattern=r"^([0-9a-f]{40})?$",
        description="With source build: the commit they are built from, a label of each",
        json_schema_extra=must("must be a commit of 40 hexadecimal digits, or empty"),
    )


class ServiceSettings(Section):
    """How the services are run."""

    store: Store = Field(Store.TABLES, description="tables or sqlite (one backend replica)")
    hub: Hub = Field(Hub.AZURE, description="azure or embedded (one backend replica)")
    detector_replicas: int = Field(3, ge=1, le=9, description="One active and the rest standing by")
    backend_replicas: int = Field(2, ge=1, le=9, description="Backends in the cluster; one with sqlite or embedded")
    bot_replicas: int = Field(0, ge=0, le=1, description="0: the bot's first lock")
    size: Size = Field(Size.FULL, description="CPU and memory of the services: full or half")
    symbols: tuple[str, ...] = Field(("SPY",), min_length=1, description="Underlyings watched")
    data_lines: int = Field(100, ge=1, le=10_000, description="Market-data lines of the login")
    reserved_lines: int = Field(20, ge=0, le=10_000, description="Lines left to other programs of the login")
    lines_per_symbol: int = Field(80, ge=10, le=10_000, description="Lines one symbol may take")


class ClusterSettings(Section):
    """The Kubernetes cluster. uid and context are personal and stay empty in committed files."""

    context: str = Field("", description="kubeconfig context; needed before up of the cluster layer")
    uid: str = Field("", description="UID of the namespace kube-system; needed before up of the cluster layer")
    nodes: int = Field(1, ge=1, le=100, description="Nodes the workloads may use")
    shared_volumes: bool = Field(default=False, description="Volumes that every node can mount; needed with nodes > 1")
    identity: ClusterIdentity = Field(ClusterIdentity.FEDERATED, description="federated (projected tokens) or keys")
    issuer: str = Field("", description="https URL of the published service-account issuer; needed with federated")
    pod_range: IPv4Network = Field(IPv4Network("10.42.0.0/16"), description="Pod addresses of the cluster")
    service_range: IPv4Network = Field(IPv4Network("10.43.0.0/16"), description="Service addresses of the cluster")
    volume_root: str = Field(
        "/mnt/k8s-storage",
        pattern=r"^(/[A-Za-z0-9_-][A-Za-z0-9._-]*)+$",
        description="Host folder of the local volumes",
    )
    volume_node: str = Field(
        "", description="Node of the local volumes, its label kubernetes.io/hostname; empty: any node the pods may use"
    )
    api_range: IPv4Network = Field(
        IPv4Network("0.0.0.0/0"),
        description="Addresses of the API server, which pods that use it may reach; 0.0.0.0/0: any",
    )
    api_port: int = Field(6443, ge=1, le=65535, description="Port of the API server behind its Service")
    gateway: GatewayMode = Field(GatewayMode.LIVE_AND_PAPER, description="live-and-paper, paper or simulator")


class DeploySettings(Section):
    """What this run may reach."""

    cluster: bool = Field(default=True, description="Read the cluster's uid; false while a layer before it is deployed")
    images: bool = Field(default=True, description="Run images; false in a stack's first run, before its registry is")
