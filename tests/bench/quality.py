"""`python -m tests.bench.quality`: detection per scan on two generated families, its controls, and false episodes.

The stretch through the socket runs in real time beside all the rest: thirty minutes of the hour are not waited for.
Exit code 1 when a must of the architecture's section 7 does not hold. `--chains N` for a quick look; the printed seed
repeats every figure.
"""

from __future__ import annotations

import argparse
import sys
import time

from rich.console import Console
from rich.progress import Progress
from rich.table import Table

from apps.simulator.families import FAMILIES
from tests.bench.false_episodes import MUST, print_sessions
from tests.bench.quality_controls import lagged, real_injections, w_shaped
from tests.bench.quality_detection import (
    AIM,
    BASELINE,
    MARGIN,
    PRECISION_LEAST,
    Tally,
    cells,
    tally_cell,
)
from tests.bench.socket_stretch import SESSION_MINUTES, RunningStretch, print_stretch, running_stretch

CHAINS = 1002
"""A cell: a third each with 1, 3 and 5 planted errors."""

SEED = 20_250_519


def judged(tally: Tally, key: tuple[str, float, float]) -> tuple[tuple[float, float, float], bool, bool]:
    """((recall at 3, at 5, precision), none below the baseline by more than the margin, all at the aim)."""
    figures = (tally.recall(3.0), tally.recall(5.0), tally.precision)
    must = all(figure >= base - MARGIN for figure, base in zip(figures, BASELINE[key], strict=True))
    return figures, must, all(figure >= aim for figure, aim in zip(figures, AIM[key[2]], strict=True))


def detection_table(chains: int, seed: int, console: Console) -> bool:
    """Print the table of every cell; False when one is below its baseline by more than the margin."""
    table = Table(title=f"detection per scan, {chains} chains a cell, seed {seed}", title_justify="left")
    for heading in ("family", "window", "hours", "r3 base/aim", "r5 base/aim", "precision base/aim", "false a scan"):
        table.add_column(heading)
    for heading in ("found/planted at 1, 1.5, 2, 3, 5, 10 half-spreads", "false", "must", "aim"):
        table.add_column(heading)
    good = True
    with Progress(console=console, transient=True) as progress:
        task = progress.add_task("cells", total=18)
        for family in FAMILIES:
            for window, low, high in cells(family):
                tally = tally_cell(family, window, (low, high), chains=chains, seed=seed)
                figures, must, aim = judged(tally, (family, window, low))
                good &= must
                bases = zip(figures, BASELINE[(family, window, low)], AIM[low], strict=True)
                shown = [f"{figure:.2f} {base:.2f}/{target:.2f}" for figure, base, target in bases]
                counts = " ".join(f"{tally.found[size]}/{tally.planted[size]}" for size in sorted(tally.planted))
                capped = "" if tally.precision >= PRECISION_LEAST else " (capped at LOW)"
                row = (f"±{window:.0%}", f"{low:g}-{high:g}", *shown, f"{tally.false_per_scan:.3f}", counts)
                table.add_row(family, *row, f"{tally.false}{capped}", "yes" if must else "NO", "yes" if aim else "")
                progress.advance(task)
                if not console.is_terminal:
                    console.print(f"{family} ±{window:.0%} {low:g}-{high:g} h: {'; '.join(shown)}")
    console.print(table)
    return good


def control_lines(chains: int, seed: int, console: Console) -> bool:
    """Print the three controls; False when a must of theirs does not hold."""
    shaped = w_shaped(chains, seed)
    quiet = shaped.above_low == 0 and shaped.low_confidence >= 0.95 * shaped.chains
    console.print(
        f"(a) W-shaped event day: {shaped.above_low} of {shaped.chains} chains above LOW (must 0); LOW_CONFIDENCE on "
        f"{shaped.low_confidence} (must 95 %): {'yes' if quiet else 'NO'}"
    )
    for family in FAMILIES:
        late = lagged(family, chains, seed)
        console.print(
            f"(b) three late neighbours, {family}: a flag on one of them in {late.flagged} of {late.chains} chains, "
            f"on another contract in {late.elsewhere}"
        )
    tally = real_injections(chains, seed)
    sizes = ", ".join(f"{size:g}: {tally.found[size]}/{tally.planted[size]}" for size in sorted(tally.planted))
    console.print(
        f"(c) real SPY chain of 16 May 2025, expiry 19 May, at its own time: found/planted {sizes}; precision "
        f"{tally.precision:.2f}, false a scan {tally.false_per_scan:.2f}"
    )
    return quiet


def main() -> int:
    """Run everything; 0 when every must holds."""
    parser = argparse.ArgumentParser(prog="python -m tests.bench.quality", description=__doc__)
    parser.add_argument("--chains", type=int, default=CHAINS, help="chains a cell (default %(default)s)")
    parser.add_argument("--seed", type=int, default=SEED, help="repeats a run (default %(default)s)")
    parser.add_argument("--sessions", type=int, default=3, help="clean sessions a family; 0 leaves them out")
    parser.add_argument("--stretch-minutes", type=float, default=30, help="through the socket; 0 leaves it out")
    parser.add_argument("--session-minutes", type=float, default=SESSION_MINUTES, help="less for a quick look")
    options = parser.parse_args()
    console = Console(width=None if sys.stdout.isatty() else 200)
    started = time.monotonic()
    with running_stretch(options.seed % 1000, options.stretch_minutes) as stretch:
        good = detection_table(options.chains, options.seed, console)
        good &= control_lines(min(options.chains, 1000), options.seed, console)
        console.print(f"{time.monotonic() - started:.0f} s: table and controls done")
        good &= false_episodes(options, stretch, console)
    console.print(f"{time.monotonic() - started:.0f} s; {'every must holds' if good else 'A MUST DOES NOT HOLD'}")
    return 0 if good else 1


def false_episodes(options: argparse.Namespace, stretch: RunningStretch | None, console: Console) -> bool:
    """The sessions in process, and what is left of the stretch; False when a limit of either does not hold."""
    good = True
    if options.sessions:
        good &= print_sessions(
            options.sessions,
            options.seed,
            console,
            seconds=60 * options.session_minutes,
            more_progress=lambda: f"; {stretch.progress()}" if stretch else "",
        )
    if stretch:
        good &= print_stretch(stretch, MUST, console)
    return good


if __name__ == "__main__":
    sys.exit(main())
