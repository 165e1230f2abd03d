"""The successor library: the same feed tests pass with ib_async behind the one import (D1)."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PEER = ROOT / ".venv" / "peers" / "ib_async"
SUITES = [f"tests/broker/{name}.py" for name in ("test_feed", "test_feed_faults", "test_feed_simulator")]


@pytest.mark.skipif(not PEER.is_dir(), reason="the peer client is not installed: run `make setup-test`")
@pytest.mark.skipif("BROKER_LIBRARY" in os.environ, reason="this is the run with the peer client")
def test_the_same_feed_tests_pass_with_ib_async() -> None:
    environment = os.environ | {"PYTHONPATH": f"{PEER}{os.pathsep}{ROOT}", "BROKER_LIBRARY": "ib_async"}
    check = "import ib_async, apps.broker.client as c; assert c.ib_api is ib_async, c.ib_api"
    subprocess.run([sys.executable, "-c", check], env=environment, cwd=ROOT, check=True, timeout=60)
    pytest_quietly = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command = [*pytest_quietly, "-n", "4", *SUITES]  # most of each test is waiting for a gateway
    done = subprocess.run(command, env=environment, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False)
    assert done.returncode == 0, done.stdout[-4000:] + done.stderr[-2000:]
