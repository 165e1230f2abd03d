"""Promoted images: what a stack ran, by its outputs, and what another needs to run the same. Moves no image itself."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from infra.outputs import Outputs
from infra.pulumi_program import PulumiFailed, ask
from stacks.naming import Names
from stacks.settings import StackSettings
from stacks.settings.cloud import RegistryMode
from stacks.settings.platform import UNRESOLVED

KEYS = {
    "backend": "backend_image",
    "detector": "detector_image",
    "tradingBot": "trading_bot_image",
    "simulator": "simulator_image",
}
"""Keys of the section images, and the output that tells what ran."""


_REFERENCE = re.compile(
    rf"[A-Za-z0-9.:-]+/(?P<repository>[a-z0-9._/-]+)@(?P<digest>sha256:[0-9a-f]{{64}}|{UNRESOLVED})"
)
"""HOST/REPOSITORY@DIGEST: what is put into a file, and into a command that is printed."""


class PromotionRefused(Exception):
    """Nothing can be promoted; the message is one sentence with the cure."""


@dataclass(frozen=True)
class Ran:
    """An image that a stack ran: HOST/REPOSITORY@DIGEST in parts."""

    key: str
    repository: str
    digest: str


def ran(stack: str, root: Path, for_: str) -> list[Ran]:
    """What a stack ran at its last up, for another one to run. Raises PromotionRefused."""
    if stack == for_:
        raise PromotionRefused(f"{stack} runs what it ran: name two stacks")
    try:
        told = json.loads(ask(root, "stack", "output", "--json", "--stack", stack) or "{}")
    except (PulumiFailed, ValueError, RecursionError) as failed:
        raise PromotionRefused(
            f"the outputs of {stack} cannot be read ({failed}): 'spy doctor --stack {stack}'"
        ) from None
    if not isinstance(told, dict):
        raise PromotionRefused(f"the outputs of {stack} are no object: 'spy doctor --stack {stack}'")
    references = _references(told)
    if not references:
        raise PromotionRefused(f"{stack} tells no images in its outputs: 'pulumi up -s {stack}' has to run them first")
    found = [_ran(stack, key, text) for key, text in references.items()]
    if lacking := [one.key for one in found if one.digest == UNRESOLVED]:
        raise PromotionRefused(
            f"{stack} tells {', '.join(lacking)} as {UNRESOLVED}, which nothing ran by: build or pin it there first"
        )
    return found


def _references(told: Mapping[str, object]) -> dict[str, str]:
    """Image references of a stack's outputs, by key."""
    aliases = {key: str(Outputs.model_fields[name].alias) for key, name in KEYS.items()}
    return {key: str(told[alias]) for key, alias in aliases.items() if told.get(alias)}


def _ran(stack: str, key: str, text: str) -> Ran:
    found = _REFERENCE.fullmatch(text)
    if found is None:
        raise PromotionRefused(f"{stack} tells {key} as {text!r}, which is no digest: a tag is not promoted")
    return Ran(key, found["repository"], found["digest"])


def copies(images: list[Ran], source: StackSettings, target: StackSettings) -> list[str]:
    """Commands that copy the images to the target's registry; none where both stacks pull from one."""
    hosts = Names(source).registry_host, Names(target).registry_host
    if hosts[0] == hosts[1]:
        return []
    if target.registry.mode is RegistryMode.OWN:
        name = Names(target).registry
        return [
            f"az acr import --name {name} --source {hosts[0]}/{one.repository}@{one.digest} "
            f"--image {one.repository}:{target.stack}"
            for one in images
        ]
    return [
        f"docker buildx imagetools create --tag {hosts[1]}/{one.repository}:{target.stack} "
        f"{hosts[0]}/{one.repository}@{one.digest}"
        for one in images
    ]
