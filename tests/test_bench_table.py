"""The bench runner finds its modules and survives a broken one. No figure is checked here."""

from __future__ import annotations

import sys
import types

import pytest

import tests.bench.__main__ as runner
from tests.bench.row import Row, median_of_five


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

    modules = {"good": [Row("IV", "≤ 1×", "", "0.5×", met=True)], "bad": None}
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


def test_the_median_of_five_is_the_middle_one() -> None:
    values = iter([5.0, 1.0, 4.0, 2.0, 3.0])
    assert median_of_five(lambda: next(values)) == 3.0
