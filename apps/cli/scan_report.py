"""What `spy scan` shows: the tables for a terminal and the JSON for a script. Formats only; computes no price."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date, datetime
from pathlib import Path
from typing import Any, Final

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from apps.cli.chain_file_rows import ChainFile
from apps.market.calendar import NEW_YORK
from apps.market.chain import Chain
from apps.market.findings import STOCK_ROW, Finding, FindingLeg, ScanResult
from apps.market.forward import ParityForward
from apps.market.terms import QuoteBit, SmileQuality

_QUALITY: Final = {
    SmileQuality.GOOD: "good",
    SmileQuality.LOW_CONFIDENCE: "LOW CONFIDENCE: too few fair values lie inside their quotes",
    SmileQuality.NOT_ENOUGH_STRIKES: "not enough quotes for a smile: bounds and crossings only",
    SmileQuality.NONE: "no quotes",
}


@dataclass(frozen=True, slots=True)
class ScanReport:
    """One scan of one file. `window_percent` None is all; `state` is the session's state by the clock."""

    path: Path
    file: ChainFile
    expiry: date
    expiry_named: bool
    window_percent: float | None
    chain: Chain
    result: ScanResult
    parity: ParityForward
    state: str
    notes: tuple[str, ...]

    @property
    def as_of(self) -> datetime:
        """The instant of the quotes, New York."""
        return datetime.fromtimestamp(self.chain.market_time, NEW_YORK)


def smile_speaks(result: ScanResult) -> bool:
    """Whether there were strikes enough for a smile at all."""
    return result.smile in {SmileQuality.GOOD, SmileQuality.LOW_CONFIDENCE}


def print_table(report: ScanReport) -> None:
    """Summary, findings, then every contract in the window."""
    console = Console(highlight=False, soft_wrap=False)
    for label, value in _summary(report):
        console.print(f"[bold]{label:<10}[/bold] {escape(value)}")
    for note in report.notes:
        console.print(f"[dim]{escape(note)}[/dim]")
    console.print()
    _print_findings(console, report)
    if len(report.chain):
        console.print(_contracts(report))


def report_json(report: ScanReport) -> dict[str, Any]:
    """The same as plain values; null where there is none. Prices in dollars per share, vols as fractions."""
    result, chain = report.result, report.chain
    return {
        "file": report.path.name,
        "format": report.file.format,
        "symbol": report.file.symbol,
        "expiry": report.expiry.isoformat(),
        "as_of": report.as_of.isoformat(),
        "seconds_to_expiry": chain.seconds_to_expiry,
        "state": report.state,
        "window_percent": report.window_percent,
        "forward": _plain(result.forward),
        "parity_forward": {
            "value": _plain(report.parity.value),
            "deviation": _plain(report.parity.deviation),
            "strikes": report.parity.strikes.tolist(),
        },
        "smile": {
            "quality": result.smile.value,
            "degree": result.degree,
            "share_inside": _plain(result.share_inside),
            "atm_vol": _plain(result.atm_vol),
        },
        "contracts": [_contract_json(report, row) for row in _ordered(chain)],
        "findings": [_finding_json(report, finding) for finding in report.result.findings],
        "notes": list(report.notes),
    }


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
            _name(finding.strike, is_call=finding.is_call),
            _text(finding.z, ".1f"),
            _text(finding.fair, ".3f"),
            _text(worth.edge_net, "+.3f") if worth else "",
            f"${worth.worth_usd:,.2f}" if worth else "",
            "  ".join(_leg(report.chain, leg) for leg in finding.legs),
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
    for row in _ordered(chain):
        table.add_row(
            f"{chain.strike[row]:g}",
            "C" if chain.is_call[row] else "P",
            _text(chain.bid[row], ".2f"),
            _text(chain.ask[row], ".2f"),
            _text(100 * result.iv[row], ".2f"),
            _text(100 * result.fair_iv[row], ".2f") if _smile_judges(result, row) else "",
            _text(result.fair[row], ".3f") if _smile_judges(result, row) else "",
            _text(100 * result.deviation[row], "+.2f") if _smile_judges(result, row) else "",
            _text(result.z[row], "+.1f") if _smile_judges(result, row) else "",
            _text(100 * result.outside[row], "+.2f") if _smile_judges(result, row) else "",
            _flags(result, row),
        )
    return table


