"""Pulumi program: what the CLI does for bootstrap, in this process: stacks in the state, settings in the stack file.

Takes the same words as the real one, which tests/infra/test_bootstrap_pulumi.py drives too; reaches the state and the
key only by grants of the World that are in force.
"""

from __future__ import annotations

import json
import subprocess
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import yaml

from tests.infra.azure_stand_in.world import OWNER, World

BLOBS = "ba92f5b4-2d11-453d-a403-e96b0029c9fe"
CRYPTO = "12338af0-0e69-4776-bea7-57ae8d297424"


class PulumiProgram:
    """Runs one command line. `secrets`: what was given to be encrypted, by key."""

    def __init__(self, world: World, root: Path, container: str, key: str) -> None:
        self.world, self.root, self._container, self._key = world, root, container, key
        self.secrets: dict[str, str] = {}

    def __call__(
        self, command: Sequence[str], given: str | None, environment: dict[str, str]
    ) -> subprocess.CompletedProcess[str]:
        """One run."""
        assert not any(secret in " ".join(command) for secret in self.world.generated), "a secret among the arguments"
        assert environment["PULUMI_BACKEND_URL"].startswith("azblob://")
        assert list(command[1:4]) == ["--cwd", str(self.root), "--non-interactive"]
        words = list(command[4:])
        if self._container.lower() not in self.world.resources:
            return _failed("error: could not list bucket: ContainerNotFound")
        if not self.world.may(OWNER, BLOBS, self._container):
            return _failed(
                "error: listing stacks: blob (code=Unknown): AuthorizationPermissionMismatch, StatusCode=403"
            )
        if words[:2] == ["stack", "ls"]:
            return _done(json.dumps([{"name": f"organization/spy-options/{one}"} for one in self.world.state_stacks]))
        if not self.world.may(OWNER, CRYPTO, self._key):
            return _failed("error: secrets (code=PermissionDenied): keyvault: StatusCode=403, Code=ForbiddenByRbac")
        return self._write(words, given)

    def _write(self, words: list[str], given: str | None) -> subprocess.CompletedProcess[str]:
        if words[:2] == ["stack", "init"]:
            if words[2] in self.world.state_stacks:
                return _failed(f"error: stack '{words[2]}' already exists")
            self.world.state_stacks.add(words[2])
            self.world.journal.wrote("pulumi stack init, in the state")
            self._file(words[2], secretsprovider=words[4], encryptedkey="a2V5")
        elif words[:2] == ["stack", "change-secrets-provider"]:
            self._file(words[4], secretsprovider=words[2], encryptedkey="a2V5")
        elif words[:2] == ["config", "set"] and "--secret" in words:
            self.secrets[words[-1]] = given or ""
            self._setting(words[3], [words[-1]], {"secure": "v1:encrypted"})
        elif words[:2] == ["config", "set"]:
            self._setting(words[3], words[-2].split("."), words[-1])
        else:
            return _failed(f"error: unknown command {words[:2]}")
        self.world.journal.wrote(f"pulumi {' '.join(words[:2])} {words[-1] if '--secret' in words else ''}".strip())
        return _done("")

    def _file(self, stack: str, **top: str) -> None:
        path = self.root / f"Pulumi.{stack}.yaml"
        path.write_text(yaml.safe_dump({**top, **(yaml.safe_load(path.read_text()) or {}), **top}, sort_keys=False))

    def _setting(self, stack: str, keys: list[str], value: Any) -> None:
        path = self.root / f"Pulumi.{stack}.yaml"
        held = yaml.safe_load(path.read_text())
        place = held.setdefault("config", {})
        *folders, last = [f"spy-options:{keys[0]}", *keys[1:]]
        for folder in folders:
            place = place.setdefault(folder, {})
        place[last] = value
        path.write_text(yaml.safe_dump(held, sort_keys=False))


def _done(stdout: str) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], 0, stdout, "")


def _failed(stderr: str) -> subprocess.CompletedProcess[str]:
    return subprocess.CompletedProcess([], 255, "", f"{stderr}\n")
