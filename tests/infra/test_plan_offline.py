"""A plan is made without network and without another program: both would end the interpreter of this test."""

from __future__ import annotations

import subprocess
import sys

import pytest

from tests.infra.recording import ROOT, STACKS

FORBIDDEN = """
import sys

def refuse(event, arguments):
    if event in {"socket.connect", "socket.getaddrinfo", "subprocess.Popen", "os.system", "os.exec", "os.posix_spawn"}:
        raise RuntimeError(f"{event} {arguments}")

sys.addaudithook(refuse)
from infra.plan.golden import golden
print(len(golden(sys.argv[1]).documents))
"""


@pytest.mark.parametrize("stack", STACKS)
def test_a_plan_needs_no_network_and_no_program(stack: str) -> None:
    ran = subprocess.run(
        [sys.executable, "-c", FORBIDDEN, stack], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) >= 2
