"""What `spy scan` shows in a terminal: summary, findings, every contract. Formats only; computes no price."""

from __future__ import annotations

import math
import os
from typing import Final

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from apps.cli.scan_report import ScanReport, contract_text, flags_of, leg_text, ordered, smile_judges, smile_speaks
from apps.market.terms import SmileQuality

PIPED_COLUMNS: Final = 400
_QUALITY: Final = {
    SmileQuality.GOOD: "good",
    SmileQuality.LOW_CONFIDENCE: "LOW CONFIDENCE: too few fair values lie inside their quotes",
    SmileQuality.NOT_ENOUGH_STRIKES: "not enough quotes for a smile: bounds and crossings only",
    SmileQuality.NONE: "no quotes",
}


def print_table(report: ScanReport) -> None:
    """Summary, findings, then every contract in the window."""
    console = _console()
    for label, value in _summary(report):
        console.print(f"[bold]{label:<10}[/bold] {escape(value)}")
    for note in report.notes:
        console.print(f"[dim]{escape(note)}[/dim]")
    console.print()
    _print_findings(console, report)
    if len(report.chain):
        console.print(_contracts(report))


def _console() -> Console:
    """As wide as the terminal or as COLUMNS says; in a pipe, where neither bounds it, wide enough for all."""
    console = Console(highlight=False)
    bounded = console.is_terminal or "COLUMNS" in os.environ
    return console if bounded else Console(highlight=False, width=PIPED_COLUMNS)


def _summary(report: ScanReport) -> list[tuple[str, str]]:
    chain, result, parity = report.chain, report.result, report.parity
    chosen = "" if report.expiry_named else " (the first unexpired one in the file)"
    window = "all strikes" if report.window_percent is None else f"±{report.window_percent:g} % of the forward"
    forward = (
        f"{result.forward:.3f} from the options "
        f"(parity {parity.value:.3f} ± {parity.deviation:.3f}, {parity.count} strikes)"
        if math.isfinite(result.forward)
        else "not enough quotes: no strike has a live two-sided call and put"
    )
    smile = _QUALITY[result.smile]
    if result.degree is not None and smile_speaks(result):
        smile += (
            f"; degree {result.degree}, at-the-money vol {100 * result.atm_vol:.2f} %, "
            f"{100 * result.share_inside:.0f} % of fair values inside their quotes"
        )
    return [
        ("File", f"{report.path.name}: {report.file.format}, {report.file.symbol}"),
        ("Expiry", f"{report.expiry}{chosen}, {_span(chain.seconds_to_expiry)} away"),
        ("Quotes of", report.as_of.strftime("%Y-%m-%d %H:%M %Z")),
        ("State", f"{report.state} (a file scan runs every rule in any state)"),
        ("Contracts", f"{len(chain)} within {window}" if report.window_percent else f"{len(chain)}, {window}"),
        ("Forward", forward),
        ("Smile", smile),
    ]


def _print_findings(console: Console, report: ScanReport) -> None:
    findings = report.result.findings
    if not findings:
        console.print("[bold]Nothing out of line.[/bold]\n")
        return
    table = Table(title=f"{len(findings)} out of line", title_justify="left", pad_edge=False)
    for heading in ("Severity", "Kind", "Contract", "z", "Fair", "Edge net", "Worth", "Legs", "Why"):
        table.add_column(heading, justify="right" if heading in {"z", "Fair", "Edge net", "Worth"} else "left")
    for finding in findings:
        worth = finding.worth
        table.add_row(
            finding.severity.value,
            finding.kind.value,
            contract_text(finding.strike, is_call=finding.is_call),
            _text(finding.z, ".1f"),
            _text(finding.fair, ".3f"),
            _text(worth.edge_net, "+.3f") if worth else "",
            f"${worth.worth_usd:,.2f}" if worth else "",
            "  ".join(leg_text(report.chain, leg) for leg in finding.legs),
            ", ".join([*(reason.code.value for reason in finding.reasons), *(flag.value for flag in finding.flags)]),
        )
    console.print(table)
    console.print()


def _contracts(report: ScanReport) -> Table:
    table = Table(pad_edge=False)
    headings = ("Strike", "", "Bid", "Ask", "Mid vol %", "Fair vol %", "Fair", "Mid-fair c", "z", "Outside c", "Flags")
    for heading in headings:
        table.add_column(heading, justify="left" if heading in {"", "Flags"} else "right")
    chain, result = report.chain, report.result
    for row in ordered(chain):
        table.add_row(
            f"{chain.strike[row]:g}",
            "C" if chain.is_call[row] else "P",
            _text(chain.bid[row], ".2f"),
            _text(chain.ask[row], ".2f"),
            _text(100 * result.iv[row], ".2f"),
            _text(100 * result.fair_iv[row], ".2f") if smile_judges(result, row) else "",
            _text(result.fair[row], ".3f") if smile_judges(result, row) else "",
            _text(100 * result.deviation[row], "+.2f") if smile_judges(result, row) else "",
            _text(result.z[row], "+.1f") if smile_judges(result, row) else "",
            _text(100 * result.outside[row], "+.2f") if smile_judges(result, row) else "",
            flags_of(result, row),
        )
    return table


def _text(value: float, form: str) -> str:
    return format(float(value), form) if math.isfinite(value) else ""


def _span(seconds: float) -> str:
    days, rest = divmod(round(seconds), 86_400)
    hours, minutes = rest // 3_600, rest % 3_600 // 60
    return " ".join(
        part for part in (f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min") if part
    )
