"""Automation: Pulumi's Automation API without what it asks the CLI for and no test reads. Changes nothing of a run."""

from __future__ import annotations

import atexit
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from typing import Any

import pulumi
from pulumi import automation
from pulumi.automation._stack import StackInitMode

from tests.toolchain import pulumi_cli


class Stack(automation.Stack):
    """The API's stack, which after every run starts the CLI three times more, for outputs (twice) and history."""

    def outputs(self) -> automation.OutputMap:
        return {}

    def info(self, show_secrets: bool = True) -> automation.UpdateSummary:  # noqa: ARG002
        return automation.UpdateSummary("unread", datetime.now(UTC), "", {}, {}, "unread")


class NewStack(Stack):
    """A stack that is made now."""

    def __init__(self, name: str, workspace: automation.Workspace) -> None:
        super().__init__(name, workspace, StackInitMode.CREATE)


class ExistingStack(Stack):
    """A stack that is known to exist, so the CLI need not be asked: every command names it."""

    def __init__(self, name: str, workspace: automation.Workspace) -> None:
        self.name = name
        self.workspace = workspace


@cache
def command() -> automation.PulumiCommand:
    """The engine as the API wants it: in a folder `bin`. Made once, since it starts the CLI to ask its version."""
    root = Path(tempfile.mkdtemp(prefix="spy-engine-"))
    atexit.register(shutil.rmtree, root)
    (root / "bin").mkdir()
    (root / "bin" / "pulumi").symlink_to(pulumi_cli())
    return automation.PulumiCommand(str(root), skip_version_check=True)


@contextmanager
def without_debug_lines() -> Iterator[None]:
    """Keep the SDK from sending the engine a debug line, one call each, for every step of every resource."""
    sent = pulumi.log.debug

    def unsent(*_: Any, **__: Any) -> None:
        """The engine would drop it."""

    pulumi.log.debug = unsent
    try:
        yield
    finally:
        pulumi.log.debug = sent
