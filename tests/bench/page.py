"""Before the page shows anything: what it weighs, and how long the whole local platform takes to its first frame."""

from __future__ import annotations

import gzip
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from tests.bench.row import ROUNDS, Budget, Rounds, Row
from tests.local_platform import running_platform

ROOT = Path(__file__).parents[2]
DIST = ROOT / "frontend" / "dist"
START_MUST_SECONDS, WEIGHT_MUST_KB = 10.0, 90.0
START = Budget("local start: command to first live frame", f"≤ {START_MUST_SECONDS:.0f} s", "5 s")
WEIGHT = Budget("page, first view, gzip", f"≤ {WEIGHT_MUST_KB:.0f} KB", "75 KB")
BUDGETS = (START, WEIGHT)


def rows() -> list[Row]:
    """Both."""
    return [_start(), _weight()]


def _start() -> Row:
    starts = Rounds.of(_platform_start() for _ in range(ROUNDS))
    floor = Rounds.of(_detector_import() for _ in range(ROUNDS)).median
    return Row(
        START,
        measured=f"{starts.median:.1f} s",
        against=f"{starts.median / floor:.1f}x the import of the detector alone ({floor:.1f} s)",
        span=f"{starts.span('.1f')} s",
        met=starts.median <= START_MUST_SECONDS,
    )


def _platform_start() -> float:
    with tempfile.TemporaryDirectory() as folder:
        began = time.monotonic()
        with running_platform(Path(folder)):
            return time.monotonic() - began


def _detector_import() -> float:
    began = time.monotonic()
    subprocess.run([sys.executable, "-c", "import apps.detector.service"], check=True, cwd=ROOT)
    return time.monotonic() - began


def _weight() -> Row:
    kinds = {".js", ".css", ".html"}
    packed = [gzip.compress(path.read_bytes(), 9) for path in DIST.rglob("*") if path.suffix in kinds]
    total = sum(map(len, packed)) / 1024
    return Row(
        WEIGHT,
        f"{total:.1f} KB",
        "signalr and uPlot alone are 36.5 KB",
        note="one reading",
        met=total <= WEIGHT_MUST_KB,
    )
