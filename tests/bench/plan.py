"""The golden plan of the largest stack: the whole command, against loading the packages that it declares with."""

from __future__ import annotations

import resource
import subprocess
import time
from pathlib import Path

from tests.bench.row import ROUNDS, Budget, Row, rounds_of

ROOT = Path(__file__).parents[2]
PYTHON = ROOT / ".venv-infra" / "bin" / "python"
MUST_SECONDS = 10.0
STACK = "prod"
"""The stack with the most resources."""

GOLDEN_PLAN = Budget("golden plan", "≤ 10 s per stack, offline", "6 s")
BUDGETS = (GOLDEN_PLAN,)

LOADING = """
from infra.cloud_model import resource_class
from infra.plan import documents, store
plan = documents.parsed("{stack}", store.committed("{stack}"))
for type_ in {{one.type for one in plan.resources.values()}}:
    resource_class(type_)
"""


def processor_seconds() -> float:
    """What all programs started from here have used."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def seconds(*arguments: str) -> float:
    """Wall seconds of one run of the program's interpreter. Raises CalledProcessError where it crashes."""
    started = time.perf_counter()
    ran = subprocess.run([PYTHON, *arguments], cwd=ROOT, capture_output=True, check=False)
    took = time.perf_counter() - started
    if ran.returncode not in {0, 1}:  # 1: the plan differs from the committed one, which is no matter of speed
        raise subprocess.CalledProcessError(ran.returncode, arguments, ran.stdout, ran.stderr)
    return took


def rows() -> list[Row]:
    """Median of five whole commands: interpreter, imports, recording, comparison, print."""
    before = processor_seconds()
    plan = rounds_of(lambda: seconds("-m", "infra.cli", "plan", STACK))
    processor = (processor_seconds() - before) / ROUNDS
    loading = rounds_of(lambda: seconds("-c", LOADING.format(stack=STACK)))
    return [
        Row(
            GOLDEN_PLAN,
            f"{plan.median:.1f} s for {STACK}",
            f"{plan.median / loading.median:.1f}× loading its packages ({loading.median:.1f} s)",
            plan.span(".1f"),
            f"{processor:.1f} s of processor time; no CLI, no cloud, no network",
            met=plan.median <= MUST_SECONDS,
        )
    ]
