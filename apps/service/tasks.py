"""Small helpers around tasks: repeat something, count what fails. Swallows nothing uncounted."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable

log = logging.getLogger(__name__)


async def every(seconds: Callable[[], float], work: Callable[[], None], on_error: Callable[[str], None]) -> None:
    """Call `work` every `seconds()` wall seconds until cancelled; an exception is logged, counted and outlived."""
    while True:
        await asyncio.sleep(seconds())
        try:
            work()
        except Exception as error:
            name = getattr(work, "__qualname__", repr(work))
            log.exception("%s failed", name)
            on_error(type(error).__name__)
