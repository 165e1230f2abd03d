"""Numbers of chain files: grouped thousands are read, a decimal comma is refused and never read as something else."""

from __future__ import annotations

import pytest

from apps.cli.chain_file_rows import ChainFileError, number


@pytest.mark.parametrize(("text", "value"), [("1.05", 1.05), (" 1,234.5 ", 1234.5), ("12,345,678", 12_345_678.0)])
def test_plain_and_grouped_numbers_are_read(text: str, value: float) -> None:
    assert number(text, where="here", name="bid") == value


@pytest.mark.parametrize("text", ["1,05", "1,0", "12,34,567", "1,2345", ",5", "1.234,5", "١,٢٣٤"])
def test_a_decimal_comma_is_refused_with_its_place(text: str) -> None:
    with pytest.raises(ChainFileError, match=r"line 3: bid is .* not a number \(decimals are written 1\.05\)"):
        number(text, where="line 3", name="bid")
