"""`spy scan FILE`: judge one chain from a file with the live rules and print the table. Stores and sends nothing."""

from __future__ import annotations

import dataclasses
import json
import math
from datetime import datetime
from pathlib import Path
from typing import Annotated

import numpy as np
import typer

from apps.cli.chain_file_rows import ChainFile, ChainFileError
from apps.cli.chain_files import build_chain, read_chain_file
from apps.cli.scan_json import report_json
from apps.cli.scan_moment import Moment, choose_expiry, moment_of, odd_expiries
from apps.cli.scan_report import ScanReport
from apps.cli.scan_table import print_table
from apps.market.calendar import NEW_YORK
from apps.market.chain import BoolArray, Chain
from apps.market.forward import parity_forward
from apps.market.memory import ScanMemory
from apps.market.scan import scan as judge
from apps.market.settings import ScanSettings


def register(app: typer.Typer) -> None:
    """Add `spy scan`."""

    @app.command()
    def scan(
        file: Annotated[Path, typer.Argument(help="Cboe export, Lean quote zip, or chain CSV.", show_default=False)],
        *,
        expiry: Annotated[str | None, typer.Option(help="YYYY-MM-DD; default: the first unexpired one.")] = None,
        as_of: Annotated[
            str | None,
            typer.Option(
                "--as-of",
                help="When the quotes were good, ISO with offset. Default: the file's stamp minus its delay "
                "(15 minutes for Cboe), not later than that session's option close (16:15).",
            ),
        ] = None,
        at: Annotated[str | None, typer.Option(help="HH:MM New York: the minute of a Lean zip.")] = None,
        window: Annotated[str, typer.Option(help="Percent of strikes around the forward, or `all`.")] = "2",
        as_json: Annotated[bool, typer.Option("--json", help="One JSON document instead of the tables.")] = False,
    ) -> None:
        """Find quotes out of line in a chain file, with the rules that run live.

        The forward comes from the options themselves (put-call parity), never from the stock's last price. The state
        of the session is printed and switches no rule off. A CSV needs the columns expiry, strike, right (C or P),
        bid, ask; it may have bid_size, ask_size, last, volume, open_interest, symbol, style (american or european),
        as_of, underlying_bid, underlying_ask, underlying_last. Empty means "no quote"; see docs/scan.md.

        Example: `spy scan spy_quotedata_20250516.csv --expiry 2025-05-19 --as-of 2025-05-16T16:15-04:00`
        """
        try:
            report = scan_file(file, expiry=expiry, as_of=as_of, at=at, window=window)
        except ChainFileError as error:
            typer.echo(str(error), err=True)
            raise typer.Exit(2) from error
        if as_json:
            typer.echo(json.dumps(report_json(report), ensure_ascii=False))
        else:
            print_table(report)


def scan_file(
    path: Path, *, expiry: str | None = None, as_of: str | None = None, at: str | None = None, window: str = "2"
) -> ScanReport:
    """Read, choose expiry and instant, scan. Raises ChainFileError, whose message is one sentence for the user."""
    width = _window(window)
    if at is not None and as_of is not None:
        raise ChainFileError("--at and --as-of both choose the instant; give one of them.")
    file = read_chain_file(path, at=at)
    moment = moment_of(file, as_of)
    chosen = choose_expiry(file, moment, expiry)
    seconds = moment.expiry_instant(chosen) - moment.as_of
    whole = build_chain(file, chosen, moment.as_of, seconds, stock=moment.stock_is_current)
    forward = parity_forward(whole.strike, whole.is_call, whole.bid, whole.ask).value
    measured = width if math.isfinite(forward) else None
    kept = _inside(whole, forward, measured)
    if not kept.any():
        raise ChainFileError(f"No strike of {chosen} lies within ±{width:g} % of the forward; widen --window.")
    chain = _restrict(whole, kept)
    result = judge(chain, ScanMemory(), ScanSettings(tick=file.tick))
    return ScanReport(
        path=path,
        file=file,
        expiry=chosen,
        expiry_named=expiry is not None,
        window_percent=measured,
        chain=chain,
        result=result,
        parity=parity_forward(chain.strike, chain.is_call, chain.bid, chain.ask),
        state=moment.state(chosen),
        notes=_notes(file, moment, left_out=len(whole) - len(chain), not_measured=None if measured else width),
    )


def _window(text: str) -> float | None:
    """Percent, or None for all."""
    if text.strip().lower() == "all":
        return None
    try:
        value = float(text.strip().rstrip("%"))
    except ValueError:
        value = math.nan
    if not 0 < value <= 100:
        raise ChainFileError(f"--window is {text[:40]!r}; write a percentage from above 0 to 100, such as 2, or all.")
    return value


def _inside(chain: Chain, forward: float, width: float | None) -> BoolArray:
    """Rows within `width` percent of the options' own forward; without a width all."""
    if width is None:
        return np.ones(len(chain), dtype=bool)
    return np.asarray(np.abs(chain.strike / forward - 1) <= width / 100)


def _restrict(chain: Chain, kept: BoolArray) -> Chain:
    columns = {
        field.name: getattr(chain, field.name)[kept]
        for field in dataclasses.fields(chain)
        if isinstance(getattr(chain, field.name), np.ndarray)
    }
    return dataclasses.replace(chain, **columns)


def _notes(file: ChainFile, moment: Moment, *, left_out: int, not_measured: float | None) -> tuple[str, ...]:
    notes = [f"Left out: {error}" for error in odd_expiries(file, moment).values()]
    if not moment.stock_is_current and math.isfinite(file.underlying_last):
        quoted = datetime.fromtimestamp(moment.quoted_at, NEW_YORK).strftime("%Y-%m-%d %H:%M")
        notes.append(
            f"The file's last price of the underlying, {file.underlying_last:g}, is of {quoted} New York: not used."
        )
    if left_out:
        notes.append(f"{left_out} contracts outside the window were left out; --window all takes them in.")
    if not_measured:
        notes.append(f"There is no forward to measure ±{not_measured:g} % from: every strike is taken in.")
    return tuple(notes)
