"""How a service lives: logs, one task group, a stop signal that drains, exit codes. Knows nothing of the service."""

from __future__ import annotations

import asyncio
import contextlib
import logging
import os
import signal
import sys
import threading
from collections.abc import Awaitable, Callable

from apps.service.settings import SettingsError

log = logging.getLogger(__name__)

CONFIGURATION = 2
"""Exit code for what a person must change: settings, a taken port, a folder that cannot be written."""

LATE = 1
"""Exit code of a service that was cancelled because it did not end by itself."""

STOP_SECONDS = 12.0
"""For what a service sends, releases and closes after a stop signal; then it is cancelled."""

LEAVE_SECONDS = 3.0
"""For a cancelled service to let go, and for threads that nobody waits for: a name server may be silent for half a
minute. Then the process ends without them, so that all of it stays under the 25 s which an orchestrator grants."""


class CannotStart(Exception):
    """Something outside must be changed first; the message is one sentence that says what."""


def run_service(main: Callable[[asyncio.Event], Awaitable[None]]) -> int:
    """Run `main(stop)` under asyncio.run until it returns; SIGTERM and SIGINT set `stop`. The exit code.

    A plain asyncio.run, no loop factory: ib_insync takes the policy's loop. After a signal the process ends within
    STOP_SECONDS and twice LEAVE_SECONDS, whatever hangs.
    """
    code = 0
    try:
        with _Leaving() as leaving:
            code = asyncio.run(_with_signals(main, leaving))
    except* (CannotStart, SettingsError) as group:
        for error in _leaves(group):
            print(error, file=sys.stderr)  # noqa: T201  the person at the terminal, before any log reader
        code = CONFIGURATION
    return code


class _Leaving:
    """Ends the process without its threads when it does not get out in time; nothing happens when it does."""

    def __init__(self) -> None:
        self._timer: threading.Timer | None = None

    def within(self, seconds: float, code: int) -> None:
        """From now on; a later call takes the place of an earlier one."""
        self._forget()
        self._timer = threading.Timer(seconds, self._end, [code])
        self._timer.daemon = True
        self._timer.start()

    def __enter__(self) -> _Leaving:
        return self

    def __exit__(self, *_: object) -> None:
        self._forget()

    def _forget(self) -> None:
        if self._timer is not None:
            self._timer.cancel()

    @staticmethod
    def _end(code: int) -> None:
        threads = ", ".join(each.name for each in threading.enumerate() if not each.daemon)
        log.warning("ending without waiting any longer for %s", threads)
        logging.shutdown()
        os._exit(code)


async def _with_signals(main: Callable[[asyncio.Event], Awaitable[None]], leaving: _Leaving) -> int:
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    try:
        return await _until_done(main(stop), stop, leaving)
    finally:
        for number in (signal.SIGTERM, signal.SIGINT):
            with contextlib.suppress(ValueError):
                loop.remove_signal_handler(number)


async def _until_done(work: Awaitable[None], stop: asyncio.Event, leaving: _Leaving) -> int:
    """Await the service; once it was asked to stop it has a limit. The exit code."""
    working = asyncio.ensure_future(work)
    stopping = asyncio.create_task(stop.wait(), name="stop")
    await asyncio.wait({working, stopping}, return_when=asyncio.FIRST_COMPLETED)
    stopping.cancel()
    if stop.is_set():
        leaving.within(STOP_SECONDS + LEAVE_SECONDS, LATE)
        await asyncio.wait({working}, timeout=STOP_SECONDS)
    if stop.is_set() and not working.done():
        log.error("not stopped %g s after the signal: cancelled", STOP_SECONDS)
        working.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await working
        leaving.within(LEAVE_SECONDS, LATE)
        return LATE
    await working
    leaving.within(LEAVE_SECONDS, 0)
    return 0


def _leaves(error: BaseException) -> list[BaseException]:
    if isinstance(error, BaseExceptionGroup):
        return [leaf for child in error.exceptions for leaf in _leaves(child)]
    return [error]
