"""The page's types and decoder tables: what is committed is what the models say."""

from __future__ import annotations

from pathlib import Path

import pytest

from apps.contracts import schema

FOLDER = Path(__file__).parents[2] / "frontend" / "src" / "contracts"


@pytest.mark.parametrize("name", sorted(schema.sources()))
def test_the_pages_copy_of_the_contracts_is_not_stale(name: str) -> None:
    committed = (FOLDER / name).read_text(encoding="utf-8")
    assert committed == schema.sources()[name], "run `make schema` and commit the result"


def test_every_reference_of_a_table_has_a_table() -> None:
    found = schema.definitions()

    def references(node: object) -> set[str]:
        if isinstance(node, list):
            here = {node[1]} if node[:1] == ["r"] else set()
            union = set(node[2].values()) if node[:1] == ["u"] else set()
            return here | union | set().union(*(references(item) for item in node))
        if isinstance(node, dict):
            return set().union(*(references(item) for item in node.values()), set())
        return set()

    used = set().union(*(references(schema.shape(definition)) for definition in found.values()))
    assert used <= set(found)


def test_a_field_with_a_default_may_be_left_out_and_a_field_without_one_may_not() -> None:
    kind, required, optional = schema.shape(schema.definitions()["Leg"])
    assert kind == "{"
    assert {"option_type", "strike", "side", "bid", "ask"} == set(required)
    assert optional["ratio"] == [["n>", 0, 1000], 1.0]


def test_a_form_without_a_decoder_is_an_error_not_a_guess() -> None:
    with pytest.raises(ValueError, match="teach"):
        schema.shape({"type": "surprise"})


def test_the_command_says_how_it_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        schema.main([])
    assert ended.value.code == 2
    assert "FOLDER" in capsys.readouterr().err


@pytest.mark.parametrize("arguments", [["--help"], ["--write"], ["one", "two"]])
def test_a_word_that_is_no_folder_makes_none(
    arguments: list[str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        schema.main(arguments)
    assert list(tmp_path.iterdir()) == []
