"""`spy plan`: what it prints, its exit codes, what it writes. The stacks are the committed ones."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from infra.cli import app
from infra.plan import command, cost, report, store
from infra.plan.cost import Cost
from infra.plan.golden import Golden
from stacks.prices import PriceMissing

STACK = "local"


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in place of stacks/plan."""
    monkeypatch.setattr(store, "FOLDER", tmp_path)
    return tmp_path


def run(*arguments: str) -> Result:
    return CliRunner().invoke(app, ["plan", *arguments], env={"COLUMNS": "200"})


def test_a_stack_without_a_committed_plan_differs(folder: Path) -> None:
    result = run(STACK)
    assert result.exit_code == command.DIFFERS
    assert "no plan is committed yet" in result.output
    assert list(folder.iterdir()) == []


def test_writing_makes_the_next_run_find_no_difference(folder: Path) -> None:
    assert run(STACK, "--write").exit_code == command.SAME
    assert (folder / STACK / "stack.yaml").is_file()
    result = run(STACK)
    assert result.exit_code == command.SAME
    assert f"{STACK}: as committed" in result.output


def test_a_difference_is_printed_by_resource_and_told_by_the_exit_code(folder: Path) -> None:
    run(STACK, "--write")
    document = folder / STACK / "images.yaml"
    document.write_text(document.read_text(encoding="utf-8").replace("<image:backend>", "other"), encoding="utf-8")
    result = run(STACK)
    assert result.exit_code == command.DIFFERS
    assert "1 updated" in result.output
    assert "backend: other → <image:backend>" in result.output


def test_what_is_needed_before_up_is_listed(folder: Path) -> None:
    result = run(STACK)
    assert "needed before up:" in result.output
    assert "cluster.context is empty" in result.output


def test_json_is_for_scripts(folder: Path) -> None:
    run(STACK, "--write")
    (found,) = json.loads(run(STACK, "--json").output)
    assert (found["stack"], found["same"], found["changes"]) == (STACK, True, [])
    assert {need["key"] for need in found["needed"]} >= {"cluster.context", "cluster.uid"}
    assert found["cost"]["before"] == found["cost"]["after"] == 0


def test_an_unknown_stack_is_refused_in_one_sentence(folder: Path) -> None:
    result = run("nowhere")
    assert result.exit_code == command.REFUSED
    assert result.output.startswith("stack nowhere has no file Pulumi.nowhere.yaml: choose one of dev, ")


def test_a_program_that_fails_is_not_a_difference(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def fails(_: str) -> Golden:
        raise RuntimeError("the program's own fault")

    monkeypatch.setattr(command, "golden", fails)
    result = run(STACK)
    assert result.exit_code == command.REFUSED
    assert "the program's own fault" in result.output


def test_a_protected_resource_that_would_be_replaced_is_marked(folder: Path) -> None:
    run("prod", "--write")
    document = folder / "prod" / "cloud.yaml"
    document.write_text(document.read_text(encoding="utf-8").replace("stspyoptionsprod", "stformer"), encoding="utf-8")
    result = run("prod")
    first = result.output.splitlines()[1]
    assert "± replaced storage/account storage:StorageAccount PROTECTED: the engine will refuse" in first
    assert "accountName: stformer → stspyoptionsprod (cannot change in place)" in result.output


def test_a_missing_price_is_told_and_hides_no_difference(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def priceless(_: object) -> float:
        raise PriceMissing("azure-native:new:Thing has no price: add it to stacks/prices.yaml")

    monkeypatch.setattr(cost, "monthly", priceless)
    result = run(STACK)
    assert result.exit_code == command.DIFFERS
    assert "cost: azure-native:new:Thing has no price: add it to stacks/prices.yaml" in result.output


@pytest.mark.parametrize(
    ("before", "after", "said"),
    [
        (None, 65.0, "cost: 65.00 USD a month"),
        (65.0, 65.0, "cost: 65.00 USD a month"),
        (53.0, 65.5, "cost: 53.00 → 65.50 USD a month (+12.50)"),
    ],
)
def test_cost_is_told_with_its_change(before: float | None, after: float, said: str) -> None:
    assert report.cost_line(Cost(before, after)) == said


@pytest.mark.parametrize("text", [b"{[", b"hello", b"- a: b\n", b"\xff\xfe", b"resources: 3\n"])
def test_a_committed_plan_that_is_none_is_refused_in_one_sentence(folder: Path, text: bytes) -> None:
    (folder / STACK).mkdir()
    (folder / STACK / "images.yaml").write_bytes(text)
    result = run(STACK)
    assert result.exit_code == command.REFUSED
    assert result.output == (
        "local: stacks/plan/local holds a file that is no recorded plan: take the folder from the repository, or "
        "delete it and run 'spy plan local --write'\n"
    )


def test_a_plan_that_cannot_be_written_is_told_in_one_sentence(folder: Path) -> None:
    (folder / STACK).write_text("a file where the folder goes", encoding="utf-8")
    result = run(STACK, "--write")
    assert result.exit_code == command.REFUSED
    assert "cannot be written" in result.output
    assert "Traceback" not in result.output


def test_without_any_stack_file_nothing_is_called_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store, "ROOT", tmp_path)
    result = run()
    assert result.exit_code == command.REFUSED
    assert "there is no stack file" in result.output
