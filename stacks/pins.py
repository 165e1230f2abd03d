"""Pins: images and charts of others, by the versions file that pins everything external. Reads that one file."""

from __future__ import annotations

import tomllib
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from stacks.refusal import SettingsRefused
from stacks.settings import Layer, StackSettings
from stacks.settings.platform import UNRESOLVED, GatewayMode, ImageSource

VERSIONS = Path(__file__).parents[1] / "tools" / "versions.toml"
RESTORE = "take it from the repository"
"""The cure of a versions file that is damaged."""


@dataclass(frozen=True)
class PinnedImage:
    """A table `image.NAME`: repository and tag as their maker names them, and the digest that `make pins` found."""

    name: str
    repository: str
    tag: str
    digest: str

    def reference(self, host: str = "") -> str:
        """The image by digest, on a host or, without one, in the default registry of the container runtime."""
        return f"{host}/{self.repository}@{self.digest}" if host else f"{self.repository}@{self.digest}"


@cache
def _versions() -> dict[str, dict[str, dict[str, Any]]]:
    try:
        return tomllib.loads(VERSIONS.read_text("utf-8"))
    except (OSError, ValueError, RecursionError) as error:  # ValueError: no UTF-8, no TOML
        told = f"tools/versions.toml cannot be read ({' '.join(str(error).split())}): {RESTORE}"
        raise SettingsRefused([told]) from error


def _value(kind: str, name: str, key: str) -> str:
    """A text of a table. Raises SettingsRefused where it is none."""
    try:
        value = _versions()[kind][name][key]
    except (LookupError, TypeError):
        value = None
    if not isinstance(value, str):
        raise SettingsRefused([f"{kind}.{name} of tools/versions.toml has no {key} that is a text: {RESTORE}"])
    return value


def gateway_image(settings: StackSettings) -> PinnedImage:
    """Interactive Brokers' gateway."""
    return _image(GATEWAY, settings.upstream.gateway_digest)


def forwarder_image(settings: StackSettings) -> PinnedImage:
    """The log forwarder."""
    return _image(LOG_FORWARDER, settings.upstream.forwarder_digest)


def base_image(settings: StackSettings | None = None) -> PinnedImage:
    """What our own images are made on; without a stack as the versions file has it."""
    return _image(BASE, settings.upstream.base_digest if settings else "")


def _image(name: str, own_digest: str) -> PinnedImage:
    repository, tag = (_value("image", name, key) for key in ("repository", "tag"))
    return PinnedImage(name, repository, tag, own_digest or _value("image", name, "digest"))


def chart_version(name: str) -> str:
    """The version of a chart. Raises SettingsRefused when the file has none."""
    return _value("chart", name, "version")


BASE = "python"
GATEWAY = "ib-gateway"
LOG_FORWARDER = "fluent-bit"
MONITORING = "kube-prometheus-stack"


def _used(settings: StackSettings) -> Iterator[tuple[PinnedImage, Layer]]:
    """Images of others that a run of the stack needs, and the layer that needs them."""
    if settings.includes(Layer.IMAGES) and settings.deploy.images and settings.images.source is ImageSource.BUILD:
        yield base_image(settings), Layer.IMAGES
    if not settings.deploy.cluster:
        return
    if settings.includes(Layer.CLUSTER) and settings.cluster.gateway is not GatewayMode.SIMULATOR:
        yield gateway_image(settings), Layer.CLUSTER
    if settings.forwards_logs:
        yield forwarder_image(settings), Layer.RELEASES


def unresolved(settings: StackSettings) -> list[str]:
    """One sentence for each image of others that has no digest yet; a plan shows them, up refuses them."""
    return [
        f"image.{image.name} of tools/versions.toml is {UNRESOLVED} and the layer {layer} needs it: 'make pins' online "
        "asks for its digest"
        for image, layer in _used(settings)
        if image.digest == UNRESOLVED
    ]
