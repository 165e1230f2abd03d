"""How a service ends: by itself when asked to, and within its limits when something hangs. Each is a process."""

from __future__ import annotations

import os
import signal
import subprocess
import sys

import pytest

from apps.service import run
from tests.detector.helpers import ROOT

PREAMBLE = """
import asyncio, sys, time
from apps.service import run

run.STOP_SECONDS, run.LEAVE_SECONDS = {stop}, {leave}

async def main(stop):
    print("started", flush=True)
    {body}

sys.exit(run.run_service(main))
"""
A_SILENT_NAME_SERVER = """lost = asyncio.get_running_loop().run_in_executor(None, time.sleep, 600)
    await stop.wait()
    print("drained", flush=True)"""
A_SERVICE_THAT_DOES_NOT_LISTEN = """try:
        await asyncio.Event().wait()
    finally:
        print("released", flush=True)"""
A_SERVICE_THAT_HOLDS_ON = """while True:
        try:
            await asyncio.Event().wait()
        except asyncio.CancelledError:
            print("holds on", flush=True)"""
A_GOOD_SERVICE = """await stop.wait()
    await asyncio.sleep(0.2)
    print("drained", flush=True)"""

PATIENT = 300.0
"""Longer than any test waits: only the limit that the test is about is reached."""


def ended(body: str, *, stop: float = PATIENT, leave: float = PATIENT) -> tuple[int, str, str]:
    """(exit code, output, errors) of a service that was asked to stop."""
    service = subprocess.Popen(
        [sys.executable, "-c", PREAMBLE.format(stop=stop, leave=leave, body=body)],
        cwd=ROOT,
        env={"PATH": os.environ["PATH"]},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert service.stdout is not None
    try:
        started = service.stdout.readline()
        service.send_signal(signal.SIGTERM)
        output, errors = service.communicate(timeout=150)
    finally:
        service.kill()
    return service.returncode, started + output, errors


@pytest.mark.parametrize(
    ("body", "limits", "code", "output", "says"),
    [
        (A_GOOD_SERVICE, {}, 0, "drained", ""),
        (A_SILENT_NAME_SERVER, {"leave": 0.2}, 0, "drained", "without waiting any longer for MainThread, asyncio_0"),
        (A_SERVICE_THAT_DOES_NOT_LISTEN, {"stop": 0.2}, 1, "released", "not stopped 0.2 s after the signal"),
        (A_SERVICE_THAT_HOLDS_ON, {"stop": 0.2, "leave": 0.5}, 1, "holds on", "without waiting any longer"),
    ],
    ids=["a good service", "a silent name server", "one that does not listen", "one that holds on"],
)
def test_a_service_that_is_asked_to_stop_ends(
    body: str, limits: dict[str, float], code: int, output: str, says: str
) -> None:
    """The slow thread would run for ten minutes, and the test would end it after two and fail."""
    said = ended(body, **limits)
    assert (said[0], said[1]) == (code, f"started\n{output}\n"), said
    assert says in said[2], said
    assert "Traceback" not in said[2], said
    assert bool(said[2]) == bool(says), said


def test_all_limits_together_are_well_under_what_an_orchestrator_grants() -> None:
    assert run.STOP_SECONDS + 2 * run.LEAVE_SECONDS <= 20
