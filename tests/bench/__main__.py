"""`python -m tests.bench`: every module here that defines `rows()`, one table. `--only NAME` runs one module.

A module's `rows()` returns a list of `Row`, one for each of its `BUDGETS`. Figures are ratios to a peer or floor of the
same run; nothing here fails because a figure is slow, only because a bench could not run. `--markdown` prints the table
once more as the README holds it.
"""

from __future__ import annotations

import argparse
import importlib
import os
import pkgutil
import sys
import time
import traceback
from collections.abc import Iterator

from rich.console import Console
from rich.markup import escape
from rich.table import Table

import tests.bench
from tests.bench.row import Budget, Row

HELPERS = {"__main__", "row"}
HEADINGS = ("bench", "what", "must", "aim", "measured", "lowest to highest", "against", "met", "note")


def bench_modules(only: str | None) -> Iterator[str]:
    """Names of the modules here that define `rows`, sorted. Raises SystemExit for an unknown `only`."""
    names = sorted(info.name for info in pkgutil.iter_modules(tests.bench.__path__) if info.name not in HELPERS)
    if only is not None and only not in names:
        raise SystemExit(f"no bench named {only}; there are {', '.join(names)}")
    for name in names if only is None else [only]:
        if hasattr(importlib.import_module(f"tests.bench.{name}"), "rows"):
            yield name


def budgets() -> list[Budget]:
    """Every budget that some module answers, in the order of the table."""
    return [budget for name in bench_modules(None) for budget in importlib.import_module(f"tests.bench.{name}").BUDGETS]


def main() -> int:
    """Run and print; 1 when a bench crashed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="one module of tests/bench, such as implied_vol")
    parser.add_argument("--markdown", action="store_true", help="print the table for the README too")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 200)
    load, started = os.getloadavg()[0], time.monotonic()
    found, crashed = measured(options.only, console)
    table = Table(title=f"load average {load:.1f} at the start; median of five", title_justify="left")
    for heading in HEADINGS:
        table.add_column(heading, overflow="fold")
    for name, row in found:
        budget, met = row.budget, {True: "yes", False: "NO", None: ""}[row.met]
        columns = (row.measured, row.span, row.against, met, row.note)
        table.add_row(*map(escape, (name, budget.what, budget.must, budget.aim, *columns)))
    console.print(table)
    console.print(f"{time.monotonic() - started:.0f} s in all")
    if options.markdown:
        for _, row in found:
            cells = (row.budget.what, row.budget.asked, row.measured, row.against)
            console.print(f"| {' | '.join(cells)} |", markup=False, soft_wrap=True)
    return 1 if crashed else 0


def measured(only: str | None, console: Console) -> tuple[list[tuple[str, Row]], int]:
    """Rows with the names of their modules, and how many modules could not run."""
    found: list[tuple[str, Row]] = []
    crashed = 0
    # all are imported before the first runs: the broker's library wants an event loop, which a bench may have closed
    for name in list(bench_modules(only)):
        started = time.monotonic()
        console.print(f"{name} ...", end=" ")
        try:
            found += [(name, row) for row in importlib.import_module(f"tests.bench.{name}").rows()]
        except Exception:  # one broken bench must not hide the others' figures
            crashed += 1
            console.print("failed")
            traceback.print_exc()
            continue
        console.print(f"{time.monotonic() - started:.0f} s")
    return found, crashed


if __name__ == "__main__":
    sys.exit(main())