def _smile_judges(result: ScanResult, row: int) -> bool:
    """Whether the smile has a say: not beyond |y| = 4 (no fair vol there), on too few strikes or without a quote."""
    return smile_speaks(result) and bool(np.isfinite(result.z[row]) and np.isfinite(result.fair_iv[row]))


def _flags(result: ScanResult, row: int) -> str:
    bits = QuoteBit(int(result.quote_flags[row])) & ~QuoteBit.LOW_CONFIDENCE
    names = [bit.name for bit in QuoteBit if bit and bit & bits and bit.name]
    return " ".join(names)


def _contract_json(report: ScanReport, row: int) -> dict[str, Any]:
    chain, result = report.chain, report.result
    judged = _smile_judges(result, row)
    return {
        "strike": float(chain.strike[row]),
        "option_type": "CALL" if chain.is_call[row] else "PUT",
        "bid": _plain(chain.bid[row]),
        "ask": _plain(chain.ask[row]),
        "mid_vol": _plain(result.iv[row]),
        "bid_vol": _plain(result.bid_iv[row]),
        "ask_vol": _plain(result.ask_iv[row]),
        "fair": _plain(result.fair[row]) if judged else None,
        "fair_vol": _plain(result.fair_iv[row]) if judged else None,
        "delta": _plain(result.delta[row]) if judged else None,
        "z": _plain(result.z[row]) if judged else None,
        "outside": _plain(result.outside[row]) if judged else None,
        "flags": _flags(result, row).split(),
        "judged_by": "smile, bounds and arbitrage" if judged else "bounds and arbitrage",
    }


def _finding_json(report: ScanReport, finding: Finding) -> dict[str, Any]:
    worth = finding.worth
    return {
        "kind": finding.kind.value,
        "severity": finding.severity.value,
        "strike": finding.strike,
        "option_type": "CALL" if finding.is_call else "PUT",
        "z": _plain(finding.z),
        "fair": _plain(finding.fair),
        "outside": _plain(finding.outside),
        "worth": None
        if worth is None
        else {
            "edge_touch": _plain(worth.edge_touch),
            "edge_net": _plain(worth.edge_net),
            "size": worth.size,
            "worth_usd": _plain(worth.worth_usd),
            "worth_usd_one": _plain(worth.worth_usd_one),
        },
        "legs": [_leg(report.chain, leg) for leg in finding.legs],
        "reasons": [reason.code.value for reason in finding.reasons],
        "flags": [flag.value for flag in finding.flags],
    }


def _leg(chain: Chain, leg: FindingLeg) -> str:
    side = "buy" if leg.buy else "sell"
    ratio = "" if leg.ratio == 1 else f"{leg.ratio:g} "
    if leg.row == STOCK_ROW:
        price = chain.underlying.ask if leg.buy else chain.underlying.bid
        return f"{side} {ratio}{chain.symbol} at {price:.2f}"
    price = float((chain.ask if leg.buy else chain.bid)[leg.row])
    return f"{side} {ratio}{_name(float(chain.strike[leg.row]), is_call=bool(chain.is_call[leg.row]))} at {price:.2f}"


def _name(strike: float, *, is_call: bool) -> str:
    return f"{strike:g} {'C' if is_call else 'P'}"


def _ordered(chain: Chain) -> list[int]:
    """Rows by strike, the call before the put."""
    return [int(row) for row in np.lexsort((~chain.is_call, chain.strike))]


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None


def _text(value: float, form: str) -> str:
    return format(float(value), form) if math.isfinite(value) else ""


def _span(seconds: float) -> str:
    days, rest = divmod(round(seconds), 86_400)
    hours, minutes = rest // 3_600, rest % 3_600 // 60
    return " ".join(
        part for part in (f"{days} d" if days else "", f"{hours} h" if hours else "", f"{minutes} min") if part
    )
