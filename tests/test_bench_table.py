"""The bench runner finds its modules and survives a broken one; the README has its rows. No figure is checked here."""

from __future__ import annotations

import re
import sys
import types
from pathlib import Path

import pytest

import tests.bench.__main__ as runner
from apps.contracts.enums import Severity
from tests.bench.row import Budget, Rounds, Row, rounds_of
from tests.bench.socket_stretch import limits

README = Path(__file__).parents[1] / "README.md"


def test_modules_with_rows_are_found_and_helpers_are_not() -> None:
    found = set(runner.bench_modules(None))
    assert {"implied_vol", "scan"} <= found
    assert not found & runner.HELPERS


def test_an_unknown_bench_is_named_with_those_there_are() -> None:
    with pytest.raises(SystemExit, match=r"no bench named speed; there are .*implied_vol"):
        list(runner.bench_modules("speed"))


def test_a_broken_bench_does_not_hide_the_others(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def broken() -> list[Row]:
        raise RuntimeError("no peer")

    modules = {"good": [Row(Budget("IV", "≤ 1×"), "0.5×", met=True)], "bad": None}
    for name, rows in modules.items():
        module = types.ModuleType(f"tests.bench.{name}")
        module.rows = broken if rows is None else lambda rows=rows: rows  # type: ignore[attr-defined]
        monkeypatch.setitem(sys.modules, f"tests.bench.{name}", module)
    monkeypatch.setattr(runner, "bench_modules", lambda _: iter(["bad", "good"]))
    monkeypatch.setattr(sys, "argv", ["bench"])
    assert runner.main() == 1
    printed = capsys.readouterr()
    assert "0.5×" in printed.out
    assert "no peer" in printed.err


def readme_table() -> list[list[str]]:
    """The cells of the rows under `What it reaches`, up to the table's end."""
    table = README.read_text().partition("## What it reaches")[2].partition("| --- | --- | --- | --- |\n")[2]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in table.partition("\n\n")[0].splitlines()]


def test_every_bench_names_the_budgets_it_answers() -> None:
    for name in runner.bench_modules(None):
        assert sys.modules[f"tests.bench.{name}"].BUDGETS, name


def test_the_readme_shows_every_budget_that_has_a_must_in_the_benchs_own_words() -> None:
    shown = {(what, asked) for what, asked, *_ in readme_table()}
    assert {(budget.what, budget.must) for budget in runner.budgets() if budget.must} <= shown
    assert shown <= {(budget.what, budget.asked) for budget in runner.budgets()}


def test_every_row_of_the_readme_has_a_figure() -> None:
    assert all(re.search(r"\d", measured) for _, _, measured, *_ in readme_table())


def test_what_is_shown_is_the_middle_of_five_with_the_lowest_and_the_highest() -> None:
    values = iter([5.0, 1.0, 4.0, 2.0, 3.0])
    rounds = rounds_of(lambda: next(values))
    assert rounds == Rounds((5.0, 1.0, 4.0, 2.0, 3.0))
    assert rounds.median == 3.0
    assert rounds.span(".1f") == "1.0 to 5.0"


def test_the_table_can_be_printed_as_the_readme_holds_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    module = types.ModuleType("tests.bench.aimed")
    module.rows = lambda: [Row(Budget("hub, [500] clients", "", "no loss"), "0 lost", "5 % of a core")]  # type: ignore[attr-defined]
    monkeypatch.setitem(sys.modules, "tests.bench.aimed", module)
    monkeypatch.setattr(runner, "bench_modules", lambda _: iter(["aimed"]))
    monkeypatch.setattr(sys, "argv", ["bench", "--markdown"])
    assert runner.main() == 0
    assert "| hub, [500] clients | aim: no loss | 0 lost | 5 % of a core |\n" in capsys.readouterr().out


def test_a_short_stretch_is_held_to_its_share_of_the_sessions_limits_rounded_up() -> None:
    must = {Severity.HIGH: 1.0, Severity.MEDIUM: 5.0, Severity.LOW: 30.0}
    assert limits(must, 30) == {Severity.HIGH: 1, Severity.MEDIUM: 1, Severity.LOW: 3}
    assert limits(must, 390) == {Severity.HIGH: 1, Severity.MEDIUM: 5, Severity.LOW: 30}
