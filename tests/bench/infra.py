"""A first up of prod without the gateway: simulated from the plan's edges, beside the time of the program itself.

Deploys nothing. The minutes are the sum of stacks/latencies.yaml along the longest chain, many of them estimates; only
the program's own seconds are measured.
"""

from __future__ import annotations

import json
import subprocess
from pathlib import Path
from typing import Any

from tests.bench.row import ROUNDS, Budget, Rounds, Row

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-infra" / "bin" / "python"
STACK = "prod"
MUST_MINUTES = 10.0
CLOUD = Budget("cloud without gateway, first up, simulated", f"≤ {MUST_MINUTES:.0f} min", "5 min")
BUDGETS = (CLOUD,)

FIGURES = """
import time
began = time.perf_counter()
import json, pathlib
from infra import critical_path
from infra.plan import record
from stacks.load import for_plan, load
settings = for_plan(load("{stack}", pathlib.Path()))
plan = record(settings)
loaded = time.perf_counter()
record(settings)
again = time.perf_counter()
steps = critical_path.critical_path(plan, without=("vpn",))
print(json.dumps({{
    "whole": loaded - began,
    "imported": again - loaded,
    "steps": [[step.path, step.seconds] for step in steps],
}}))
"""
"""Run in the program's environment: the whole program, the same once more with all packages imported, and the path."""


def rows() -> list[Row]:
    """One: the path, against the median of five runs of the program."""
    runs = [_figures() for _ in range(ROUNDS)]
    whole = Rounds.of(run["whole"] for run in runs)
    imports = Rounds.of(1 - run["imported"] / run["whole"] for run in runs)
    steps: list[tuple[str, float]] = runs[0]["steps"]
    minutes = sum(seconds for _, seconds in steps) / 60
    longest, its_seconds = max(steps, key=lambda step: step[1])
    return [
        Row(
            CLOUD,
            f"{minutes:.1f} min for {STACK}, simulated",
            f"the program itself, recorded: {whole.median:.1f} s, {imports.median:.0%} of it imports",
            f"program {whole.span('.1f')} s",
            f"latencies seen or estimated (stacks/latencies.yaml); {len(steps)} steps, the longest {longest}, "
            f"{its_seconds:.0f} s",
            met=minutes <= MUST_MINUTES,
        )
    ]


def _figures() -> dict[str, Any]:
    """Of one run in an interpreter of its own. Raises CalledProcessError where the program fails."""
    command = [PYTHON, "-c", FIGURES.format(stack=STACK)]
    ran = subprocess.run(command, cwd=ROOT, check=True, capture_output=True, text=True)
    figures: dict[str, Any] = json.loads(ran.stdout)
    return figures
