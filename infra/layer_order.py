"""LayerOrder: the runs in which a stack is deployed layer by layer: what each leaves out, and what it may reach. Pure.

A run for a layer leaves out every later one by the type of its component, always with dependents (decision D15): an
included resource whose dependency is left out and not there yet would corrupt the state. Images, and what runs them,
are always included, except by a stack's first run, which makes the registry that they will lie in.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from infra.layers import LAYERS
from stacks.settings import Layer, StackSettings

ORDER = tuple(Layer)


@dataclass(frozen=True)
class Run:
    """One `pulumi up`. `first`: nothing of the stack is there yet."""

    layer: Layer
    first: bool = False

    @property
    def excluded(self) -> tuple[Layer, ...]:
        """Layers that it leaves out."""
        later = ORDER[ORDER.index(self.layer) + 1 :]
        return tuple(layer for layer in later if self.first or layer is not Layer.IMAGES)

    @property
    def patterns(self) -> list[str]:
        """Values of `--exclude`; `--exclude-dependents` goes with them, always."""
        return [f"**{LAYERS[layer].TOKEN}**" for layer in self.excluded]

    @property
    def overrides(self) -> dict[str, dict[str, Any]]:
        """What is laid over the stack file, in a copy of it: a run before the cluster's must not read the cluster."""
        reached = Layer.CLUSTER not in self.excluded
        return {"deploy": {"cluster": reached, "images": Layer.IMAGES not in self.excluded}}


def deployment(settings: StackSettings, present: Collection[Layer]) -> list[Run]:
    """The runs that make a stack whole, in their order. `present`: layers of which the state holds anything.

    May be begun again at any time: what is there stays. A run is the first only while no image is there; repeated
    later, it would take the web app away, which it does not declare.

    Between the first two the registry's password is made and set (`registryPassword`), by bootstrap's own step; the
    issuer's documents are published before the cluster's.
    """
    layers = [layer for layer in ORDER if settings.includes(layer)]
    return [Run(layer, first=layer is Layer.CLOUD and Layer.IMAGES not in present) for layer in layers]
