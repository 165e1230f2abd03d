"""What `spy scan --json` gives a script: plain values, null where there is none. Formats only; computes no price."""

from __future__ import annotations

import math
from typing import Any

from apps.cli.scan_report import ScanReport, flags_of, leg_text, ordered, smile_judges
from apps.market.findings import Finding


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
        "contracts": [_contract_json(report, row) for row in ordered(chain)],
        "findings": [_finding_json(report, finding) for finding in report.result.findings],
        "notes": list(report.notes),
    }


def _contract_json(report: ScanReport, row: int) -> dict[str, Any]:
    chain, result = report.chain, report.result
    judged = smile_judges(result, row)
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
        "flags": flags_of(result, row).split(),
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
        "legs": [leg_text(report.chain, leg) for leg in finding.legs],
        "reasons": [reason.code.value for reason in finding.reasons],
        "flags": [flag.value for flag in finding.flags],
    }


def _plain(value: float) -> float | None:
    return float(value) if math.isfinite(value) else None
