"""`spy cost` as an operator uses it: every line beside the owner's, what was added by name, a verdict as exit code."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from infra import cost_command
from infra.cli import app
from stacks import prices as prices_module

ROOT = Path(__file__).parents[2]


def run(*arguments: str) -> tuple[int, str, str]:
    result = CliRunner().invoke(app, ["cost", *arguments])
    return result.exit_code, result.stdout, result.stderr


def bill(stack: str) -> dict[str, Any]:
    code, out, _ = run(stack, "--json")
    assert code == 0
    answer: dict[str, Any] = json.loads(out)
    return answer


def test_prod_is_shown_beside_both_of_the_owners_tables_and_what_was_added_is_named() -> None:
    code, out, _ = run("prod")
    assert code == 0
    for said in (
        "53.00",
        "62.50",
        "Public IP 3.65",
        "Private endpoint 7.30",
        "Logs and traces",
        "within the budget of 70",
    ):
        assert said in out


def test_the_lines_are_the_sum_and_the_differences_are_what_was_added_and_saved() -> None:
    prod = bill("prod")
    assert prod["monthly"] == pytest.approx(sum(line["usd"] for line in prod["lines"]), abs=0.02)
    assert (prod["owner"], prod["ownerTotal"]) == (53, 62.5)
    assert prod["total"] - prod["ownerTotal"] == pytest.approx(prod["monthly"] - prod["owner"])
    assert set(prod["added"]) == {line["item"] for line in prod["lines"] if line["usd"] and line["owner"] is None}


def test_what_the_owner_pays_and_the_stack_does_not_is_a_line_of_nothing() -> None:
    lines = {line["item"]: line for line in bill("dev")["lines"]}
    assert (lines["VPN gateway"]["usd"], lines["VPN gateway"]["owner"]) == (0, 27)


def test_a_stack_without_azure_pays_azure_nothing_and_stays_within() -> None:
    code, out, _ = run("local")
    assert code == 0
    assert "budget" not in out
    assert bill("local")["monthly"] == 0


def test_an_unknown_stack_is_told_which_there_are() -> None:
    code, _, error = run("staging")
    assert code == 2
    assert "choose one of dev, local, prod" in error


def test_a_stack_above_its_budget_ends_with_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for file in ("Pulumi.yaml", "Pulumi.prod.yaml"):
        (tmp_path / file).write_text((ROOT / file).read_text(encoding="utf-8").replace("amount: 70", "amount: 60"))
    monkeypatch.setattr(cost_command, "ROOT", tmp_path)
    code, out, _ = run("prod")
    assert code == 1
    assert "ABOVE the budget of 60" in out


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (b"{[", "prices.yaml is no YAML"),
        (b"- a\n", "prices.yaml must hold an object"),
        (b"date: x\n", "stacks/prices.yaml: date is wrong"),
        (None, "prices.yaml is missing: take it from the repository"),
    ],
)
def test_a_price_list_that_is_none_is_refused_without_a_traceback(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: bytes | None, said: str
) -> None:
    if text is not None:
        (tmp_path / "prices.yaml").write_bytes(text)
    monkeypatch.setattr(prices_module, "FILE", tmp_path / "prices.yaml")
    prices_module.prices.cache_clear()
    try:
        code, out, err = run("prod")
    finally:
        monkeypatch.undo()
        prices_module.prices.cache_clear()
    assert (code, out) == (cost_command.REFUSED, "")
    assert said in err
