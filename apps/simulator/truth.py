"""Truth: what the simulator did on purpose, for the scorer alone. Never on the wire, never on the control port.

A file of JSON lines of contracts.api.Injection. An injection is written when the market time reaches its start, and
again with `ended_at` when it reaches its end: the last line of an id counts.
"""

from __future__ import annotations

import contextlib
import json
import logging
import os
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime
from pathlib import Path

from pydantic import ValidationError

from apps.contracts.api import Injection

RETRY_SECONDS = 5.0
"""Market seconds after which a file that could not be written is tried again."""

log = logging.getLogger(__name__)


def utc(market_time: float) -> datetime:
    """Market seconds since 1970 as an aware instant."""
    return datetime.fromtimestamp(market_time, UTC)


class TruthFile:
    """Appends each line as the market time passes it."""

    def __init__(self, path: Path | None, injections: Iterable[Injection]) -> None:
        self._path = path
        self._due = sorted(_lines(injections), key=lambda line: line[0])
        self._next = 0
        self._unwritten: list[str] = []
        self._retry_at = float("-inf")
        if path is not None:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text("", encoding="utf-8")

    def reach(self, market_time: float) -> None:
        """The market time is now `market_time`: write what is due. Going back writes nothing twice.

        A full disk stops no market: what does not fit is tried again after RETRY_SECONDS.
        """
        due = self._next < len(self._due) and self._due[self._next][0] <= market_time
        if not due and not (self._unwritten and market_time >= self._retry_at):
            return
        while self._next < len(self._due) and self._due[self._next][0] <= market_time:
            self._unwritten.append(self._due[self._next][1].model_dump_json() + "\n")
            self._next += 1
        if self._path is not None:
            self._write(self._path, market_time)

    def _write(self, path: Path, market_time: float) -> None:
        whole = path.stat().st_size if path.exists() else 0
        try:
            with path.open("a", encoding="utf-8") as file:
                file.writelines(self._unwritten)
        except OSError as error:
            if self._retry_at == float("-inf"):
                log.error("the truth file cannot be written (%s); it is tried again", error.strerror)  # noqa: TRY400
            self._retry_at = market_time + RETRY_SECONDS
            with contextlib.suppress(OSError):
                os.truncate(path, whole)  # no half line
        else:
            self._unwritten, self._retry_at = [], float("-inf")


def _lines(injections: Iterable[Injection]) -> Iterator[tuple[float, Injection]]:
    for injection in injections:
        yield injection.market_time.timestamp(), injection.model_copy(update={"ended_at": None})
        if injection.ended_at is not None:
            yield injection.ended_at.timestamp(), injection


class TruthReader:
    """Reads the file as it grows: complete lines only, each once."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._offset = 0
        self.injections: dict[str, Injection] = {}
        self.refused = 0
        """Lines that were no injection; a count, because the rest still holds."""

    def read(self) -> None:
        """Take in what was appended since the last call. A file that is not there yet is empty."""
        if not self._path.exists():
            return
        with self._path.open("rb") as file:
            size = file.seek(0, 2)
            if size < self._offset:
                self._offset, self.injections = 0, {}
            file.seek(self._offset)
            data = file.read()
        complete = data.rfind(b"\n") + 1
        self._offset += complete
        for line in data[:complete].splitlines():
            try:
                injection = Injection.model_validate_json(line)
            except (ValidationError, json.JSONDecodeError):
                self.refused += 1
            else:
                self.injections[injection.id] = injection
