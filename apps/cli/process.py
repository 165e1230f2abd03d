"""One child process of the local platform: its own log file, its own session, a stop that is asked before forced."""

from __future__ import annotations

import ctypes
import os
import signal
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path

STOP_SECONDS = 6.0
SENTENCES = 20
"""Lines of a refusal that are shown: one for each wrong key."""

_PR_SET_PDEATHSIG = 1


def _die_with_parent() -> None:
    """Linux: if this command is killed outright, its services are asked to stop instead of running on for ever."""
    ctypes.CDLL(None, use_errno=True).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM)


class Service:
    """A service started with `python -m MODULE`; output goes to `log_path`."""

    def __init__(self, name: str, arguments: Sequence[str], env: Mapping[str, str], log_path: Path) -> None:
        self.name = name
        self.log_path = log_path
        self._arguments = [sys.executable, "-m", *arguments]
        self._env = {**os.environ, **env, "PYTHONUNBUFFERED": "1"}
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def pid(self) -> int | None:
        """The process id; None before the start."""
        return self._process.pid if self._process else None

    @property
    def exit_code(self) -> int | None:
        """None while it runs or before it started."""
        return self._process.poll() if self._process else None

    def start(self) -> None:
        """Start it in a session of its own, so that Ctrl-C reaches only the supervisor, which stops all in order."""
        with self.log_path.open("ab") as log:
            self._process = subprocess.Popen(
                self._arguments,
                env=self._env,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
                preexec_fn=_die_with_parent if sys.platform == "linux" else None,  # noqa: PLW1509  no threads yet
            )

    def ask_to_stop(self) -> None:
        """SIGTERM, if it runs."""
        if self._process and self._process.poll() is None:
            self._process.terminate()

    def wait_or_kill(self, seconds: float = STOP_SECONDS) -> bool:
        """True if it ended by itself within `seconds`; otherwise it is killed."""
        if self._process is None:
            return True
        try:
            self._process.wait(seconds)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            return False
        return True

    def last_words(self) -> str:
        """What it said for a person as it ended: the lines after its last log line, which is JSON."""
        said: list[str] = []
        for line in reversed(self.log_tail(SENTENCES).splitlines()):
            if line.startswith("{"):
                break
            said.append(line)
        return "\n".join(reversed(said)).removeprefix(f"{self.name}: ") or f"It does not say why: {self.log_path}"

    def log_tail(self, lines: int = 12) -> str:
        """The last lines it wrote."""
        if not self.log_path.exists():
            return ""
        return "\n".join(self.log_path.read_text(errors="replace").splitlines()[-lines:])
