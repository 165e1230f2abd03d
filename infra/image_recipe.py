"""How each image is built: Dockerfile, wheels, arguments. The one list for program, `make images` and tests.

Pure; imports no Pulumi. The context is the repository; each Dockerfile's own ignore file lets in what its image holds.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from stacks import pins

PYTHON: Final = "3.11"
"""Of the base, and so of the wheels and of the bytecode."""

PLATFORM: Final = "linux/amd64"
NETWORK: Final = "none"
"""Of a build: everything it needs is in its context."""


@dataclass(frozen=True)
class ImageRecipe:
    """One image. `service` is its folder under apps/; paths are the repository's."""

    repository: str
    service: str

    @property
    def dockerfile(self) -> str:
        """The Dockerfile; beside it, with .dockerignore behind its name, what it may take from the context."""
        return f"apps/{self.service}/Dockerfile"

    @property
    def lock(self) -> str:
        """What is installed in it."""
        return f"requirements/image-{self.service}.lock"

    @property
    def wheels(self) -> str:
        """Where `make wheels` puts what the lock names."""
        return f"build/wheels/{self.service}"

    def arguments(self, *, commit: str, base: str) -> dict[str, str]:
        """The build arguments. `commit`: 40 digits, a label; `base`: a reference by digest."""
        return {"BASE": base, "COMMIT": commit}


RECIPES: Final = {
    "backend": ImageRecipe("spy-backend", "backend"),
    "detector": ImageRecipe("spy-detector", "detector"),
    "trading_bot": ImageRecipe("spy-trading-bot", "bot"),
    "simulator": ImageRecipe("spy-simulator", "simulator"),
}
"""By the image's key in the settings."""


def base_reference() -> str:
    """`image.python` of tools/versions.toml by digest, which reads `unresolved` until `make pins` has asked for it."""
    return pins.base_image().reference()
