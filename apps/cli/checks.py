"""What a check of `spy doctor` found, and how it is printed. Checks nothing itself."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from enum import StrEnum

import typer


class Verdict(StrEnum):
    """How a check ended. ASK: only a person can know."""

    OK = "ok"
    WARN = "warn"
    FAIL = "fail"
    ASK = "ask"


@dataclass(frozen=True, slots=True)
class Check:
    """One line: what was looked at, what was found, and what to do when it is not as it should be."""

    name: str
    verdict: Verdict
    found: str
    do: str = ""


_MARKS = {
    Verdict.OK: ("ok  ", typer.colors.GREEN),
    Verdict.WARN: ("warn", typer.colors.YELLOW),
    Verdict.FAIL: ("FAIL", typer.colors.RED),
    Verdict.ASK: ("?   ", typer.colors.CYAN),
}


def print_checks(checks: Sequence[Check], *, as_json: bool) -> None:
    """One line a check with what to do below it, or one JSON document."""
    if as_json:
        failed = any(check.verdict is Verdict.FAIL for check in checks)
        typer.echo(json.dumps({"ok": not failed, "checks": [asdict(check) for check in checks]}, indent=2))
        return
    for check in checks:
        mark, colour = _MARKS[check.verdict]
        typer.echo(f"{typer.style(mark, fg=colour)}  {check.name}: {check.found}")
        if check.do and check.verdict is not Verdict.OK:
            typer.echo(f"      {check.do}")


def exit_code(checks: Sequence[Check]) -> int:
    """1 when a check failed, else 0."""
    return int(any(check.verdict is Verdict.FAIL for check in checks))
