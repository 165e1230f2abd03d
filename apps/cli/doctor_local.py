"""What `spy doctor` looks at on this machine: tools, ports, disk, data folder, page. Changes nothing that stays."""

from __future__ import annotations

import importlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
from pathlib import Path

import apps
from apps.cli.checks import Check, Verdict
from apps.contracts.names import Env, Port

ROOT = Path(apps.__file__).parent.parent
PYTHONS = ((3, 11), (3, 13))
NODES = ((20, 19), (22, 12), (23, 0))
"""Of a major version the least minor that the page's build takes; the last stands for all that follow."""

DISK_MIN_GB = 1.0
LOOPBACK = "127.0.0.1"

_PORTS = (
    (Env.BACKEND_PORT, Port.BACKEND, "page and API"),
    (Env.DETECTOR_PORT, Port.DETECTOR, "detector"),
    (Env.SIMULATOR_PORT, Port.SIMULATOR, "simulated gateway"),
    (Env.SIMULATOR_CONTROL_PORT, Port.SIMULATOR_CONTROL, "the gateway's control"),
)
_RUNTIME = (
    "numpy",
    "ib_insync",
    "fastapi",
    "uvicorn",
    "httpx",
    "websockets",
    "exchange_calendars",
    "prometheus_client",
)


def local_checks() -> list[Check]:
    """Every check that needs no broker."""
    return [
        _python(),
        _packages(),
        *(_tool(name) for name in ("git", "make")),
        _node(),
        _page(),
        *(_port(key, default, what) for key, default, what in _PORTS),
        *_data_dir(),
    ]


def _python() -> Check:
    version = sys.version_info
    found = f"Python {version.major}.{version.minor}.{version.micro}"
    if PYTHONS[0] <= version[:2] <= PYTHONS[1]:
        return Check("python", Verdict.OK, found)
    return Check(
        "python", Verdict.FAIL, found, "Install Python 3.11, 3.12 or 3.13, remove .venv, and run `make setup`."
    )


def _packages() -> Check:
    missing = []
    for name in _RUNTIME:
        try:
            importlib.import_module(name)
        except ImportError:
            missing.append(name)
    if not missing:
        return Check("packages", Verdict.OK, f"{len(_RUNTIME)} runtime packages import")
    return Check("packages", Verdict.FAIL, f"missing: {', '.join(missing)}", "Run `make setup`.")


def _tool(name: str) -> Check:
    path = shutil.which(name)
    if path:
        return Check(name, Verdict.OK, path)
    return Check(name, Verdict.FAIL, "not found", f"Install it, for example `apt-get install {name}`.")


def _node() -> Check:
    """Node builds the page; a page that is built runs without it."""
    how = "Install Node 20.19, 22.12 or later (nodejs and npm); it is needed to build the page and for its tests."
    verdict = Verdict.WARN if _page().verdict is Verdict.OK else Verdict.FAIL
    if not shutil.which("node") or not shutil.which("npm"):
        return Check("node", verdict, "node or npm not found", how)
    answer = subprocess.run(["node", "--version"], capture_output=True, text=True, timeout=20, check=False)
    version = re.match(r"v(\d+)\.(\d+)", answer.stdout)
    if version and builds_the_page(int(version[1]), int(version[2])):
        return Check("node", Verdict.OK, f"node {answer.stdout.strip()}")
    return Check("node", verdict, f"node says {answer.stdout.strip() or answer.stderr.strip()!r}", how)


def builds_the_page(major: int, minor: int) -> bool:
    """Whether this Node is one that the page's build tool runs on."""
    return major >= NODES[-1][0] or any(major == known and minor >= least for known, least in NODES)


def _page() -> Check:
    if (ROOT / "frontend" / "dist" / "index.html").is_file():
        return Check("page", Verdict.OK, "built")
    return Check("page", Verdict.FAIL, "not built", "Run `make setup` in the project's folder.")


def _port(key: str, default: int, what: str) -> Check:
    text = os.environ.get(key, str(default))
    if not text.isdigit() or int(text) > 65_535:
        return Check(key, Verdict.FAIL, f"{text!r} is not a port", f"Set {key} to a number from 1 to 65535.")
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((LOOPBACK, int(text)))
        except OSError as error:
            return Check(
                key,
                Verdict.WARN,
                f"port {text} ({what}) is in use: {error.strerror}",
                f"If that is not `spy up` itself, start with `{key}={int(text) + 1} make run`, or stop what holds it.",
            )
    return Check(key, Verdict.OK, f"port {text} ({what}) is free")


def _data_dir() -> list[Check]:
    """The data folder can be made and written, and its disk has room."""
    folder = Path(os.environ.get(Env.DATA_DIR) or "var").absolute()
    existing = next(path for path in (folder, *folder.parents) if path.exists())
    how = f"Set {Env.DATA_DIR} to a folder you may write to."
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        return [Check(Env.DATA_DIR, Verdict.FAIL, f"{existing} cannot be written: {error.strerror}", how)]
    free = shutil.disk_usage(existing).free / 1e9
    room = Verdict.OK if free >= DISK_MIN_GB else Verdict.FAIL
    return [
        Check(Env.DATA_DIR, Verdict.OK, f"{folder} can be written"),
        Check("disk", room, f"{free:.1f} GB free", f"Free {DISK_MIN_GB:.0f} GB, or move the data: {how}"),
    ]
