"""A number that rises with every change, and waiting for the next one. Holds no data of its own."""

from __future__ import annotations

import asyncio


class Version:
    """Starts at 1. Long polls wait on it; `close` releases them all at shutdown."""

    def __init__(self) -> None:
        self._number = 1
        self._closed = False
        self._next = asyncio.Event()

    @property
    def number(self) -> int:
        """The present version."""
        return self._number

    def changed(self) -> None:
        """Raise the number and wake whoever waits."""
        self._number += 1
        self._wake()

    def close(self) -> None:
        """Wake whoever waits and let nobody wait any more."""
        self._closed = True
        self._wake()

    async def newer_than(self, known: int, timeout_seconds: float) -> None:
        """Return at once unless `known` is the present version; then at the next change or after the time-out."""
        if known != self._number or self._closed:
            return
        waiter = self._next
        try:
            async with asyncio.timeout(timeout_seconds):
                await waiter.wait()
        except TimeoutError:
            return

    def _wake(self) -> None:
        waiter, self._next = self._next, asyncio.Event()
        waiter.set()
