"""`spy up` as a person uses it: one command, one address, Ctrl-C; and the ways it cannot start."""

from __future__ import annotations

import os
import re
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import psutil
import pytest

from apps.contracts.names import Env
from tests.local_platform import PORT_KEYS


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    return {**os.environ, **dict.fromkeys(PORT_KEYS, "0"), Env.DATA_DIR: str(tmp_path / "data")}


@pytest.fixture
def started(environment: dict[str, str]) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [sys.executable, "-m", "apps.cli.main", "up", "--scenario", "quiet"],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    yield process
    if process.poll() is None:
        process.kill()
    process.communicate()


def address_of(process: subprocess.Popen[str]) -> str:
    """The address it prints."""
    assert process.stdout is not None
    for line in process.stdout:
        if found := re.search(r"http://\S+/", line):
            return found.group()
    pytest.fail("it ended without printing an address")


def children_of(process: subprocess.Popen[str]) -> list[psutil.Process]:
    return psutil.Process(process.pid).children(recursive=True)


def test_ctrl_c_stops_every_service_and_exits_cleanly(started: subprocess.Popen[str]) -> None:
    address = address_of(started)
    assert httpx.get(address).headers["content-type"].startswith("text/html")
    children = children_of(started)
    assert len(children) == 5
    started.send_signal(signal.SIGINT)
    assert started.wait(20) == 0
    _gone, alive = psutil.wait_procs(children, timeout=5)
    assert alive == []


def test_a_killed_service_is_started_again_and_said_so(started: subprocess.Popen[str]) -> None:
    address = address_of(started)
    backend = next(child for child in children_of(started) if "apps.backend" in child.cmdline())
    backend.kill()
    assert started.stdout is not None
    assert any("backend ended" in line for line in started.stdout)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{address}health").status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    pytest.fail("the backend did not come back")


def test_when_the_command_itself_is_killed_no_service_stays_behind(started: subprocess.Popen[str]) -> None:
    if sys.platform != "linux":
        pytest.skip("only Linux tells a child that its parent died")
    address_of(started)
    children = children_of(started)
    started.kill()
    _gone, alive = psutil.wait_procs(children, timeout=10)
    assert alive == []


def run_up(environment: dict[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "apps.cli.main", "up", *arguments],
        env=environment,
        capture_output=True,
        text=True,
        timeout=30,
        check=False,
    )


def test_a_taken_page_port_is_named_with_its_key_and_how_to_move_it(environment: dict[str, str]) -> None:
    with socket.create_server(("127.0.0.1", 0)) as holder:
        port = holder.getsockname()[1]
        ended = run_up(environment, "--port", str(port))
    assert ended.returncode == 2
    assert f"Port {port} (BACKEND_PORT)" in ended.stderr
    assert f"make run PORT={port + 1}" in " ".join(ended.stderr.split())


def test_an_unknown_scenario_names_the_nearest(environment: dict[str, str]) -> None:
    ended = run_up(environment, "--scenario", "lasthour")
    assert ended.returncode == 2
    assert "last-hour" in ended.stderr
    assert "Traceback" not in ended.stderr


def test_a_rate_out_of_bounds_is_refused(environment: dict[str, str]) -> None:
    ended = run_up(environment, "--rate", "61")
    assert ended.returncode == 2
    assert "less than or equal to 60" in " ".join(ended.stderr.split())


@pytest.mark.parametrize(
    ("key", "value", "says"),
    [
        (Env.LOG_LEVEL, "loud", "LOG_LEVEL="),
        (Env.ANOMALY_THRESHOLD, "0.5", "Set 3.5"),
        (Env.RESERVED_LINES, "99", "lower RESERVED_LINES"),
        (Env.SIMULATOR_PORT, "wire", "SIMULATOR_PORT='wire' is not a port"),
    ],
)
def test_a_setting_that_a_service_refuses_ends_it_at_once_with_one_sentence(
    environment: dict[str, str], key: str, value: str, says: str
) -> None:
    ended = run_up({**environment, key: value})
    assert (ended.returncode, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_an_empty_key_is_not_set(environment: dict[str, str]) -> None:
    """As in .env.example: nothing after the equals sign. The unknown scenario ends it before anything starts."""
    ended = run_up({**environment, Env.LOG_LEVEL: "", Env.SIMULATOR_PORT: "", Env.DATA_DIR: ""}, "--scenario", "none")
    assert (ended.returncode, "scenario" in ended.stderr) == (2, True)


def a_wreck(folder: Path, name: str) -> None:
    """`name` in the data folder is not what it should be: a folder where `/` ends it, a file of garbage otherwise."""
    path = folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if name.endswith("/"):
        path.mkdir()
    else:
        path.write_bytes(b"" if name.endswith(".pem") else b"this was once something else" * 300)


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("issuer-key.pem", "Delete it"),
        ("backend.sqlite3", "move it away"),
        ("backend.sqlite3/", "move it away"),
        ("spool", "its folder spool cannot be written"),
        ("runs", "its folder runs cannot be written"),
        ("", "set DATA_DIR to another one"),
    ],
)
def test_a_data_folder_with_something_wrong_in_it_is_one_sentence_with_a_cure(
    environment: dict[str, str], name: str, says: str
) -> None:
    data = Path(environment[Env.DATA_DIR])
    a_wreck(data, name) if name else a_wreck(data.parent, data.name)
    ended = run_up(environment)
    assert (ended.returncode, ended.stdout) == (2, "")
    assert says in ended.stderr
    assert str(data) in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_a_service_that_would_refuse_to_start_again_is_not_tried_five_times(
    started: subprocess.Popen[str], environment: dict[str, str]
) -> None:
    address_of(started)
    (Path(environment[Env.DATA_DIR]) / "issuer-key.pem").write_bytes(b"")
    next(child for child in children_of(started) if "apps.backend" in child.cmdline()).kill()
    rest, _ = started.communicate(timeout=30)
    assert started.returncode == 2
    assert rest.count("started again") == 1
    assert "The backend cannot start" in rest
    assert "Delete it" in rest
