"""How a service lives: logs, one task group, a stop signal that drains, exit codes. Knows nothing of the service."""

from __future__ import annotations

import asyncio
import contextlib
import signal
import sys
from collections.abc import Awaitable, Callable

from apps.service.settings import SettingsError

CONFIGURATION = 2
"""Exit code for what a person must change: settings, a taken port, a folder that cannot be written."""


class CannotStart(Exception):
    """Something outside must be changed first; the message is one sentence that says what."""


def run_service(main: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run `main(stop)` under asyncio.run until it returns; SIGTERM and SIGINT set `stop`. The exit code.

    A plain asyncio.run, no loop factory: ib_insync takes the policy's loop.
    """
    code = 0
    try:
        asyncio.run(_with_signals(main))
    except* (CannotStart, SettingsError) as group:
        for error in _leaves(group):
            print(error, file=sys.stderr)  # noqa: T201  the person at the terminal, before any log reader
        code = CONFIGURATION
    return code


async def _with_signals(main: Callable[[asyncio.Event], Awaitable[None]]) -> None:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        await main(stop)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for child in error.exceptions for leaf in _leaves(child)]
    return [error]
