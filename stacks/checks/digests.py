"""Digest checks: before up, every image that a stack runs is known by digest. A plan may show what is unresolved."""

from __future__ import annotations

from collections.abc import Iterator

from stacks.keys import how_to_set
from stacks.needs import value_of
from stacks.settings import Layer, StackSettings
from stacks.settings.platform import UNRESOLVED, GatewayMode, ImageSource


def images_run(settings: StackSettings) -> Iterator[str]:
    """Keys of the images that this stack's layers run."""
    if settings.includes(Layer.CLOUD) or settings.includes(Layer.CLUSTER):
        yield "images.backend"
    if settings.includes(Layer.CLUSTER):
        yield "images.detector"
        yield "images.tradingBot"
        if settings.cluster.gateway is GatewayMode.SIMULATOR:
            yield "images.simulator"


def unresolved(settings: StackSettings) -> Iterator[str]:
    """Pinned images without a digest. Not asked of a stack's first run, when its registry is yet to be made."""
    if settings.images.source is ImageSource.PINNED and settings.deploy.images:
        for key in images_run(settings):
            if value_of(settings, key) == UNRESOLVED:
                yield f"{key} is {UNRESOLVED} and nothing runs without a digest: '{how_to_set(key)}'"
