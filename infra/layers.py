"""Layers: the five components that own every resource of a stack, in the order of deployment."""

from __future__ import annotations

import pulumi

from infra.component import Component
from stacks.settings import Layer


class LayerComponent(Component):
    """Parent of all resources of one layer; a run excludes a layer by its type, `**spy:layer:Cluster**`."""

    def __init__(self, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__(self.TOKEN.rpartition(":")[2].lower(), opts)
        self.register()


class CloudLayer(LayerComponent):
    """Azure without the gateway."""

    TOKEN = "spy:layer:Cloud"  # noqa: S105  (a type token)


class ImagesLayer(LayerComponent):
    """The images that the stack runs, built or pinned."""

    TOKEN = "spy:layer:Images"  # noqa: S105  (a type token)


class VpnLayer(LayerComponent):
    """The VPN gateway and what needs it: 45 minutes that nothing else waits for."""

    TOKEN = "spy:layer:Vpn"  # noqa: S105  (a type token)


class ClusterLayer(LayerComponent):
    """Everything in Kubernetes but the Helm releases."""

    TOKEN = "spy:layer:Cluster"  # noqa: S105  (a type token)


class ReleasesLayer(LayerComponent):
    """Helm releases."""

    TOKEN = "spy:layer:Releases"  # noqa: S105  (a type token)


LAYERS: dict[Layer, type[LayerComponent]] = {
    Layer.CLOUD: CloudLayer,
    Layer.IMAGES: ImagesLayer,
    Layer.VPN: VpnLayer,
    Layer.CLUSTER: ClusterLayer,
    Layer.RELEASES: ReleasesLayer,
}
