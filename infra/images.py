"""Images: what the stack runs, by digest only. Builds and pushes, or takes the digests of the settings; never a tag."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass

import pulumi
import pulumi_docker_build as docker_build

from infra.component import Component
from infra.image_recipe import NETWORK, PLATFORM, RECIPES
from stacks.naming import Names
from stacks.pins import base_image
from stacks.settings import StackSettings
from stacks.settings.platform import UNRESOLVED, ImageSource

REPOSITORIES = {key: recipe.repository for key, recipe in RECIPES.items()}
"""Repository of each image in the registry, by its key in the settings."""

CONTEXT = ".."
"""Build context: the repository, seen from the program's folder; infra/image_recipe.py says all else of a build."""

_DIGEST = re.compile(rf"sha256:[0-9a-f]{{64}}|{UNRESOLVED}")
_REFERENCE = re.compile(r"(?P<host>[^/@]+)/(?P<repository>[a-z0-9/-]+)@(?P<digest>.+)")


class NoDigest(ValueError):
    """An image was named by something that can be moved to another image."""


@dataclass(frozen=True)
class ImageRef:
    """An image by digest, `HOST/REPOSITORY@sha256:…`: the same bytes for ever. Raises NoDigest for anything else."""

    host: str
    repository: str
    digest: str

    def __post_init__(self) -> None:
        if not _DIGEST.fullmatch(self.digest):
            raise NoDigest(
                f"{self.host}/{self.repository}: {self.digest!r} is no digest; give sha256: and 64 hexadecimal digits"
            )

    def __str__(self) -> str:
        return f"{self.host}/{self.repository}@{self.digest}"

    @classmethod
    def parse(cls, text: str) -> ImageRef:
        """Read `HOST/REPOSITORY@DIGEST`. Raises NoDigest for a tag or a bare name."""
        found = _REFERENCE.fullmatch(text)
        if found is None:
            raise NoDigest(f"{text} names no digest; give HOST/REPOSITORY@sha256:…")
        return cls(found["host"], found["repository"], found["digest"])


class Images(Component):
    """References of the four images.

    The registry's host comes from the names, known before the cloud is, so that a preview knows every reference.
    Built images are pushed under the stack's name as tag, because a push needs one; nothing reads that tag. The
    builder signs in to the registry as whoever deploys (its client's own login): no password passes through here.
    """

    TOKEN = "spy:images:Images"  # noqa: S105  (a type token)

    backend: pulumi.Output[str]
    detector: pulumi.Output[str]
    trading_bot: pulumi.Output[str]
    simulator: pulumi.Output[str]

    def __init__(
        self,
        name: str,
        settings: StackSettings,
        *,
        pushed_after: Sequence[pulumi.Resource] = (),
        opts: pulumi.ResourceOptions | None = None,
    ) -> None:
        super().__init__(name, opts)
        self._settings = settings
        self._host = Names(settings).registry_host
        self._pushed_after = list(pushed_after)
        self.backend = self._reference("backend")
        self.detector = self._reference("detector")
        self.trading_bot = self._reference("trading_bot")
        self.simulator = self._reference("simulator")
        self.register()

    def _reference(self, key: str) -> pulumi.Output[str]:
        images, repository = self._settings.images, REPOSITORIES[key]
        if images.source is ImageSource.PINNED:
            return pulumi.Output.from_input(str(ImageRef(self._host, repository, getattr(images, key))))
        # Not concat, which ends the program on the None that a run without this layer leaves in the digest's place.
        return pulumi.Output.format("{}/{}@{}", self._host, repository, self._built(key, repository).digest)

    def _built(self, key: str, repository: str) -> docker_build.Image:
        recipe = RECIPES[key]
        return docker_build.Image(
            repository,
            docker_build.ImageArgs(
                build_args=recipe.arguments(
                    commit=self._settings.images.commit, base=base_image(self._settings).reference()
                ),
                context=docker_build.BuildContextArgs(location=CONTEXT),
                dockerfile=docker_build.DockerfileArgs(location=f"{CONTEXT}/{recipe.dockerfile}"),
                network=docker_build.NetworkMode(NETWORK),
                platforms=[docker_build.Platform(PLATFORM)],
                tags=[f"{self._host}/{repository}:{self._settings.stack}"],
                push=True,
                build_on_preview=False,
            ),
            pulumi.ResourceOptions(parent=self, depends_on=self._pushed_after),
        )
