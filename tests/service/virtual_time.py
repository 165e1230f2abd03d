"""An event loop whose clock stands still while there is work and jumps while there is none: hours take milliseconds."""

from __future__ import annotations

import asyncio
from typing import Any


class VirtualLoop(asyncio.SelectorEventLoop):
    """`time()` begins at 0 and is moved by waiting only. For code without sockets."""

    def __init__(self) -> None:
        super().__init__()
        self._virtual = 0.0
        selector: Any = self._selector  # type: ignore[attr-defined]
        real = selector.select

        def select(timeout: float | None = None) -> Any:
            events = real(0)
            if not events:
                assert timeout is not None, "everything waits for what never comes"
                self._virtual += timeout
            return events

        selector.select = select

    def time(self) -> float:
        """Virtual seconds."""
        return self._virtual
