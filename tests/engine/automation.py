"""Automation: Pulumi's Automation API without the work that no test reads and that changes nothing of a run."""

from __future__ import annotations

import asyncio
import atexit
import shutil
import tempfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from types import SimpleNamespace
from unittest.mock import patch

import pulumi
from pulumi import automation
from pulumi.automation._stack import StackInitMode
from pulumi.runtime import stack as runtime_stack

from infra.plan.recorder import without_collection
from tests.toolchain import pulumi_cli

EVERY_STEP = {"PULUMI_SKIP_CHECKPOINTS": "false"}
"""The engine writes the whole state after every step, as it does for a user."""
AT_THE_END = {"PULUMI_EXPERIMENTAL": "true", "PULUMI_SKIP_CHECKPOINTS": "true"}
"""It writes the state when a run is over, also one that failed: of an `up` of prod, 10 of 17 processor seconds less."""
ENVIRONMENT: Mapping[str, str] = AT_THE_END | {
    "PULUMI_DISABLE_AUTOMATIC_PLUGIN_ACQUISITION": "true",
    "PULUMI_SKIP_UPDATE_CHECK": "true",
}
"""Variables of every run of the engine."""


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
def without_idle_work() -> Iterator[None]:
    """Keep the SDK from what grows with the square of a program's size, and the collector from looking for garbage.

    The SDK sends the engine a debug line, one call each, for every step of every resource, which the engine drops. At
    its end it waits for the first of all outstanding outputs, then for the first of all that are left, and so on: here
    it waits once, for all or the first that fails.
    """
    waiting_once = SimpleNamespace(**{**vars(asyncio), "FIRST_COMPLETED": asyncio.FIRST_EXCEPTION})
    with (
        without_collection(),
        patch.object(pulumi.log, "debug", lambda *_, **__: None),
        patch.object(runtime_stack, "asyncio", waiting_once),
    ):
        yield
