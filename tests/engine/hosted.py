"""HostedStack: a stack whose program the CLI runs by a language host, as it does for a user. Never in this process."""

from __future__ import annotations

import re
from collections.abc import Mapping
from pathlib import Path

import pytest
from pulumi import automation

from tests.engine.automation import EVERY_STEP
from tests.engine.cloud import Cloud
from tests.engine.stack import ROOT, EngineStack

ENVIRONMENT = ".venv-infra"
"""What Pulumi.yaml names as the program's environment, relative to its own folder."""


class HostedStack(EngineStack):
    """An EngineStack whose `pulumi` commands find a language host; its `up` and `preview` still run in this process.

    The engine keeps the state as it does for a user, step by step.

    `host`: environment variables by which the CLI finds the host.
    """

    def __init__(self, name: str, folder: Path, cloud: Cloud, host: Mapping[str, str]) -> None:
        super().__init__(name, folder, cloud)
        self._host = dict(host)
        (folder / ENVIRONMENT).symlink_to(ROOT / ENVIRONMENT)

    def _environment(self) -> dict[str, str]:
        return {**super()._environment(), **EVERY_STEP, **self._host}

    def pulumi(self, *arguments: str) -> str:
        """A command of the CLI on the stack, which is made when it is not there yet; gives what it printed."""
        assert self.engine.name == self.name
        return self.command(*arguments, "--color", "never")

    def refusal(self, *arguments: str) -> list[str]:
        """The sentences that a command of the CLI ends with, a line of its diagnostics each."""
        with pytest.raises(automation.CommandError) as refused:
            self.pulumi(*arguments)
        diagnostics = str(refused.value).partition("Diagnostics:")[2]
        told = re.search(r"^ +error: ((?:.+\n)+)", diagnostics, re.MULTILINE)
        assert told is not None, refused.value
        return [line.strip() for line in told.group(1).splitlines()]
