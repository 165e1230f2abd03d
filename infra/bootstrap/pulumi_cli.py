"""Pulumi CLI: the stack in its backend, and settings in the stack file. Secrets go in by standard input only."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Protocol

from infra.bootstrap.clock import Clock, pauses
from infra.bootstrap.refusal import Refused
from stacks.document import mapping
from stacks.keys import PROJECT
from stacks.load import load
from stacks.settings import StackSettings

NOT_YET = ("AuthorizationPermissionMismatch", "AuthorizationFailure", "ForbiddenByRbac", "StatusCode=403", "403 ")
"""What the CLI repeats of Azure while a grant is not in force yet."""
GRANT_SECONDS = 600.0
"""How long a grant of the data may take to come into force."""
INSTEAD = "PULUMI_CLI"
"""The environment key that names another Pulumi than the one on the path."""


class Pulumi(Protocol):
    """What bootstrap asks of Pulumi for one stack."""

    def has_stack(self) -> bool:
        """Whether the stack is in the backend. Raises NoRightYet while the state may not be read."""
        ...

    def has_key(self) -> bool:
        """Whether the stack file names the key of its secrets."""
        ...

    def init(self) -> None:
        """Make the stack in the backend, with its key."""
        ...

    def take_key(self) -> None:
        """Give the stack that is in the backend its key, and write that into the stack file."""
        ...

    def settings(self) -> StackSettings:
        """The stack file as it is now; encrypted values as a mark."""
        ...

    def set_secret(self, key: str, value: str) -> None:
        """Encrypt a value into the stack file."""
        ...

    def set_plain(self, path: str, value: str) -> None:
        """Write a value into the stack file."""
        ...


class NoRightYet(Refused):
    """The state or the key may not be reached; right after a grant that passes by itself."""


Run = Callable[[Sequence[str], str | None, dict[str, str]], "subprocess.CompletedProcess[str]"]


def _run(command: Sequence[str], given: str | None, environment: dict[str, str]) -> subprocess.CompletedProcess[str]:
    return subprocess.run(command, input=given or "", capture_output=True, text=True, check=False, env=environment)  # noqa: S603


@dataclass(frozen=True)
class PulumiCli:
    """The real one. `backend` and `secrets_provider` as `pulumi login` and `stack init` take them."""

    stack: str
    root: Path
    backend: str
    secrets_provider: str
    clock: Clock
    program: str = field(default_factory=lambda: os.environ.get(INSTEAD) or "pulumi")
    environment: dict[str, str] = field(default_factory=dict)
    run: Run = _run

    def check(self) -> None:
        """Raise Refused where there is no Pulumi."""
        if shutil.which(self.program) is None:
            raise Refused(
                f"{self.program} is not on the path, and the stack is made by it: install Pulumi 3.200 or newer "
                f"(docs/infrastructure.md), or name another by {INSTEAD}"
            )

    def has_stack(self) -> bool:
        """By the backend's own list."""
        listed = json.loads(self._ask("stack", "ls", "--json", "--project", PROJECT) or "[]")
        return any(str(one["name"]).rpartition("/")[2] == self.stack for one in listed)

    def has_key(self) -> bool:
        """By the stack file."""
        return bool(mapping(self.root / f"Pulumi.{self.stack}.yaml").get("secretsprovider"))

    def init(self) -> None:
        """`pulumi stack init`."""
        self._do("stack", "init", self.stack, "--secrets-provider", self.secrets_provider, "--no-select")

    def take_key(self) -> None:
        """`pulumi stack change-secrets-provider`."""
        self._do("stack", "change-secrets-provider", self.secrets_provider, "--stack", self.stack)

    def settings(self) -> StackSettings:
        """By stacks.load, which decrypts nothing."""
        return load(self.stack, self.root)

    def set_secret(self, key: str, value: str) -> None:
        """`pulumi config set --secret`, the value by standard input: it stands in no list of processes."""
        self._do("config", "set", "--stack", self.stack, "--secret", key, given=value)

    def set_plain(self, path: str, value: str) -> None:
        """`pulumi config set --path`."""
        self._do("config", "set", "--stack", self.stack, "--path", path, value)

    def _ask(self, *arguments: str, given: str | None = None) -> str:
        self.check()
        told = {"PULUMI_BACKEND_URL": self.backend, "PULUMI_SKIP_UPDATE_CHECK": "true", **self.environment}
        command = [self.program, "--cwd", str(self.root), "--non-interactive", *arguments]
        done = self.run(command, given, {**os.environ, **told})
        if done.returncode == 0:
            return done.stdout
        what = f"pulumi {' '.join(arguments[:2])}"
        if any(words in done.stderr for words in NOT_YET):
            raise NoRightYet(
                f"{what}: the state or its key may not be reached yet, a grant takes minutes to come into force: run "
                "this again"
            )
        raise Refused(f"{what} failed: {_reason(done.stderr)}")

    def _do(self, *arguments: str, given: str | None = None) -> None:
        """Run, and again while a grant is not in force."""
        for pause in [*pauses(GRANT_SECONDS), 0.0]:
            try:
                self._ask(*arguments, given=given)
            except NoRightYet:
                if not pause:
                    raise
                self.clock.sleep(pause)
                continue
            return


def _reason(stderr: str) -> str:
    """The first line that tells an error, without its colour and prefix."""
    lines = [line.strip() for line in stderr.splitlines() if line.strip()]
    told = next((line for line in lines if line.startswith("error:")), lines[0] if lines else "it gave no reason")
    return told.removeprefix("error:").strip()
