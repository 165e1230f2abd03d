"""`python -m apps.detector` as a process against the real simulator and a real backend process: start, kill, stop."""

from __future__ import annotations

import json
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.detector.candidates import Platform, ask, epochs, give_leases, is_live, leader_and_standby, running
from tests.detector.helpers import ROOT, IngestProcess, detector_environment, wait_until


@pytest.fixture
def platform(tmp_path: Path) -> Iterator[Platform]:
    with running(tmp_path) as made:
        yield made


@pytest.fixture(params=["file", "lease"])
def led(request: pytest.FixtureRequest, platform: Platform, tmp_path: Path) -> Platform:
    """A platform whose detectors lead by a file, and one by a Lease of a real API server."""
    if request.param == "lease":
        cluster, namespace = request.getfixturevalue("cluster"), request.getfixturevalue("namespace")
        # Longer than the default: the API server of a busy machine may take seconds.
        folder = tmp_path / "credentials"
        platform.leadership = give_leases(cluster, namespace, folder, lease_seconds=6)
    return platform


def contiguous(server: IngestProcess, epoch: int) -> bool:
    seqs = [event["seq"] for event in server.events(epoch)]
    return seqs == list(range(1, len(seqs) + 1)) and bool(seqs)


def spooled(platform: Platform, epoch: int) -> list[dict[str, object]]:
    """What a leader told, by its own spool."""
    folder = platform.folder / "data" / "spool" / "SPY" / str(epoch)
    return [json.loads(line[9:]) for path in sorted(folder.glob("*.jsonl")) for line in path.read_text().splitlines()]


def acknowledged(platform: Platform, epoch: int) -> int:
    """Up to where the backend is known to have it."""
    cursor = platform.folder / "data" / "spool" / "SPY" / str(epoch) / "cursors" / "backend.json"
    return int(json.loads(cursor.read_text())["seq"]) if cursor.exists() else 0


def hands_over_everything(platform: Platform, epoch: int) -> bool:
    """The backend gets what was told in that epoch, once, from whoever leads next if not from its own leader."""
    told = spooled(platform, epoch)
    wait_until(lambda: acknowledged(platform, epoch) == len(told), what=f"all of epoch {epoch} is acknowledged")
    return bool(told) and platform.server.events(epoch) == told


def test_two_started_together_are_one_leader_and_one_standby_that_takes_over_from_a_kill(led: Platform) -> None:
    """Nothing published is lost or doubled, the epoch rises, the blind interval is told; no truth file exists."""
    server = led.server
    (leader, _), (standby, standby_port) = leader_and_standby(led)
    first = epochs(server)[-1]
    wait_until(lambda: any(e["type"] == "smile" for e in server.events(first)), what="a smile of the first")
    leader.end(signal.SIGKILL)
    began = time.monotonic()
    wait_until(lambda: ask(standby_port, "/ready").get("role") == "leader", what="the standby leads")
    led_after = time.monotonic() - began
    wait_until(lambda: is_live(standby_port), what="the standby is live")
    print(f"kill -9 to leading {led_after:.2f} s, to live {time.monotonic() - began:.2f} s")
    wait_until(lambda: epochs(server)[-1] > first, what="events of the second")
    second = epochs(server)[-1]
    wait_until(lambda: any(e["type"] == "smile" for e in server.events(second)), what="a smile of the second")
    assert hands_over_everything(led, first)
    assert contiguous(server, second)
    gaps = [event["body"] for event in server.events(second) if event["type"] == "gap"]
    assert [gap["reason"] for gap in gaps if gap["ended_at"]][:1] == ["takeover"]
    assert standby.end(signal.SIGTERM) == 0


