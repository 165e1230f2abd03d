"""Recorder: runs the program of a stack on Pulumi's mock monitor and keeps what it is told. No CLI, cloud or network.

Each recording runs in a thread and a context of its own with its own event loop, because the SDK keeps its root stack
in a context variable, of which there may be one. The loop exists before the SDK is configured: made after, it hung.
"""

from __future__ import annotations

import asyncio
import contextvars
import gc
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pulumi
from pulumi.runtime import settings as runtime_settings
from pulumi.runtime.mocks import MockEngine, MockSettings
from pulumi.runtime.stack import run_in_stack

from infra.plan.model import Mode, Plan
from infra.plan.monitor import Monitor
from stacks.settings import StackSettings

PROJECT = "spy-options"
"""Name of the Pulumi project, in every URN."""


PROVIDER_VARIABLES = ("ARM_", "AWS_", "AZURE_", "DOCKER_", "KUBE", "PULUMI_")
"""Beginnings of the environment variables that the provider packages read."""


class PlanRefused(Exception):
    """The program told the engine something that a provider would refuse."""


Program = Callable[[StackSettings], dict[str, Any]]


def record(settings: StackSettings, mode: Mode = Mode.SYMBOLIC, program: Program | None = None) -> Plan:
    """The plan of a stack. `program` is infra.program.build unless given.

    Raises PlanRefused with every failure of every resource, and whatever the program itself raises.
    """
    with without_collection(), _without_environment(), ThreadPoolExecutor(1) as thread:
        return thread.submit(contextvars.Context().run, _recorded, settings, mode, program or _program()).result()


@contextmanager
def without_collection() -> Iterator[None]:
    """No garbage collection for the while: it took half the time of a recording and found nothing to free."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


@contextmanager
def _without_environment() -> Iterator[None]:
    """No variable from which a provider's class takes a default: the plan is the same on every machine."""
    hidden = {name: value for name, value in os.environ.items() if name.startswith(PROVIDER_VARIABLES)}
    for name in hidden:
        del os.environ[name]
    try:
        yield
    finally:
        os.environ.update(hidden)


def _program() -> Program:
    from infra.program import build  # noqa: PLC0415  (loading it takes seconds, which --help should not)

    return build


def _recorded(settings: StackSettings, mode: Mode, program: Program) -> Plan:
    loop = asyncio.new_event_loop()
    asyncio.set_event_loop(loop)
    monitor = Monitor(mode)
    runtime_settings.configure(
        MockSettings(  # type: ignore[no-untyped-call]
            monitor=monitor,
            engine=MockEngine(None),
            project=PROJECT,
            stack=settings.stack,
            dry_run=mode is Mode.PREVIEW,
            callbacks=None,
        )
    )

    def build() -> None:
        for name, value in program(settings).items():
            pulumi.export(name, value)

    try:
        loop.run_until_complete(run_in_stack(build))
    finally:
        _let_go(loop)
    if monitor.failures:
        raise PlanRefused("\n".join(sorted(monitor.failures)))
    return monitor.plan(settings.stack)


def _let_go(loop: asyncio.AbstractEventLoop) -> None:
    """Close the loop; what a program that failed left undone is cancelled, and not told once more."""
    loop.set_exception_handler(lambda *_: None)
    undone = asyncio.all_tasks(loop)
    for task in undone:
        task.cancel()
    loop.run_until_complete(asyncio.gather(*undone, return_exceptions=True))
    loop.close()
