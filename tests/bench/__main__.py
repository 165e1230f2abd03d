"""`python -m tests.bench`: every module here that defines `rows()`, one table. `--only NAME` runs one module.

A module's `rows()` returns a list of `Row`. Figures are ratios to a peer or floor of the same run; nothing here fails
because a figure is slow, only because a bench could not run.
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
from tests.bench.row import Row

HELPERS = {"__main__", "row"}


def bench_modules(only: str | None) -> Iterator[str]:
    """Names of the modules here that define `rows`, sorted. Raises SystemExit for an unknown `only`."""
    names = sorted(info.name for info in pkgutil.iter_modules(tests.bench.__path__) if info.name not in HELPERS)
    if only is not None and only not in names:
        raise SystemExit(f"no bench named {only}; there are {', '.join(names)}")
    for name in names if only is None else [only]:
        if hasattr(importlib.import_module(f"tests.bench.{name}"), "rows"):
            yield name


def main() -> int:
    """Run and print; 1 when a bench crashed, else 0."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--only", metavar="NAME", help="one module of tests/bench, such as implied_vol")
    only = parser.parse_args().only
    console = Console(width=None if sys.stdout.isatty() else 180)
    table = Table(title=f"load average {os.getloadavg()[0]:.1f} at the start; median of five", title_justify="left")
    for heading in ("bench", "what", "must", "aim", "measured", "against", "met", "note"):
        table.add_column(heading, overflow="fold")
    crashed = 0
    # all are imported before the first runs: the broker's library wants an event loop, which a bench may have closed
    for name in list(bench_modules(only)):
        started = time.monotonic()
        console.print(f"{name} ...", end=" ")
        try:
            rows: list[Row] = importlib.import_module(f"tests.bench.{name}").rows()
        except Exception:  # one broken bench must not hide the others' figures
            crashed += 1
            console.print("failed")
            traceback.print_exc()
            continue
        console.print(f"{time.monotonic() - started:.0f} s")
        for row in rows:
            met = {True: "yes", False: "NO", None: ""}[row.met]
            table.add_row(*map(escape, (name, row.what, row.must, row.aim, row.measured, row.ratio_to, met, row.note)))
    console.print(table)
    return 1 if crashed else 0


if __name__ == "__main__":
    sys.exit(main())