def test_a_leader_that_is_asked_to_stop_hands_over_everything_and_the_lead(led: Platform) -> None:
    server = led.server
    (leader, _), (standby, standby_port) = leader_and_standby(led)
    first = epochs(server)[-1]
    wait_until(lambda: any(e["type"] == "smile" for e in server.events(first)), what="a smile of the first")
    began = time.monotonic()
    assert leader.end(signal.SIGTERM) == 0
    ended = time.monotonic() - began
    wait_until(lambda: ask(standby_port, "/ready").get("role") == "leader", what="the standby leads")
    print(f"SIGTERM to its end {ended:.2f} s, to the next leading {time.monotonic() - began:.2f} s")
    wait_until(lambda: epochs(server)[-1] > first, what="events of the second")
    assert hands_over_everything(led, first)
    assert contiguous(server, epochs(server)[-1])
    assert standby.end(signal.SIGTERM) == 0


def test_what_a_slow_backend_kept_from_being_sent_the_next_leader_sends(platform: Platform) -> None:
    """The one that stops waits for its backend only so long."""
    child, port = platform.detector()
    wait_until(lambda: is_live(port), what="live")
    platform.server.fault({"delay": 3600})
    wait_until(lambda: len(spooled(platform, 1)) > acknowledged(platform, 1), what="events wait")
    assert child.end(signal.SIGTERM) == 0
    assert "events for the next leader to send" in child.output
    platform.server.kill()
    platform.server.start({})
    _, second = platform.detector()
    wait_until(lambda: is_live(second), what="live again")
    assert hands_over_everything(platform, 1)


def test_sigterm_ends_it_with_zero_and_frees_the_lead(platform: Platform) -> None:
    child, port = platform.detector()
    wait_until(lambda: is_live(port), what="live")
    assert child.end(signal.SIGTERM) == 0
    again, second = platform.detector()
    wait_until(lambda: is_live(second), what="live again")
    assert hands_over_everything(platform, 1)
    assert again.end(signal.SIGTERM) == 0


def test_every_metric_of_the_detector_has_a_name_of_the_contract(platform: Platform) -> None:
    from apps.contracts.names import Metric

    _, port = platform.detector()
    wait_until(lambda: is_live(port), what="live")
    text = httpx.get(f"http://127.0.0.1:{port}/metrics").text
    names = set(re.findall(r"^# TYPE (\S+)", text, re.MULTILINE))
    contract = {value for name, value in vars(Metric).items() if not name.startswith("_")}
    assert {name for name in names if not name.endswith("_created")} <= contract


def run_once(folder: Path, **more: str) -> tuple[int, str]:
    """Run a detector that must end by itself; (exit code, output)."""
    environment = detector_environment(folder, "http://127.0.0.1:9", **more)
    command = [sys.executable, "-m", "apps.detector"]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=180, check=False)
    return done.returncode, done.stderr


def test_a_wrong_setting_ends_with_code_two_and_a_sentence(tmp_path: Path) -> None:
    """As a process, once; every other sentence is in test_settings."""
    code, said = run_once(tmp_path, SCANS_PER_SECOND="1000")
    assert (code, "Traceback" in said, said.count("\n")) == (2, False, 1), said
    assert "SCANS_PER_SECOND=1000: input should be less than or equal to 100" in said


def test_a_lease_outside_a_cluster_ends_with_code_two_and_says_what_is_missing(tmp_path: Path) -> None:
    """What a person must change is known once the clock is; nothing has been led before."""
    code, said = run_once(
        tmp_path, LEADERSHIP="lease", NAMESPACE="here", POD_NAME="detector-0", SOURCE="delayed", RUN_ID=""
    )
    assert (code, "Traceback" in said, said.count("\n")) == (2, False, 1), said
    assert "LEADERSHIP=lease cannot be used here. KUBERNETES_SERVICE_HOST" in said


def test_a_taken_port_ends_with_code_two_and_names_its_key(tmp_path: Path) -> None:
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        code, said = run_once(tmp_path, DETECTOR_PORT=str(taken.getsockname()[1]))
    assert (code, "DETECTOR_PORT=" in said, "Traceback" in said) == (2, True, False), said


def test_a_data_folder_that_cannot_be_used_ends_with_code_two(tmp_path: Path) -> None:
    (tmp_path / "data").touch()
    code, said = run_once(tmp_path)
    assert (code, "DATA_DIR=" in said, "Traceback" in said) == (2, True, False), said
