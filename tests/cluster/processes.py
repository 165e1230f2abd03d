"""Processes: the programs of a control plane, each with a log, each stopped by its own id. Finds no program."""

from __future__ import annotations

import contextlib
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path

STOP_SECONDS = 15.0
SHOWN_LINES = 20

GUARD = """
import os, signal, sys, time
pids = [int(line) for line in sys.stdin]
for end in (signal.SIGTERM, signal.SIGKILL):
    for pid in reversed(pids):
        try:
            os.kill(pid, end)
        except ProcessLookupError:
            pass
    time.sleep(10)
"""
"""Waits for the end of its input, which comes with the end of whoever started it, however that ended."""


class Guard:
    """Ends the programs of a control plane when the test process is gone without having done so."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-S", "-c", GUARD], stdin=subprocess.PIPE, text=True, start_new_session=True
        )

    def watch(self, pid: int) -> None:
        """End this one, too."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{pid}\n")
        self._process.stdin.flush()

    def release(self) -> None:
        """Every program has ended: nothing is left to guard."""
        self._process.kill()
        self._process.communicate()


class Running:
    """One program and its log."""

    def __init__(self, process: subprocess.Popen[bytes], log: Path) -> None:
        self._process = process
        self._log = log

    @property
    def pid(self) -> int:
        """Its process id."""
        return self._process.pid

    def pause(self, seconds: float) -> None:
        """Wait a moment between two attempts to reach it. Raises RuntimeError with its last lines when it has ended."""
        with contextlib.suppress(subprocess.TimeoutExpired):
            code = self._process.wait(seconds)
            raise RuntimeError(f"{self._log.stem} ended with {code}; its log ends with\n{self.last_lines()}")

    def last_lines(self) -> str:
        """The end of its log."""
        return "\n".join(self._log.read_text("utf-8", errors="replace").splitlines()[-SHOWN_LINES:])

    def stop(self) -> None:
        """Ask it to end, and end it when it does not."""
        self._process.terminate()
        try:
            self._process.wait(STOP_SECONDS)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()


@contextlib.contextmanager
def running(program: Path, arguments: list[str], logs: Path) -> Iterator[Running]:
    """Start a program in a session of its own, so that an interrupt at the terminal leaves it to us; stop it after."""
    log = logs / f"{program.name}.log"
    with log.open("ab") as written:
        process = subprocess.Popen(
            [program, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=written,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )
    started = Running(process, log)
    try:
        yield started
    finally:
        started.stop()


def free_ports(count: int) -> list[int]:
    """Loopback ports that nobody listened on a moment ago."""
    with ExitStack() as held:
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for one in sockets:
            one.bind(("127.0.0.1", 0))
        return [int(one.getsockname()[1]) for one in sockets]


def deadline(seconds: float) -> Iterator[float]:
    """Seconds that are left, again and again, until none is."""
    ends = time.monotonic() + seconds
    while (left := ends - time.monotonic()) > 0:
        yield left
